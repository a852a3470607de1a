"""The processor of this machine: how much of it there is to use, and what it can do."""

import math
import os
from contextlib import suppress
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_CPUINFO = Path("/proc/cpuinfo")
_AVX512 = {"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq"}


def usable_cores() -> int:
    """The cores that this process may use, a container's limit included; at least 1."""
    cores = float(len(os.sched_getaffinity(0)))
    with suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, int(quota) / int(period))
    with suppress(OSError, ValueError):
        quota = (_CGROUP / "cpu" / "cpu.cfs_quota_us").read_text()
        if int(quota) > 0:
            cores = min(cores, int(quota) / int((_CGROUP / "cpu" / "cpu.cfs_period_us").read_text()))
    return max(1, math.ceil(cores))


def has_avx512() -> bool:
    """Whether it has all of AVX-512 that CTranslate2 asks for."""
    with suppress(OSError):
        for line in _CPUINFO.read_text().splitlines():
            name, _, flags = line.partition(":")
            if name.strip() == "flags":
                return set(flags.split()) >= _AVX512
    return False
