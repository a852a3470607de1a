"""What a long recording, utterances joined, takes of the worker's memory above the loaded model. One JSON line, in MB.

usage: python benchmarks/long.py [--minutes 180] [--data DIR] [--limit N]
"""

import argparse
import json
import time

import httpx
import psutil

from audio import encoded
from server import running_server
from utterances import add_options, joined, read

MB = 1_000_000


def main(options: argparse.Namespace) -> None:
    recording = encoded(joined(read(options), options.minutes * 60)[0])
    with running_server() as server, httpx.Client(base_url=server.url, timeout=600) as http:
        (worker,) = server.process.children()
        loaded = _private(worker)
        answer = http.post("/api/v1/transcribe", files={"file": recording}).raise_for_status().json()
        began, largest = time.monotonic(), 0
        while answer["status"] in ("pending", "processing"):
            largest = max(largest, _private(worker))
            answer = http.get("/api/v1/status", params={"task_id": answer["task_id"], "wait": 1}).json()
        took = time.monotonic() - began
        if answer["status"] != "finished":
            raise RuntimeError(answer["error"])
    report = {
        "minutes": options.minutes,
        "took_s": round(took, 1),
        "loaded_mb": loaded / MB,
        "above_it_mb": (largest - loaded) / MB,
    }
    print(json.dumps({"benchmark": "long", **{name: round(value, 1) for name, value in report.items()}}))


def _private(process: psutil.Process) -> int:
    """Bytes that are the process's own: the upload in its memory file is not among them."""
    return int(process.memory_full_info().uss)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=180)
    add_options(parser)
    main(parser.parse_args())
