"""What there is to compute on: a CUDA GPU that CTranslate2 can use, or the CPU."""

import ctypes
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

logger = logging.getLogger(__name__)

# By their sonames: once loaded, CTranslate2's own dlopen() of the same name finds them.
_CUDA_LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12", "libcudnn.so.9")


@dataclass(frozen=True, slots=True)
class Device:
    """``kind`` as CTranslate2 names it; ``free_memory`` in bytes, known for a GPU only."""

    kind: Literal["cuda", "cpu"]
    compute_type: str
    free_memory: int | None = None


CPU = Device("cpu", "int8")


def pick(*, use_gpu: bool) -> tuple[Device, str | None]:
    """The device to use, and a sentence where a GPU is there and cannot be used."""
    import ctranslate2

    if not use_gpu or ctranslate2.get_cuda_device_count() == 0:
        return CPU, None
    missing = [name for name in _CUDA_LIBRARIES if not _load(name)]
    if missing:
        return CPU, (
            f"A GPU is there, but {', '.join(missing)} cannot be loaded, so the CPU is used: install the extra 'cuda'."
        )
    supported = ctranslate2.get_supported_compute_types("cuda")
    compute_type = "float16" if "float16" in supported else "float32"
    return Device("cuda", compute_type, _free_gpu_memory()), None


def _load(soname: str) -> bool:
    """Load a library of CUDA from the nvidia wheels if they are installed, else from where the system has it."""
    spec = importlib.util.find_spec("nvidia")
    roots = list(spec.submodule_search_locations or []) if spec else []
    for path in (*(path for root in roots for path in Path(root).glob(f"*/lib/{soname}")), soname):
        try:
            ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            logger.debug("%s: %s", path, error)
        else:
            return True
    return False


def _free_gpu_memory() -> int | None:
    """Free bytes of the first GPU that this process may see, asked of the driver; None if it does not say.

    NVML would name GPUs by other numbers than CUDA_VISIBLE_DEVICES does, so the driver's own API is used:
    https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__MEM.html
    """
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, context = ctypes.c_int(), ctypes.c_void_p()
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    steps: tuple[Callable[[], int], ...] = (
        lambda: cuda.cuInit(0),
        lambda: cuda.cuDeviceGet(ctypes.byref(device), 0),
        lambda: cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
        lambda: cuda.cuCtxSetCurrent(context),
        lambda: cuda.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total)),
    )
    return free.value if all(step() == 0 for step in steps) else None
