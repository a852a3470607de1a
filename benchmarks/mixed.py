"""What becomes of a recording that begins in another language than it goes on in. One JSON line for whoever hears it.

Each recording is a passage in another language (a file named after one, such as ``fr.wav``, in the folder
``--passages``) or the greeting of a second that the tests use, then a pause of 0.5, 2 or 4.5 s, then ``--utterances``
English ones. Word error rates are those of the English, at the median and at most; the words of the passage are errors,
for all alike. Those of 50 % and more are ``lost``. Needs the dependency group ``bench``.

usage: python benchmarks/mixed.py [--passages DIR] [--utterances 8] [--data DIR] [--limit N]
"""

# ruff: noqa: E402
from whisper_api.speech.processor import leave_cores_to_lanes

leave_cores_to_lanes()

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

import peers
from audio import RATE, written
from languages import samples_folder
from utterances import add_options, joined, read, samples_of, word_error_rate
from whisper_api.speech import weights
from whisper_api.speech.engine import Engine
from whisper_api.speech.languages import NAMES

PASSAGES = Path(__file__).parents[2] / "shared" / "data" / "speech"
PAUSES = (0.5, 2.0, 4.5)

_LOST = 50.0


def main(options: argparse.Namespace) -> None:
    english, text = joined(read(options)[: options.utterances])
    beginnings = [file for file in sorted(options.passages.glob("*.wav")) if file.stem in NAMES and file.stem != "en"]
    if folder := samples_folder():
        beginnings.append(folder / "fr" / "bonjour_monde.wav")
    if not beginnings:
        raise SystemExit(f"There are no passages in {options.passages}: set --passages.")
    with tempfile.TemporaryDirectory() as made:
        files = []
        for beginning in beginnings:
            for pause in PAUSES:
                silence = np.zeros(int(pause * RATE), np.float32)
                samples = np.concatenate((samples_of(beginning), silence, english))
                files.append(written(Path(made) / f"{beginning.stem}-{pause}.wav", samples))
        engine = Engine.load(weights.in_starter())
        _report("this pipeline", files, text, lambda file: "".join(one.text for one in engine.transcribe(file)))
        engine.close()
        with peers.alone(peers.faster_whisper) as faster_whisper:
            _report("faster-whisper", files, text, faster_whisper)


def _report(name: str, files: list[Path], text: str, transcribe: Callable[[Path], str]) -> None:
    transcribe(files[0])  # to warm up
    rates, seconds = [], []
    for file in files:
        began = time.perf_counter()
        rates.append(word_error_rate([text], [transcribe(file)]))
        seconds.append(time.perf_counter() - began)
    line = {
        "benchmark": "mixed",
        "what": name,
        "recordings": len(files),
        "wer": round(median(rates), 1),
        "wer_most": round(max(rates), 1),
        "lost": sum(rate >= _LOST for rate in rates),
        "s": round(median(seconds), 2),
        "s_most": round(max(seconds), 2),
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--passages", type=Path, default=PASSAGES, help="folder of de.wav, es.wav and so on")
    parser.add_argument("--utterances", type=int, default=8, help="so many go on in English")
    main(parser.parse_args())
