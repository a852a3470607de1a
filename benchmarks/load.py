"""A closed loop of clients: each sends one recording after another and waits for the text."""

import asyncio
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

_PATIENCE_SECONDS = 900


@dataclass
class Load:
    """What ``clients`` saw: ``texts`` in the order of the files, and each one's ``latencies`` in seconds."""

    clients: int
    wall: float
    texts: list[str]
    latencies: list[float]

    @property
    def median_latency(self) -> float:
        return statistics.median(self.latencies)

    @property
    def late(self) -> float:
        """The latency that 95 of 100 stay below."""
        return sorted(self.latencies)[int(0.95 * (len(self.latencies) - 1))]


def load(url: str, files: list[Path], *, clients: int) -> Load:
    """Have ``clients`` send ``files``, each of them once, as fast as they get answers."""
    return asyncio.run(_load(url, files, clients))


async def _load(url: str, files: list[Path], clients: int) -> Load:
    contents = [file.read_bytes() for file in files]
    texts = [""] * len(files)
    latencies = [0.0] * len(files)
    waiting = iter(range(len(files)))

    async with httpx.AsyncClient(
        base_url=url, timeout=_PATIENCE_SECONDS, limits=httpx.Limits(max_connections=None)
    ) as http:

        async def client() -> None:
            for index in waiting:
                began = time.perf_counter()
                texts[index] = await _transcribed(http, files[index].name, contents[index])
                latencies[index] = time.perf_counter() - began

        await _transcribed(http, files[0].name, contents[0])  # warms up
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(client())
        return Load(clients, time.perf_counter() - began, texts, latencies)


async def _transcribed(http: httpx.AsyncClient, name: str, content: bytes) -> str:
    answer = await http.post("/api/v1/transcribe", params={"wait": 600}, files={"file": (name, content)})
    task = answer.raise_for_status().json()
    while task["status"] in ("pending", "processing"):
        answer = await http.get("/api/v1/status", params={"task_id": task["task_id"], "wait": 600})
        task = answer.raise_for_status().json()
    if task["status"] != "finished":
        raise RuntimeError(task["error"])
    return str(task["transcript"])
