"""What was said must be gone once it was deleted: from disks, where it never was, and from freed memory.

A process that frees a text leaves its bytes where they lay until something else needs the room, and one that
crashes may leave an image of its memory on a disk. Both are prevented here.
"""

import ctypes
import os
import platform
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from whisper_api.speech.processor import usable_cores

# Every object on its own in the C library's heap, which overwrites what is freed. Its per-thread cache is off since
# it takes freed blocks before that (https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html).
# A heap is locked while it overwrites, so each thread of a lane has one (its own, CTranslate2's, OpenVINO's); but
# there are no more, for each has holes. And heaps that keep some of what the model frees, instead of asking the kernel
# for it again, win time back. Large blocks would leave large holes, so those of 2 MB and more go back to the kernel,
# which clears them before anybody else gets them (docs/benchmarks.md).
_OVERWRITTEN_WITH = 90
_TUNABLES = {
    "glibc.malloc.perturb": _OVERWRITTEN_WITH,
    "glibc.malloc.tcache_count": 0,
    "glibc.malloc.arena_max": 3 * usable_cores(),
    "glibc.malloc.mmap_threshold": 2 << 20,
    "glibc.malloc.trim_threshold": 32 << 20,
}
_M_PERTURB = -6  # of malloc.h
ENVIRONMENT = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": ":".join(f"{name}={value}" for name, value in _TUNABLES.items()),
}
"""What a process is started in so that it overwrites what it frees."""


def scrub_freed_memory() -> None:
    """Have this process and its children overwrite memory as soon as it is freed.

    Allocators are chosen when a process starts, so this starts the program anew, in the same process, unless that
    has been done. It does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in ENVIRONMENT):
        return
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **ENVIRONMENT})  # noqa: S606


class Scrubbing:
    """Whether this process overwrites memory, if it was started so: the C library has one setting for all threads.

    It always does but within :meth:`spared`, which is for loading a model: the C library also overwrites what is asked
    for, so that a process really gets it, and Intel's library asks for a gigabyte that it never uses. And even then it
    does within :meth:`insisted_on`.
    """

    def __init__(self) -> None:
        self._is_spared = False
        self._insisting = 0
        self._changing = threading.Lock()

    @contextmanager
    def spared(self) -> Iterator[None]:
        """For what is no secret."""
        self._change(is_spared=True)
        try:
            yield
        finally:
            self._change(is_spared=False)

    @contextmanager
    def insisted_on(self) -> Iterator[None]:
        """For what is, while another thread may be loading a model."""
        self._change(insisting=1)
        try:
            yield
        finally:
            self._change(insisting=-1)

    def _change(self, *, is_spared: bool | None = None, insisting: int = 0) -> None:
        if not all(name in os.environ for name in ENVIRONMENT):
            return
        with self._changing:
            self._is_spared = self._is_spared if is_spared is None else is_spared
            self._insisting += insisting
            overwrites = self._insisting > 0 or not self._is_spared
            ctypes.CDLL(None).mallopt(_M_PERTURB, _OVERWRITTEN_WITH if overwrites else 0)


def no_core_dumps() -> None:
    """Have the kernel write no memory image of this process, nor of those that it starts.

    A limit of 1 byte and not of 0: dumps that are piped to a program ignore every limit but this one
    (core(5), "Piping core dumps to a program"). Where the hard limit is 0 already, it stays 0.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 1 if hard == resource.RLIM_INFINITY else min(1, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
