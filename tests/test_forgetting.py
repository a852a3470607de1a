"""Freed memory is overwritten, but for what is no secret."""

import json
import os
import platform
import subprocess
import sys

import pytest

from whisper_api import forgetting

# How much of a freed block is as it was, in each situation.
LEFT = """
import ctypes, json
from whisper_api.forgetting import Scrubbing

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]

def left():
    address = libc.malloc(4096)
    ctypes.memset(address, ord("A"), 4096)
    block = (ctypes.c_char * 4096).from_address(address)
    libc.free(address)
    return block.raw.count(b"A")

scrubbing, seen = Scrubbing(), {"at first": left()}
with scrubbing.spared():
    seen["spared"] = left()
    with scrubbing.insisted_on():
        with scrubbing.insisted_on():
            pass
        seen["insisted on"] = left()
    seen["spared again"] = left()
with scrubbing.insisted_on():
    with scrubbing.spared():
        seen["insisted on before"] = left()
try:
    with scrubbing.spared():
        raise RuntimeError
except RuntimeError:
    seen["after a failure"] = left()
print(json.dumps(seen))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library has no such setting")
def test_freed_memory_is_overwritten_but_for_what_is_no_secret() -> None:
    environment = {**os.environ, **forgetting.ENVIRONMENT}
    answer = subprocess.run([sys.executable, "-c", LEFT], env=environment, capture_output=True, check=True, text=True)

    left = json.loads(answer.stdout)

    # What the heap itself writes into a free block are a few addresses, in which there may be an A.
    whole, overwritten = 4096 - 64, 64
    assert {name for name, count in left.items() if count > whole} == {"spared", "spared again"}
    assert sum(count < overwritten for count in left.values()) == 4
