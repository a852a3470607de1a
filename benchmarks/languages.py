"""How many languages are made out, and how many characters of their texts are wrong. One JSON line a way of asking.

The folder has a folder for each language, by its code, of recordings (wav) with their texts (txt) beside them; by
default the short ones that the tests use. They are transcribed as they are, with noise 15 dB below them, over a
telephone line and in a room that echoes: with the language made out among all, among those of the folder, and told;
and by faster-whisper. Numbers that are written in digits count as wrong for all alike. Needs the dependency group
``bench``.

usage: python benchmarks/languages.py [--data DIR]
"""

# ruff: noqa: E402
from whisper_api.speech.processor import leave_cores_to_lanes

leave_cores_to_lanes()

import argparse
import json
import tempfile
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import jiwer

import peers
from audio import written
from conditions import CONDITIONS, Samples, noisy
from utterances import samples_of
from whisper_api.speech import weights
from whisper_api.speech.engine import Engine
from whisper_api.speech.options import Options

TRIED = {"clean": CONDITIONS["clean"], "noisy": noisy, "telephone": CONDITIONS["telephone"], "room": CONDITIONS["room"]}


@dataclass(frozen=True)
class Sample:
    language: str
    text: str
    file: Path


@dataclass(frozen=True)
class Heard:
    """``language`` where it was made out and whoever heard tells."""

    text: str
    language: str | None = None


Transcribe = Callable[[Sample], Heard]


def main(data: Path) -> None:
    files = sorted(data.glob("*/*.wav"))
    samples = [Sample(file.parent.name, file.with_suffix(".txt").read_text("utf-8"), file) for file in files]
    spoken = tuple(sorted({sample.language for sample in samples}))
    with tempfile.TemporaryDirectory() as folder:
        sets = {name: _changed(samples, change, Path(folder) / name) for name, change in TRIED.items()}
        engine = Engine.load(weights.in_starter())
        with ThreadPoolExecutor(8) as clients:
            for way, options in (("among all", Options()), ("among those of the folder", Options(languages=spoken))):
                asked = _by(engine, options)
                _report(way, {name: list(clients.map(asked, set_)) for name, set_ in sets.items()}, sets)
            told = _told(engine)
            _report("told", {name: list(clients.map(told, set_)) for name, set_ in sets.items()}, sets)
        engine.close()
        with peers.alone(peers.faster_whisper) as transcribe:
            theirs = {name: [Heard(transcribe(one.file)) for one in set_] for name, set_ in sets.items()}
        _report("faster-whisper, among all", theirs, sets)


def _changed(samples: list[Sample], change: Callable[[Samples], Samples], folder: Path) -> list[Sample]:
    folder.mkdir()
    return [
        replace(sample, file=written(folder / f"{number}.wav", change(samples_of(sample.file))))
        for number, sample in enumerate(samples)
    ]


def _by(engine: Engine, options: Options) -> Transcribe:
    def transcribe(sample: Sample) -> Heard:
        transcription = engine.transcribe(sample.file, options)
        text = "".join(segment.text for segment in transcription)
        return Heard(text, None if options.language else transcription.language)

    return transcribe


def _told(engine: Engine) -> Transcribe:
    return lambda sample: _by(engine, Options(language=sample.language))(sample)


def _report(way: str, heard: dict[str, list[Heard]], sets: dict[str, list[Sample]]) -> None:
    report: dict[str, object] = {"benchmark": "languages", "way": way, "recordings": len(next(iter(sets.values())))}
    for name, samples in sets.items():
        said = [_plain(sample.text) for sample in samples]
        wrong = jiwer.cer(said, [_plain(one.text) for one in heard[name]])
        report[name] = {"cer": round(100 * float(wrong), 1)}
        detected = [one.language for one in heard[name]]
        if any(detected):
            right = sum(one == sample.language for one, sample in zip(detected, samples, strict=True))
            report[name] = {"languages_right": right, "cer": round(100 * float(wrong), 1)}
    print(json.dumps(report), flush=True)


def _plain(text: str) -> str:
    """In lower case, without punctuation; marks belong to the letters that they stand above."""
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(kept).split())


def samples_folder() -> Path | None:
    """The folder of short recordings that the tests use, where they are installed."""
    spec = find_spec("pytest_audioeval")
    if spec is None or spec.submodule_search_locations is None:
        return None
    return Path(spec.submodule_search_locations[0]) / "samples" / "audio"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=samples_folder(), required=samples_folder() is None)
    main(parser.parse_args().data)
