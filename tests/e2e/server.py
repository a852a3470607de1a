"""The server under test: the real command in a process of its own."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
_URL = re.compile(r"The page: {2}(http://\S+?)/$", re.MULTILINE)
_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.02

Json = dict[str, Any]


def eventually[T](condition: Callable[[], T], *, within: float = _PATIENCE_SECONDS) -> T:
    """Ask until the answer is true, and return it; fail after so many seconds."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"this did not come true within {within:g} s"
        time.sleep(_PAUSE_SECONDS)
    return answer
