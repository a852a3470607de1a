"""When each word was said, read from the decoder's attention to the sound, as in openai-whisper's timing.py."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whisper_api.speech.decoder import Alignment
from whisper_api.speech.features import FRAMES_PER_SECOND
from whisper_api.speech.hypothesis import Hypothesis
from whisper_api.speech.tokens import TOKENS_PER_SECOND

_OPENING = "\"'“¿([{-"
_CLOSING = "\"'.。,，!！?？:：”)]}、"
_SENTENCE_ENDS = frozenset(".。!！?？")
_LONGEST_MEDIAN_SECONDS = 0.7

# Measured on words that were aligned by other means, in four languages: see docs/benchmarks.md.
_AHEAD_SECONDS = 0.04
_AUDIBLE = 0.3
_MOST_TRIMMED = 0.8


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of a window; ``start`` and ``end`` in seconds on the window's clock. ``tokens`` counts what it is of."""

    text: str
    start: float
    end: float
    probability: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a window says.

    With it come, where they were asked for, its words' times and the ``probabilities`` of its tokens without times.
    After ``rest`` seconds of the window the text is to be taken up again; None if it is complete.
    """

    hypothesis: Hypothesis
    words: tuple[TimedWord, ...] = ()
    probabilities: tuple[float, ...] = ()
    rest: float | None = None


def timed_words(
    alignment: Alignment, words: Sequence[str], tokens: Sequence[Sequence[int]], features: NDArray[np.float32]
) -> tuple[TimedWord, ...]:
    """Times of ``words``, whose ``tokens`` were aligned; the last of both is the end of the text.

    ``features`` is the window's spectrogram of shape (mels, frames).
    """
    if len(words) < 2:
        return ()
    path = alignment.path
    jumps = np.concatenate(([True], np.diff(path[:, 0]) > 0))
    times = path[jumps, 1] / TOKENS_PER_SECOND
    borders = np.concatenate(([0], np.cumsum([len(part) for part in tokens[:-1]])))
    timed = []
    for text, first, last in zip(words, borders[:-1].tolist(), borders[1:].tolist(), strict=False):
        probability = float(np.mean(alignment.probabilities[first:last]))
        timed.append(TimedWord(text, float(times[first]), float(times[last]), probability, last - first))
    return tuple(_without_silence(_with_marks(_shortened(timed)), features))


def _shortened(words: list[TimedWord]) -> list[TimedWord]:
    """Words beside a sentence's end take the pause there for theirs: they get twice the usual length at most."""
    durations = [word.end - word.start for word in words if word.end > word.start]
    longest = 2 * min(float(np.median(durations)), _LONGEST_MEDIAN_SECONDS) if durations else 0.0
    shortened = list(words)
    for index in range(1, len(words)):
        word = shortened[index]
        if word.end - word.start <= longest:
            continue
        if word.text.strip() in _SENTENCE_ENDS:
            shortened[index] = _between(word, word.start, word.start + longest)
        elif shortened[index - 1].text.strip() in _SENTENCE_ENDS:
            shortened[index] = _between(word, word.end - longest, word.end)
    return shortened


def _with_marks(words: list[TimedWord]) -> list[TimedWord]:
    """Marks are no words: they are put to the one that they open or close."""
    joined: list[TimedWord] = []
    opening: TimedWord | None = None
    for word in words:
        mark = word.text.strip()
        if opening is not None:
            word = _added(opening, word, word)
            opening = None
        if mark and mark in _OPENING and word.text.startswith(" "):
            opening = word
        elif mark and mark in _CLOSING and joined and not joined[-1].text.endswith(" "):
            joined[-1] = _added(joined[-1], word, joined[-1])
        else:
            joined.append(word)
    return joined if opening is None else [*joined, opening]


def _without_silence(words: list[TimedWord], features: NDArray[np.float32]) -> list[TimedWord]:
    """Nobody begins or ends a word in silence, and attention moves on a little before the sound does."""
    loudness = np.convolve(features.mean(axis=0), np.ones(3) / 3, mode="same")
    quiet, loud = np.percentile(loudness, [5, 90])
    sounding = np.flatnonzero(loudness > quiet + _AUDIBLE * (loud - quiet))
    latest = features.shape[1] / FRAMES_PER_SECOND
    trimmed = []
    for word in words:
        length = word.end - word.start
        heard = sounding[np.searchsorted(sounding, round(word.start * FRAMES_PER_SECOND)) :] / FRAMES_PER_SECOND
        start = heard[0] if len(heard) and heard[0] < word.start + _MOST_TRIMMED * length else word.start
        heard = sounding[: np.searchsorted(sounding, round(word.end * FRAMES_PER_SECOND))] / FRAMES_PER_SECOND
        end = heard[-1] + 1 / FRAMES_PER_SECOND if len(heard) else word.end
        end = end if end > word.end - _MOST_TRIMMED * length and end > start else word.end
        trimmed.append(
            _between(word, min(float(start) + _AHEAD_SECONDS, latest), min(float(end) + _AHEAD_SECONDS, latest))
        )
    return trimmed


def _between(word: TimedWord, start: float, end: float) -> TimedWord:
    return TimedWord(word.text, start, end, word.probability, word.tokens)


def _added(first: TimedWord, second: TimedWord, spoken: TimedWord) -> TimedWord:
    """Both as one, with the times of the one that is spoken."""
    tokens = first.tokens + second.tokens
    return TimedWord(first.text + second.text, spoken.start, spoken.end, spoken.probability, tokens)
