"""What the whole process tree takes: idle with a model, and after that was unloaded. One JSON line, in MB.

usage: python benchmarks/memory.py [FILE]    (by default 30 s of the page's sample, over and over)
"""

import json
import sys
import time
from pathlib import Path

import httpx

from audio import speech
from server import running_server

MB = 1_000_000


def main(recording: bytes) -> None:
    with running_server(UNLOAD_MODEL_AFTER_S="3") as server:
        fresh = server.memory()
        answer = httpx.post(f"{server.url}/api/v1/transcribe?wait=600", files={"file": recording}, timeout=600)
        if answer.raise_for_status().json()["status"] != "finished":
            raise RuntimeError(answer.json()["error"])
        used = server.memory()
        deadline = time.monotonic() + 60
        while server.process.children():
            if time.monotonic() > deadline:
                raise TimeoutError("The model was not unloaded.")
            time.sleep(0.05)
        unloaded = server.memory()
    report = {"loaded_mb": fresh, "after_a_recording_mb": used, "unloaded_mb": unloaded}
    print(json.dumps({"benchmark": "memory", **{name: round(size / MB, 1) for name, size in report.items()}}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else speech(30))
