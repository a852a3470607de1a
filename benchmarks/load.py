"""A closed loop of clients: each sends one recording after another and waits for the text.

They share the cores with what they measure, so they are lean: what they send is made up beforehand, and then each is a
thread with a plain connection, which takes 1 ms of a core for a recording. Clients that use httpx take 3 ms.
"""

import json
import statistics
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx

_PATIENCE_SECONDS = 900


@dataclass
class Load:
    """What ``clients`` saw: ``texts`` in the order of the files, and each one's ``latencies`` in seconds.

    All took ``wall`` seconds, in which the clients took ``core_seconds`` of the cores.
    """

    clients: int
    wall: float
    core_seconds: float
    texts: list[str]
    latencies: list[float]

    @property
    def median_latency(self) -> float:
        return statistics.median(self.latencies)

    @property
    def late(self) -> float:
        """The latency that 95 of 100 stay below."""
        return sorted(self.latencies)[int(0.95 * (len(self.latencies) - 1))]


class Client:
    """One connection to a server. Raises RuntimeError when it gets no text."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(httpx.URL(url).netloc.decode(), timeout=_PATIENCE_SECONDS)

    def close(self) -> None:
        self._connection.close()

    def transcribed(self, upload: httpx.Request) -> str:
        task = self._answer("POST", "/api/v1/transcribe?wait=600", upload.content, dict(upload.headers))
        while task["status"] in ("pending", "processing"):
            task = self._answer("GET", f"/api/v1/status?task_id={task['task_id']}&wait=600")
        if task["status"] != "finished":
            raise RuntimeError(task["error"])
        return str(task["transcript"])

    def _answer(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        self._connection.request(method, path, body, headers or {})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(content.decode())
        answer: dict[str, Any] = json.loads(content)
        return answer


def load(url: str, files: list[Path], *, clients: int, warm_up: bool = True) -> Load:
    """Have ``clients`` send ``files``, each of them once, as fast as they get answers, or until one gets none."""
    uploads = [_upload(url, file) for file in files]
    texts = [""] * len(files)
    latencies = [0.0] * len(files)
    nothing_more = [None] * clients
    todo: deque[int | None] = deque([*range(len(files)), *nothing_more])

    def loop(client: Client) -> None:
        try:
            while (index := todo.popleft()) is not None:
                began = time.perf_counter()
                texts[index] = client.transcribed(uploads[index])
                latencies[index] = time.perf_counter() - began
        except BaseException:
            todo.extendleft(nothing_more)
            raise

    connections = [Client(url) for _ in range(clients)]
    try:
        if warm_up:
            connections[0].transcribed(uploads[0])
        began, core_seconds = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(clients) as threads:
            list(threads.map(loop, connections))
        wall, core_seconds = time.perf_counter() - began, time.process_time() - core_seconds
        return Load(clients, wall, core_seconds, texts, latencies)
    finally:
        for client in connections:
            client.close()


def _upload(url: str, file: Path) -> httpx.Request:
    request = httpx.Request("POST", url, files={"file": (file.name, file.read_bytes())})
    request.read()
    return request
