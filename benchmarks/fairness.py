"""A short clip that comes after a long recording: when it is done, and what the long one loses. One JSON line.

The long recording's pace is watched for a while without company, then for as long with one clip in it, and so on.

The long one is utterances joined, the clip is the one of them that comes closest to 10 s.

usage: python benchmarks/fairness.py [--clips 5] [--minutes 60] [--data DIR] [--limit N]
"""

import argparse
import json
import statistics
import time
from typing import Any

import httpx

from audio import encoded
from server import running_server
from utterances import add_options, joined, read

_CLIP_SECONDS = 10.0
_WATCHED_SECONDS = 20.0


def main(options: argparse.Namespace) -> None:
    utterances = read(options)
    long = encoded(joined(utterances, options.minutes * 60)[0])
    clip = min(utterances, key=lambda utterance: abs(utterance.seconds - _CLIP_SECONDS)).file.read_bytes()
    alone, beside, waits = [], [], []
    with running_server() as server, httpx.Client(base_url=server.url, timeout=600) as http:
        _post(http, clip, wait=600)
        task = str(_post(http, long, wait=0)["task_id"])
        while _done(http, task) == 0:
            time.sleep(0.1)
        for _ in range(options.clips):
            alone.append(_pace(http, task, b"")[0])
            pace, wait = _pace(http, task, clip)
            beside.append(pace)
            waits.append(wait)
        if http.get("/api/v1/status", params={"task_id": task}).json()["status"] != "processing":
            raise RuntimeError("The long recording ended while it was watched: have more --minutes, or fewer --clips.")
        http.delete("/api/v1/task", params={"task_id": task}).raise_for_status()
    figures = {
        "clip_median_s": statistics.median(waits),
        "clip_max_s": max(waits),
        "pace_alone": statistics.mean(alone),
        "pace_with_a_clip": statistics.mean(beside),
    }
    rounded = {name: round(value, 2) for name, value in figures.items()}
    print(json.dumps({"benchmark": "fairness", "clips": options.clips, **rounded}))


def _pace(http: httpx.Client, task: str, clip: bytes) -> tuple[float, float]:
    """Seconds of the long recording that are done in a second, and how long the clip took."""
    done, began = _done(http, task), time.perf_counter()
    if clip:
        _post(http, clip, wait=600)
    waited = time.perf_counter() - began
    time.sleep(max(0.0, _WATCHED_SECONDS - waited))
    return (_done(http, task) - done) / (time.perf_counter() - began), waited


def _done(http: httpx.Client, task: str) -> float:
    answer = http.get("/api/v1/status", params={"task_id": task}).raise_for_status().json()
    return float(answer["progress"] * answer["duration"])


def _post(http: httpx.Client, recording: bytes, *, wait: int) -> Any:
    answer = http.post("/api/v1/transcribe", params={"wait": wait}, files={"file": recording}).raise_for_status().json()
    if wait and answer["status"] != "finished":
        raise RuntimeError(answer["error"])
    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=60)
    add_options(parser)
    main(parser.parse_args())
