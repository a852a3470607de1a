"""How fast /api/v1/status answers while a long recording is decoded on all cores. One JSON line.

usage: python benchmarks/status_latency.py [REQUESTS]
"""

import json
import statistics
import sys
import time

import httpx

from audio import speech
from server import running_server


def main(requests: int = 1000) -> None:
    with running_server(SHUTDOWN_GRACE_S="0") as server, httpx.Client(base_url=server.url, timeout=600) as http:
        task = http.post("/api/v1/transcribe", files={"file": speech(1800)}).json()["task_id"]
        while http.get("/api/v1/status", params={"task_id": task}).json()["progress"] == 0:
            time.sleep(0.05)
        milliseconds = []
        for _ in range(requests):
            began = time.perf_counter()
            answer = http.get("/api/v1/status", params={"task_id": task}).json()
            milliseconds.append((time.perf_counter() - began) * 1000)
            if answer["status"] != "processing":
                raise RuntimeError("The recording was decoded before the measurement ended: ask for fewer requests.")
            time.sleep(0.01)
    report = {"p50_ms": statistics.median(milliseconds), "p99_ms": statistics.quantiles(milliseconds, n=100)[98]}
    rounded = {name: round(value, 1) for name, value in report.items()}
    print(
        json.dumps(
            {"benchmark": "status_latency", "requests": requests, **rounded, "max_ms": round(max(milliseconds), 1)}
        )
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
