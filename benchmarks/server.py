"""A real server for one measurement: the starter model, on a free port of the loopback interface."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

_PATIENCE_SECONDS = 120


@dataclass
class Server:
    url: str
    process: psutil.Process
    started: float
    ready: float
    """``started`` and ``ready`` on the monotonic clock, in seconds."""

    def memory(self) -> int:
        """Bytes of the whole process tree, pages that its processes share counted once (PSS)."""
        tree = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_full_info().pss for process in tree)

    def core_seconds(self) -> dict[str, float]:
        """What the server's own process has taken of the cores so far, and its worker's."""
        workers = sum(_core_seconds(child) for child in self.process.children())
        return {"server": _core_seconds(self.process), "worker": workers}


def _core_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def running_server(**settings: str) -> Iterator[Server]:
    """Start a server, wait until it is ready, and stop it at the end."""
    with tempfile.TemporaryDirectory() as logs:
        environment = {
            **os.environ, "MAX_MODEL": "starter", "PORT": "0", "LOG_DIR": logs, "LOG_LEVEL_CONSOLE": "ERROR", **settings
        }  # fmt: skip
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "whisper_api"], env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            url = _url(process)
            while httpx.get(f"{url}/readyz").status_code != 200:
                if time.monotonic() - started > _PATIENCE_SECONDS:
                    raise TimeoutError("The server did not get ready.")
                time.sleep(0.01)
            yield Server(url, psutil.Process(process.pid), started, time.monotonic())
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=_PATIENCE_SECONDS)


def _url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if "The page:" in line:
            return line.split()[-1].rstrip("/")
    raise RuntimeError("The server ended before it was ready.")
