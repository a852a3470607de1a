"""What was said must be gone once it was deleted: from disks, where it never was, and from freed memory.

A process that frees a text leaves its bytes where they lay until something else needs the room, and one that
crashes may leave an image of its memory on a disk. Both are prevented here.
"""

import os
import platform
import resource
import sys

# Every object on its own in the C library's heap, which overwrites what is freed. Its per-thread cache is off since
# it takes freed blocks before that (https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html).
# A heap that keeps some of what the model frees, instead of asking the kernel for it again, wins time back; but one
# heap only, of small blocks: several have holes each, and took 100 MB more in the end (docs/benchmarks.md).
_TUNABLES = {
    "glibc.malloc.perturb": 90,
    "glibc.malloc.tcache_count": 0,
    "glibc.malloc.arena_max": 1,
    "glibc.malloc.mmap_threshold": 8 << 20,
    "glibc.malloc.trim_threshold": 64 << 20,
}
_SCRUBBING = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": ":".join(f"{name}={value}" for name, value in _TUNABLES.items()),
}


def scrub_freed_memory() -> None:
    """Have this process and its children overwrite memory as soon as it is freed.

    Allocators are chosen when a process starts, so this starts the program anew, in the same process, unless that
    has been done. It does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in _SCRUBBING):
        return
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **_SCRUBBING})  # noqa: S606


def no_core_dumps() -> None:
    """Have the kernel write no memory image of this process, nor of those that it starts.

    A limit of 1 byte and not of 0: dumps that are piped to a program ignore every limit but this one
    (core(5), "Piping core dumps to a program"). Where the hard limit is 0 already, it stays 0.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 1 if hard == resource.RLIM_INFINITY else min(1, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
