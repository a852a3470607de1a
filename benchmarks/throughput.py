"""The server under load, and beside it, in the same run and on the same weights, what people run today.

Prints one line of JSON for every measurement, and at the end one for the medians over all runs; ``throughput`` is
seconds of audio a second, ``times_faster_whisper`` that of faster-whisper's defaults on the same recordings in the same
run. Two more peers are measured where they are asked for: faster-whisper's batched pipeline in the first run with
``--batched``, and with ``--openai`` openai-whisper in all, on the checkpoint that was made of the same weights. What
the server costs, compared to the same pipeline in a script, is small enough to drown in how a machine's pace drifts, so
they take turns for it, ``--turns`` times: the server, a script, and one that overwrites what it frees, as the server
does.

usage: python benchmarks/throughput.py [--runs 3] [--batched] [--openai base.pt] [--clients 1 8] [--minutes 10]
           [--turns 9] [--data DIR] [--limit N]
"""

# ruff: noqa: E402
from whisper_api.speech.processor import leave_cores_to_lanes

leave_cores_to_lanes()

import argparse
import json
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import peers
from audio import written
from load import load
from server import Server, running_server
from utterances import Utterance, add_options, joined, read, word_error_rate
from whisper_api import forgetting
from whisper_api.speech import weights
from whisper_api.speech.engine import Engine

BASELINE = "faster-whisper"

_REPEATS = 2  # of all clips in a pass for the server's cost, so that how it begins and ends counts for less


@dataclass(frozen=True)
class Measurement:
    """What was measured in one run of ``what``, over all clips or the one long recording; ``wer`` in percent."""

    run: int
    what: str
    is_long: bool
    audio_s: float
    wall_s: float
    wer: float

    @property
    def throughput(self) -> float:
        return self.audio_s / self.wall_s

    @property
    def name(self) -> str:
        return f"{self.what}, one long recording" if self.is_long else self.what


@dataclass(frozen=True)
class Pass:
    """How long a pass over all clips took, and how many core seconds each of those who took part in it."""

    wall: float
    cores: dict[str, float]


class Report:
    """The measurements of all runs, each said as soon as it is there."""

    def __init__(self, utterances: list[Utterance], long: Path, long_text: str, long_seconds: float) -> None:
        self.files = [utterance.file for utterance in utterances]
        self._said = [utterance.text for utterance in utterances]
        self._seconds = sum(utterance.seconds for utterance in utterances)
        self.long = long
        self._long_text = long_text
        self._long_seconds = long_seconds
        self._measured: list[Measurement] = []
        self.run = 0

    def clips(self, what: str, wall: float, texts: list[str], **more: object) -> None:
        wer = word_error_rate(self._said, texts)
        self._add(Measurement(self.run, what, False, self._seconds, wall, wer), **more)

    def recording(self, what: str, wall: float, text: str) -> None:
        wer = word_error_rate([self._long_text], [text])
        self._add(Measurement(self.run, what, True, self._long_seconds, wall, wer))

    def medians(self) -> None:
        baselines = {(one.run, one.is_long): one for one in self._measured if one.what == BASELINE}
        for name in dict.fromkeys(one.name for one in self._measured):
            seen = [one for one in self._measured if one.name == name]
            times = [one.throughput / baselines[one.run, one.is_long].throughput for one in seen]
            line = {
                "throughput": median(one.throughput for one in seen),
                "times_faster_whisper": median(times),
                "wer": median(one.wer for one in seen),
            }
            rounded = {key: round(value, 2) for key, value in line.items()}
            print(json.dumps({"benchmark": "throughput", "median_of": len(seen), "what": name, **rounded}), flush=True)

    def _add(self, measured: Measurement, **more: object) -> None:
        self._measured.append(measured)
        line = {
            "audio_s": round(measured.audio_s, 1),
            "wall_s": round(measured.wall_s, 2),
            "throughput": round(measured.throughput, 2),
            "wer": round(measured.wer, 2),
        }
        head = {"benchmark": "throughput", "run": measured.run, "what": measured.name}
        print(json.dumps({**head, **line, **more}), flush=True)


