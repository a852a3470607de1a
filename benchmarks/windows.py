"""What the shape of windows costs and what it does to the text. One JSON line a plan.

For every plan the utterances are transcribed by the engine alone, eight at a time: as they are, slowed down by 8 %, and
sped up by 6 % with noise 15 dB below them, so that nothing is fitted to one recording of them; then all of them joined
to one long recording. Cost is processor time, which other programs on the machine disturb least.

usage: python benchmarks/windows.py [--plans NAME ...] [--data DIR] [--limit N]
"""

# ruff: noqa: E402
from whisper_api.speech.processor import leave_cores_to_lanes

leave_cores_to_lanes()

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio import written
from utterances import Utterance, add_options, joined, read, word_error_rate
from whisper_api.speech import weights
from whisper_api.speech.devices import CPU
from whisper_api.speech.engine import Engine
from whisper_api.speech.plan import Plan, plan_for

_CHOSEN = plan_for(CPU)
PLANS = {
    "chosen": _CHOSEN,
    **{f"at least {seconds} s": replace(_CHOSEN, smallest_seconds=seconds) for seconds in (5, 8, 15)},
    # A short window's margin is what the smallest window leaves, so that has to be small to see what margins do.
    **{f"margin {seconds} s": replace(_CHOSEN, smallest_seconds=5, margin_seconds=seconds) for seconds in (2, 3, 6, 8)},
    "full 30 s windows": replace(_CHOSEN, margin_seconds=30, company_seconds=30),
    **{f"up to {seconds} s of speech": replace(_CHOSEN, speech_seconds=seconds) for seconds in (16, 26)},
    "decoded one by one": replace(_CHOSEN, decoded_seconds_at_once=1),
    "decoder sees what the encoder sees": replace(_CHOSEN, company_seconds=_CHOSEN.bucket_seconds),
}


def main(options: argparse.Namespace) -> None:
    utterances = read(options)
    said = [utterance.text for utterance in utterances]
    recording, text = joined(utterances, sum(utterance.seconds for utterance in utterances))
    with tempfile.TemporaryDirectory() as folder:
        sets = {
            "clean": _written(Path(folder) / "clean", [utterance.samples for utterance in utterances]),
            "slow": _written(Path(folder) / "slow", [_stretched(utterance, 0.92) for utterance in utterances]),
            "noisy": _written(Path(folder) / "noisy", [_noisy(_stretched(one, 1.06)) for one in utterances]),
        }
        long = _written(Path(folder) / "long", [recording])
        for name in options.plans or PLANS:
            report: dict[str, object] = {"benchmark": "windows", "plan": name}
            with _engine(PLANS[name]) as engine:
                for kind, files in sets.items():
                    report[kind] = _measured(engine, files, said)
                report["long"] = _measured(engine, long, [text])
            print(json.dumps(report), flush=True)


@contextmanager
def _engine(plan: Plan) -> Iterator[Engine]:
    engine = Engine.load(weights.in_starter(), CPU, plan=plan)
    try:
        yield engine
    finally:
        engine.close()


def _measured(engine: Engine, files: list[Path], said: list[str]) -> dict[str, float]:
    began = time.process_time()
    with ThreadPoolExecutor(8) as clients:
        heard = list(clients.map(lambda file: "".join(segment.text for segment in engine.transcribe(file)), files))
    spent = time.process_time() - began
    return {"cpu_s": round(spent, 1), "wer": round(word_error_rate(said, heard), 2)}


def _written(folder: Path, recordings: list[NDArray[np.float32]]) -> list[Path]:
    folder.mkdir()
    return [written(folder / f"{number}.wav", samples) for number, samples in enumerate(recordings)]


def _stretched(utterance: Utterance, speed: float) -> NDArray[np.float32]:
    places = np.arange(int(len(utterance.samples) / speed)) * speed
    stretched = np.interp(places, np.arange(len(utterance.samples)), utterance.samples)
    return np.asarray(stretched, np.float32)


def _noisy(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-15 / 20)
    noise = np.random.default_rng(1).normal(0, level, len(samples))
    return (samples + noise).astype(np.float32)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", nargs="*", choices=list(PLANS))
    add_options(parser)
    main(parser.parse_args())
