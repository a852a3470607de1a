"""Speech with its texts to measure with, and the word error rate.

The default is the 50 utterances of LibriSpeech (test-other) beside the checkout; any folder of recordings with a file
``transcripts.tsv`` of lines "name without suffix, tab, text" does. Needs the dependency group ``bench``.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
from numpy.typing import NDArray
from whisper_normalizer.english import EnglishTextNormalizer

from whisper_api.speech import audio

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "librispeech"

_normalized = EnglishTextNormalizer()


@dataclass(frozen=True)
class Utterance:
    """A recording's file, what is said in it, and its float32 ``samples`` of shape (samples,), 16 kHz mono."""

    file: Path
    text: str
    samples: NDArray[np.float32]

    @property
    def seconds(self) -> float:
        return len(self.samples) / audio.SAMPLE_RATE


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=FOLDER, help="folder of recordings with transcripts.tsv")
    parser.add_argument("--limit", type=int, help="take so many of them only")


def read(options: argparse.Namespace) -> list[Utterance]:
    """The utterances that the command line names, in order of their names."""
    lines = (options.data / "transcripts.tsv").read_text("utf-8").splitlines()
    texts = dict(line.split("\t", 1) for line in lines)
    files = sorted(file for file in options.data.iterdir() if file.stem in texts and file.suffix != ".tsv")
    return [Utterance(file, texts[file.stem], samples_of(file)) for file in files[: options.limit]]


def samples_of(file: Path) -> NDArray[np.float32]:
    return np.concatenate(list(audio.decode(file)))


def shuffled(utterances: list[Utterance], seed: int) -> list[Utterance]:
    return [utterances[place] for place in np.random.default_rng(seed).permutation(len(utterances))]


def joined(
    utterances: list[Utterance], seconds: float | None = None, *, seed: int = 1
) -> tuple[NDArray[np.float32], str]:
    """One recording, with pauses of 0.3 to 2 s, and its text: all utterances, or in turn for about so many seconds."""
    pause = np.random.default_rng(seed)
    pieces: list[NDArray[np.float32]] = []
    texts: list[str] = []
    length = 0
    while len(texts) < len(utterances) if seconds is None else length < seconds * audio.SAMPLE_RATE:
        utterance = utterances[len(texts) % len(utterances)]
        silence = np.zeros(int(pause.uniform(0.3, 2.0) * audio.SAMPLE_RATE), np.float32)
        pieces += [utterance.samples, silence]
        texts.append(utterance.text)
        length += len(utterance.samples) + len(silence)
    return np.concatenate(pieces), " ".join(texts)


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """In percent, after Whisper's own normalizer of English text."""
    return float(100 * jiwer.wer([_normalized(text) for text in said], [_normalized(text) for text in heard]))