def main(options: argparse.Namespace) -> None:
    utterances = read(options)
    samples, text = joined(utterances, options.minutes * 60)
    with tempfile.TemporaryDirectory() as folder:
        long = written(Path(folder) / "long.wav", samples)
        report = Report(utterances, long, text, len(samples) / 16_000)
        for run in range(options.runs):
            report.run = run + 1
            measure_server(report, options.clients)
            measure_script(report, max(options.clients))
            with peers.alone(peers.faster_whisper) as faster_whisper:
                measure_clips(report, BASELINE, faster_whisper)
                measure_long(report, BASELINE, faster_whisper)
            if run == 0 and options.batched:
                with peers.alone(peers.faster_whisper_batched) as batched:
                    measure_clips(report, "faster-whisper, batched", batched)
            if options.openai:
                with peers.alone(peers.openai_whisper, options.openai) as openai_whisper:
                    measure_clips(report, "openai-whisper", openai_whisper)
                    measure_long(report, "openai-whisper", openai_whisper)
        report.medians()
        if options.turns > 0:
            measure_cost(report, max(options.clients), options.turns)


def measure_server(report: Report, clients: list[int]) -> None:
    with running_server() as server:
        for count in clients:
            seen = load(server.url, report.files, clients=count)
            latency = {"p50_s": round(seen.median_latency, 2), "p95_s": round(seen.late, 2)}
            report.clips(f"server, {count} clients", seen.wall, seen.texts, **latency)
        seen = load(server.url, [report.long], clients=1)
        report.recording("server", seen.wall, seen.texts[0])


def measure_script(report: Report, clients: int) -> None:
    """The same pipeline without a server."""
    engine = Engine.load(weights.in_starter())
    engine_pass(engine, report.files[:1], 1)
    wall, texts = engine_pass(engine, report.files, clients)
    report.clips(f"script, {clients} threads", wall, texts)
    engine.close()


def engine_pass(engine: Engine, files: list[Path], clients: int) -> tuple[float, list[str]]:
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        texts = list(threads.map(partial(_text, engine), files))
    return time.perf_counter() - began, texts


def measure_cost(report: Report, clients: int, turns: int) -> None:
    """What the server takes more than either script, in percent, and of the cores; the first turn warms all up."""
    files = _REPEATS * report.files
    with (
        running_server() as server,
        peers.alone(script) as as_it_is,
        peers.alone(script, environment=forgetting.ENVIRONMENT) as overwriting,
    ):
        ways: dict[str, Callable[[list[Path], int], Pass]] = {
            "the server": partial(server_pass, server),
            "a script": as_it_is,
            "a script that overwrites": overwriting,
        }
        names = deque(ways)
        passes: list[dict[str, Pass]] = []
        for _ in range(turns + 1):
            passes.append({name: ways[name](files, clients) for name in names})
            names.rotate()
    counted = passes[1:]
    for name in ("a script", "a script that overwrites"):
        costs = [100 * (turn["the server"].wall / turn[name].wall - 1) for turn in counted]
        line = {"benchmark": "throughput", "what": f"server's cost over {name}, %", "median": round(median(costs), 1)}
        print(json.dumps({**line, "turns": [round(cost, 1) for cost in costs]}), flush=True)
    for name in ways:
        parts = {part: median(turn[name].cores[part] for turn in counted) for part in counted[0][name].cores}
        line = {"benchmark": "throughput", "what": f"core seconds a clip, {name}"}
        print(json.dumps({**line, **{part: round(s / len(files), 4) for part, s in parts.items()}}), flush=True)


def server_pass(server: Server, files: list[Path], clients: int) -> Pass:
    before = server.core_seconds()
    seen = load(server.url, files, clients=clients, warm_up=False)
    after = server.core_seconds()
    return Pass(seen.wall, {**{who: after[who] - before[who] for who in after}, "clients": seen.core_seconds})


def script() -> Callable[[list[Path], int], Pass]:
    """Passes of the pipeline without a server."""
    with forgetting.Scrubbing().spared():
        engine = Engine.load(weights.in_starter())

    def script_pass(files: list[Path], clients: int) -> Pass:
        before = time.process_time()
        wall, _ = engine_pass(engine, files, clients)
        return Pass(wall, {"script": time.process_time() - before})

    return script_pass


def measure_clips(report: Report, name: str, transcribe: peers.Transcribe) -> None:
    transcribe(report.files[0])
    texts, latencies = [], []
    for file in report.files:
        began = time.perf_counter()
        texts.append(transcribe(file))
        latencies.append(time.perf_counter() - began)
    report.clips(name, sum(latencies), texts, p50_s=round(median(latencies), 2))


def measure_long(report: Report, name: str, transcribe: peers.Transcribe) -> None:
    began = time.perf_counter()
    text = transcribe(report.long)
    report.recording(name, time.perf_counter() - began, text)


def _text(engine: Engine, file: Path) -> str:
    return "".join(segment.text for segment in engine.transcribe(file))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batched", action="store_true")
    parser.add_argument("--openai", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--turns", type=int, default=9, metavar="N")
    add_options(parser)
    main(parser.parse_args())
