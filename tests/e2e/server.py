"""The server under test: the real command, in a process of its own."""

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
from typing import Any, TypeVar

import httpx
import psutil

T = TypeVar("T")
Json = dict[str, Any]

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
_URL = re.compile(r"The page: {2}(http://\S+?)/$", re.MULTILINE)
_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.02


def eventually(condition: Callable[[], T], *, within: float = _PATIENCE_SECONDS) -> T:
    """Ask until the answer is true, and return it; fail after so many seconds."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"this did not come true within {within:g} s"
        time.sleep(_PAUSE_SECONDS)
    return answer


class Server:
    """``whisper_api`` with ``variables`` in its environment, working in ``directory``, logging to its ``logs``.

    ``wrapper`` is a command to run it under, which must leave it the process id of the command itself.
    """

    def __init__(self, directory: Path, variables: dict[str, str], *, wrapper: Sequence[str] = ()) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.log_directory = directory / "logs"
        self._console = directory / "console.txt"
        with self._console.open("wb") as console:
            self._popen = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "whisper_api"],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env={name: os.environ[name] for name in _INHERITED if name in os.environ}
                | {"PORT": "0", "LOG_DIR": str(self.log_directory), "USE_GPU_IF_AVAILABLE": "0"}
                | variables,
            )
        self.process = psutil.Process(self._popen.pid)
        self._known_workers: dict[int, psutil.Process] = {}
        try:
            self.url = eventually(self._find_url) or ""
        except BaseException:
            self.clean_up()
            raise
        self.client = httpx.Client(base_url=self.url, timeout=_PATIENCE_SECONDS, trust_env=False)

    def wait_until_ready(self) -> "Server":
        try:
            eventually(lambda: self.client.get("/readyz").status_code == 200)
        except BaseException:
            self.clean_up()
            raise
        return self

    # ---- its processes -------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        return self.process.pid

    def worker(self) -> psutil.Process | None:
        """The worker process, where there is one."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in self.process.children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if child.status() != psutil.STATUS_ZOMBIE and "whisper_api.workers.child" in child.cmdline():
                        self._known_workers[child.pid] = child
                        return child
        return None

    def running_worker(self) -> psutil.Process:
        """The worker process, waited for."""
        worker = eventually(self.worker)
        assert worker is not None
        return worker

    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Seconds of a core that all its processes have used so far."""
        times = [process.cpu_times() for process in self.processes()]
        return sum(time.user + time.system for time in times)

    def memory_files(self) -> int:
        """How many recordings its processes hold, each counted once for each process that holds it."""
        return sum(memory_files(process) for process in self.processes())

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, *, within: float = _PATIENCE_SECONDS) -> int:
        """Wait for its end; answers the exit code."""
        return self._popen.wait(within)

    def stop(self) -> int:
        """End it as a service manager does; answers the exit code."""
        self.terminate()
        return self.wait()

    def clean_up(self) -> None:
        """End what still runs of it, by its own process ids."""
        workers = {child.pid: child for child in self.process.children(recursive=True)} if self._is_up() else {}
        if self._is_up():
            self._popen.kill()
            self._popen.wait()
        for worker in (workers | self._known_workers).values():
            if not has_ended(worker):
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
        if hasattr(self, "client"):
            self.client.close()

    def _is_up(self) -> bool:
        return self._popen.poll() is None

    # ---- what it says --------------------------------------------------------------------------------------

    @property
    def console(self) -> str:
        return self._console.read_text("utf-8", "replace")

    @property
    def log(self) -> str:
        """All its log files."""
        return "".join(path.read_text("utf-8") for path in sorted(self.log_directory.glob("*")))

    def _find_url(self) -> str | None:
        assert self._is_up(), f"the server ended at once:\n{self.console}"
        match = _URL.search(self.console)
        return match[1] if match else None

    # ---- its API -------------------------------------------------------------------------------------------

    def post(
        self,
        recording: bytes,
        *,
        name: str = "recording.wav",
        route: str = "transcribe",
        language: str | None = None,
        wait: int = 0,
    ) -> httpx.Response:
        """Upload a recording; with ``wait`` the answer comes when the task has ended, or after so many seconds."""
        parameters: dict[str, str | int] = {"wait": wait}
        if language is not None:
            parameters["language"] = language
        return self.client.post(f"/api/v1/{route}", files={"file": (name, recording)}, params=parameters)

    def transcribe(self, recording: bytes, *, route: str = "transcribe", language: str | None = None) -> Json:
        """Upload a recording and wait until its task has ended."""
        answer = self.post(recording, route=route, language=language, wait=600)
        assert answer.status_code == 200, answer.text
        return as_json(answer)

    def submit(self, recording: bytes) -> str:
        """Upload a recording; answers its task's id."""
        answer = self.post(recording)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["task_id"])

    def submit_and_see_it_start(self, recording: bytes) -> str:
        """Upload a recording and wait until its processing has begun."""
        task_id = self.submit(recording)
        eventually(lambda: self.task(task_id)["status"] != "pending")
        return task_id

    def task(self, task_id: str, *, wait: int = 0) -> Json:
        answer = self.client.get("/api/v1/status", params={"task_id": task_id, "wait": wait})
        assert answer.status_code == 200, answer.text
        return as_json(answer)

    def ended(self, task_id: str) -> Json:
        """The task, once it has ended."""
        task = self.task(task_id, wait=int(_PATIENCE_SECONDS) - 20)
        assert task["status"] in ("finished", "failed"), task
        return task

    def cancel(self, task_id: str) -> None:
        answer = self.client.delete("/api/v1/task", params={"task_id": task_id})
        assert answer.status_code == 204, answer.text

    def decoder_status(self) -> Json:
        return as_json(self.client.get("/api/v1/decoder_status"))

    def connect(self) -> socket.socket:
        """A plain connection, for requests that no well-behaved client sends."""
        address = httpx.URL(self.url)
        assert address.port is not None
        return socket.create_connection((address.host, address.port), _PATIENCE_SECONDS)


def as_json(answer: httpx.Response) -> Json:
    content = answer.json()
    assert isinstance(content, dict)
    return content


def has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def memory_files(process: psutil.Process) -> int:
    """How many recordings a process holds open."""
    count = 0
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{process.pid}/fd"):
            with contextlib.suppress(OSError):
                count += os.readlink(f"/proc/{process.pid}/fd/{descriptor}").startswith("/memfd:recording")
    return count


def upload_head(length: int, *, boundary: str, more: str = "") -> bytes:
    """The head of an upload whose body is of ``length`` bytes, for :meth:`Server.connect`."""
    return (
        f"POST /api/v1/transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{more}"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n\r\n"
    ).encode()


def form(recording: bytes, *, boundary: str, disposition: bytes = b'name="file"; filename="long.wav"') -> bytes:
    """A form with one file, whose header has exactly this ``disposition``."""
    return b"".join((
        b"--", boundary.encode(), b"\r\nContent-Disposition: form-data; ", disposition, b"\r\n\r\n",
        recording, b"\r\n--", boundary.encode(), b"--\r\n",
    ))  # fmt: skip
