"""The server under load, and beside it, in the same run and on the same weights, what people run today.

Prints one line of JSON for every measurement; ``throughput`` is seconds of audio a second. With ``--openai`` the
checkpoint of openai-whisper that was made of the same weights.

usage: python benchmarks/throughput.py [--openai base.pt] [--clients 1 8] [--minutes 10] [--data DIR] [--limit N]
"""

import argparse
import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import peers
from audio import written
from load import load
from server import running_server
from utterances import Utterance, add_options, joined, read, word_error_rate
from whisper_api.speech import weights
from whisper_api.speech.engine import Engine


class Report:
    """The measurements of one run, each said as soon as it is there."""

    def __init__(self, utterances: list[Utterance], long: Path, long_text: str, long_seconds: float) -> None:
        self.files = [utterance.file for utterance in utterances]
        self._said = [utterance.text for utterance in utterances]
        self._seconds = sum(utterance.seconds for utterance in utterances)
        self.long = long
        self._long_text = long_text
        self._long_seconds = long_seconds

    def clips(self, name: str, wall: float, texts: list[str], **more: object) -> None:
        self._say(name, self._seconds, wall, word_error_rate(self._said, texts), **more)

    def recording(self, name: str, wall: float, text: str) -> None:
        self._say(name, self._long_seconds, wall, word_error_rate([self._long_text], [text]))

    def _say(self, name: str, seconds: float, wall: float, wer: float, **more: object) -> None:
        line = {"audio_s": round(seconds, 1), "wall_s": round(wall, 2), "throughput": round(seconds / wall, 2)}
        print(json.dumps({"benchmark": "throughput", "what": name, **line, "wer": round(wer, 2), **more}), flush=True)


def main(options: argparse.Namespace) -> None:
    utterances = read(options)
    samples, text = joined(utterances, options.minutes * 60)
    with tempfile.TemporaryDirectory() as folder:
        long = written(Path(folder) / "long.wav", samples)
        report = Report(utterances, long, text, len(samples) / 16_000)
        measure_server(report, options.clients)
        measure_script(report, max(options.clients))
        measure_peer(report, "faster-whisper", peers.faster_whisper())
        measure_peer(report, "faster-whisper, batched", peers.faster_whisper_batched())
        if options.openai:
            measure_peer(report, "openai-whisper", peers.openai_whisper(options.openai))


def measure_server(report: Report, clients: list[int]) -> None:
    with running_server() as server:
        for count in clients:
            seen = load(server.url, report.files, clients=count)
            latency = {"p50_s": round(seen.median_latency, 2), "p95_s": round(seen.late, 2)}
            report.clips(f"server, {count} clients", seen.wall, seen.texts, **latency)
        seen = load(server.url, [report.long], clients=1)
        report.recording("server, one long recording", seen.wall, seen.texts[0])


def measure_script(report: Report, clients: int) -> None:
    """The same pipeline without a server."""
    engine = Engine.load(weights.in_starter())
    transcribe = partial(_text, engine)
    transcribe(report.files[0])
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        texts = list(threads.map(transcribe, report.files))
    report.clips(f"script, {clients} threads", time.perf_counter() - began, texts)
    engine.close()


def measure_peer(report: Report, name: str, transcribe: peers.Transcribe) -> None:
    transcribe(report.files[0])
    texts, latencies = [], []
    for file in report.files:
        began = time.perf_counter()
        texts.append(transcribe(file))
        latencies.append(time.perf_counter() - began)
    report.clips(name, sum(latencies), texts, p50_s=round(statistics.median(latencies), 2))
    began = time.perf_counter()
    text = transcribe(report.long)
    report.recording(f"{name}, one long recording", time.perf_counter() - began, text)


def _text(engine: Engine, file: Path) -> str:
    return "".join(segment.text for segment in engine.transcribe(file))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--openai", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--minutes", type=float, default=10)
    add_options(parser)
    main(parser.parse_args())
