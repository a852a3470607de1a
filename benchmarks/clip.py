"""One clip from POST to text, and beside it plain faster-whisper on the same weights. One JSON line.

The clip is 11 s of a speech by John F. Kennedy, or a recording of yours.

usage: python benchmarks/clip.py [FILE] [--runs N]
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import httpx

import peers
from server import running_server
from utterances import FOLDER


def main(clip: bytes, runs: int) -> None:
    ours, theirs = [], []
    with (
        tempfile.NamedTemporaryFile() as file,
        peers.alone(peers.faster_whisper) as transcribe,
        running_server() as server,
        httpx.Client(base_url=server.url, timeout=600) as http,
    ):
        Path(file.name).write_bytes(clip)
        for _ in range(runs + 1):  # the first one warms up and is not counted
            began = time.perf_counter()
            answer = http.post("/api/v1/transcribe?wait=600", files={"file": clip}).json()
            ours.append(time.perf_counter() - began)
            if answer["status"] != "finished":
                raise RuntimeError(answer["error"])
            began = time.perf_counter()
            transcribe(Path(file.name))
            theirs.append(time.perf_counter() - began)
    report = {"post_to_text_s": statistics.median(ours[1:]), "faster_whisper_s": statistics.median(theirs[1:])}
    ratio = report["post_to_text_s"] / report["faster_whisper_s"]
    rounded = {name: round(value, 3) for name, value in report.items()}
    print(json.dumps({"benchmark": "clip", "runs": runs, **rounded, "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=FOLDER.parent / "speech" / "jfk.flac")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    main(arguments.file.read_bytes(), arguments.runs)
