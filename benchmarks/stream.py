"""When the first words of a recording of ten minutes are there, told as a stream by OpenAI's route. One JSON line.

Seconds from the end of the upload; ``whole_s`` is when all of it was there.

usage: python benchmarks/stream.py [--minutes 10] [--runs 3] [--data DIR] [--limit N]
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator

import httpx

from audio import encoded
from server import running_server
from utterances import add_options, joined, read

_BOUNDARY = "boundary"
_PIECE_BYTES = 1 << 16


def main(options: argparse.Namespace) -> None:
    recording = encoded(joined(read(options), options.minutes * 60)[0])
    with running_server() as server, httpx.Client(base_url=server.url, timeout=600) as http:
        _told(http, encoded(joined(read(options), 5)[0]))  # warms up
        runs = [_told(http, recording) for _ in range(options.runs)]
    first = statistics.median(first for first, _ in runs)
    whole = statistics.median(whole for _, whole in runs)
    figures = {"runs": options.runs, "first_words_s": round(first, 2), "whole_s": round(whole, 2)}
    print(json.dumps({"benchmark": "stream", "minutes": options.minutes, **figures}))


def _told(http: httpx.Client, recording: bytes) -> tuple[float, float]:
    """Seconds from the end of the upload to the first words and to the last."""
    uploaded = first = 0.0

    def form() -> Iterator[bytes]:
        nonlocal uploaded
        for name, value in (("model", "whisper-1"), ("stream", "true")):
            yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="talk"\r\n\r\n'.encode()
        for start in range(0, len(recording), _PIECE_BYTES):
            yield recording[start : start + _PIECE_BYTES]
        yield f"\r\n--{_BOUNDARY}--\r\n".encode()
        uploaded = time.perf_counter()

    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    with http.stream("POST", "/v1/audio/transcriptions", content=form(), headers=headers) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if not first and "transcript.text.delta" in line:
                first = time.perf_counter()
    return first - uploaded, time.perf_counter() - uploaded


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    add_options(parser)
    main(parser.parse_args())
