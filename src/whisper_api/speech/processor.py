"""The processor of this machine: how much of it there is to use, what it can do, and how it is shared out."""

import math
import os
from collections.abc import MutableMapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
_CPUINFO = Path("/proc/cpuinfo")
_AMX = {"amx_tile", "amx_bf16"}
_AVX512 = {"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq"}


def usable_cores() -> int:
    """The cores that this process may use, a container's limit included; at least 1."""
    cores = float(len(os.sched_getaffinity(0)))
    with suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, int(quota) / int(period))
    with suppress(OSError, ValueError):
        quota = (CGROUP / "cpu" / "cpu.cfs_quota_us").read_text()
        if int(quota) > 0:
            cores = min(cores, int(quota) / int((CGROUP / "cpu" / "cpu.cfs_period_us").read_text()))
    return max(1, math.ceil(cores))


def lanes_for(cores: int) -> int:
    """How many windows are worked on side by side on so many ``cores``."""
    return max(min(cores, 2), cores // 2)


def threads_for(cores: int | None = None, *, avx512: bool | None = None) -> int:
    """How many threads a lane has; for so many ``cores``, with or without ``avx512``, or else for those at hand.

    Cores without AVX-512 get two threads each: a lane that has nothing beside it gets more of them, up to four cores
    all, and lanes that do lose a few percent to each other. Those with it are done before their threads have met.
    """
    cores = cores or usable_cores()
    avx512 = has_avx512() if avx512 is None else avx512
    lanes = lanes_for(cores)
    return math.ceil((cores if avx512 or lanes == 1 else 2 * cores) / lanes)


def leave_cores_to_lanes(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have numpy and OpenMP make no more threads than a lane has, in a process that has imported neither so far.

    Each would start one for every core, which wait, spinning, for work: a tenth of the lanes' pace, and memory that is
    never given back.
    """
    environment.setdefault("OMP_NUM_THREADS", str(threads_for()))


def has_avx512() -> bool:
    """Whether it has all of AVX-512 that CTranslate2 asks for."""
    return _flags() >= _AVX512


def has_amx() -> bool:
    """Whether it has units that multiply whole matrices of bfloat16, Intel's AMX, and OpenVINO is here to use them."""
    return _flags() >= _AMX and find_spec("openvino") is not None


def _flags() -> set[str]:
    with suppress(OSError), _CPUINFO.open() as lines:
        for line in lines:
            name, _, flags = line.partition(":")
            if name.strip() == "flags":
                return set(flags.split())
    return set()
