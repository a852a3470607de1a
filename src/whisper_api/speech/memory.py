"""Memory: how much of it there is to use, and what was freed and is not given back by itself."""

import ctypes
from contextlib import suppress
from pathlib import Path

import psutil

from whisper_api.speech.processor import CGROUP

_LIMITS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)


def at_hand() -> int:
    """Bytes that this process may still take, a container's limit included."""
    free = int(psutil.virtual_memory().available)
    for limit, used, statistics, cache in _LIMITS:
        with suppress(OSError, ValueError):  # there is no such file, or it says "max"
            left = int((CGROUP / limit).read_text()) - int((CGROUP / used).read_text())
            free = min(free, max(left + _statistic(CGROUP / statistics, cache), 0))
    return free


def _statistic(file: Path, name: str) -> int:
    """Files that were read count as used, and give way when memory is wanted."""
    lines = (line.split() for line in file.read_text().splitlines())
    return next((int(words[1]) for words in lines if words[0] == name), 0)


def give_back() -> None:
    """Have the C library return to the kernel what lies free between what is used; only glibc keeps it at all."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
