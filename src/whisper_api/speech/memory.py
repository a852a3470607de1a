"""Memory: how much of it there is to use, and what was freed and is not given back by itself."""

import ctypes
from contextlib import suppress
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")
_LIMITS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))


def at_hand() -> int:
    """Bytes that this process may still take, a container's limit included."""
    free = int(psutil.virtual_memory().available)
    for limit, used in _LIMITS:
        with suppress(OSError, ValueError):  # there is no such file, or it says "max"
            free = min(free, max(int((_CGROUP / limit).read_text()) - int((_CGROUP / used).read_text()), 0))
    return free


def give_back() -> None:
    """Have the C library return to the kernel what lies free between what is used; only glibc keeps it at all."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
