"""What the shape of windows costs and what it does to the text. One JSON line a plan.

For every plan the utterances are transcribed by the engine alone, eight at a time: as they are, slowed down by 8 %,
sped up by 6 % with noise 15 dB below them, over a telephone line (300 to 3400 Hz), and in a room that echoes, so that
nothing is fitted to one recording of them; then all of them joined to one long recording, and to seven more in which
they come in other orders. Cost is processor time, which other programs on the machine disturb least.

usage: python benchmarks/windows.py [--plans NAME ...] [--faster-whisper] [--data DIR] [--limit N]
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

import peers
from audio import written
from conditions import CONDITIONS, Samples
from utterances import add_options, joined, read, shuffled, word_error_rate
from whisper_api.speech import weights
from whisper_api.speech.devices import CPU
from whisper_api.speech.engine import Engine
from whisper_api.speech.options import USUAL_BEAM, Options
from whisper_api.speech.plan import Plan, plan_for

_CHOSEN = plan_for(CPU)
PLANS = {
    "chosen": _CHOSEN,
    **{f"at least {seconds} s": replace(_CHOSEN, smallest_seconds=seconds) for seconds in (5, 8, 15)},
    # A short window's margin is what the smallest window leaves, so that has to be small to see what margins do.
    **{
        f"margin {seconds} s": replace(
            _CHOSEN,
            smallest_seconds=5,
            margin_seconds=seconds,
            decoder_margin_seconds=min(seconds, _CHOSEN.decoder_margin_seconds),
        )
        for seconds in (2, 3, 6, 8)
    },
    "full 30 s windows": replace(_CHOSEN, margin_seconds=30, decoder_margin_seconds=30),
    "lengths of half a second": replace(_CHOSEN, bucket_seconds=0.5),
    "lengths of 2 s": replace(_CHOSEN, bucket_seconds=2),
    **{f"up to {seconds} s of speech": replace(_CHOSEN, speech_seconds=seconds) for seconds in (16, 26)},
    "decoded one by one": replace(_CHOSEN, decoded_seconds_at_once=1),
    **{f"decoder's margin {seconds} s": replace(_CHOSEN, decoder_margin_seconds=seconds) for seconds in (1, 2)},
}
BEAMS = {"greedy": 1, "three hypotheses": 3, "five hypotheses": 5}


def main(options: argparse.Namespace) -> None:
    utterances = read(options)
    said = [utterance.text for utterance in utterances]
    recording, text = joined(utterances)
    others = [joined(shuffled(utterances, seed), seed=seed) for seed in range(2, 9)]
    with tempfile.TemporaryDirectory() as folder:
        sets = {
            name: _written(Path(folder) / name, [under(utterance.samples) for utterance in utterances])
            for name, under in CONDITIONS.items()
        }
        long = _written(Path(folder) / "long", [recording])
        orders = _written(Path(folder) / "orders", [samples for samples, _ in others])
        texts = [text for _, text in others]
        if options.faster_whisper:
            with peers.alone(peers.faster_whisper) as transcribe:
                report = {kind: _rate(said, list(map(transcribe, files))) for kind, files in sets.items()}
                report["long"] = _rate([text], list(map(transcribe, long)))
                report["orders"] = _rate(texts, list(map(transcribe, orders)))
            print(json.dumps({"benchmark": "windows", "plan": "faster-whisper", **report}), flush=True)
        for name in options.plans or [*PLANS, *BEAMS]:
            asked = Options(beam_size=BEAMS.get(name, USUAL_BEAM))
            with _engine(PLANS.get(name, _CHOSEN)) as engine:
                measured = {kind: _measured(engine, asked, files, said) for kind, files in sets.items()}
                measured["long"] = _measured(engine, asked, long, [text])
                measured["orders"] = _measured(engine, asked, orders, texts)
            print(json.dumps({"benchmark": "windows", "plan": name, **measured}), flush=True)


@contextmanager
def _engine(plan: Plan) -> Iterator[Engine]:
    engine = Engine.load(weights.in_starter(), CPU, plan=plan)
    try:
        yield engine
    finally:
        engine.close()


def _measured(engine: Engine, asked: Options, files: list[Path], said: list[str]) -> dict[str, float]:
    def text(file: Path) -> str:
        return "".join(segment.text for segment in engine.transcribe(file, asked))

    began = time.process_time()
    with ThreadPoolExecutor(8) as clients:
        heard = list(clients.map(text, files))
    return {"cpu_s": round(time.process_time() - began, 1), **_rate(said, heard)}


def _rate(said: list[str], heard: list[str]) -> dict[str, float]:
    return {"wer": round(word_error_rate(said, heard), 2)}


def _written(folder: Path, recordings: list[Samples]) -> list[Path]:
    folder.mkdir()
    return [written(folder / f"{number}.wav", samples) for number, samples in enumerate(recordings)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", nargs="*", choices=[*PLANS, *BEAMS])
    parser.add_argument("--faster-whisper", action="store_true", help="measure it, too")
    add_options(parser)
    main(parser.parse_args())
