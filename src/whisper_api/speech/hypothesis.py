"""What a window may say, and whether that can be relied on; and what is tried until something can."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

# Whisper's own limits (https://github.com/openai/whisper, transcribe.py).
_COMPRESSION_RATIO_LIMIT = 2.4
_LOGPROB_LIMIT = -1.0
_NO_SPEECH_LIMIT = 0.6
_TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
_LEAST_TEMPERATURE = 0.01  # below it nothing is left to chance, but for rounding
_BEST_OF = 5

# A loop is a phrase of at most so many tokens, so many times over.
_LONGEST_PHRASE = 16
_MOST_REPEATS = 5

LEAST_HEARD_SECONDS = 1.0
"""What a text has to get on by, so that it is worth taking up from where it ends."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to decode a window: ``whole`` over the full 30 s that Whisper was trained on."""

    temperature: float
    beam_size: int
    whole: bool

    @property
    def hypotheses(self) -> int:
        """How many texts are followed at a time."""
        return _BEST_OF if self.temperature > 0 else self.beam_size


def attempts(beam_size: int, *, whole: bool, temperature: float = 0) -> tuple[Attempt, ...]:
    """What is tried in turn until a text can be relied on: Whisper's ladder, and below it rungs of our own.

    Beams cost a fraction of what encoding the full window does, so they come first; unless it is ``whole`` already.
    With a ``temperature`` above 0 there are no beams, and the ladder is climbed from there.
    """
    beams = max(beam_size, _BEST_OF)
    rungs: tuple[Attempt, ...] = (Attempt(0, beam_size, whole), Attempt(0, beams, whole), Attempt(0, beams, whole=True))
    if temperature >= _LEAST_TEMPERATURE:
        rungs = (Attempt(temperature, 1, whole), Attempt(temperature, 1, whole=True))
    ladder = [Attempt(higher, 1, whole=True) for higher in _TEMPERATURES if higher > temperature]
    return (*dict.fromkeys(rungs), *ladder)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a window of so many ``seconds`` may say.

    ``ended`` is false where it was broken off for its length, and ``until`` is the last time in it that ends a text, in
    seconds of the window, or None.
    """

    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    ended: bool
    seconds: float
    until: float | None = None
    temperature: float = 0.0

    @property
    def is_silence(self) -> bool:
        return self.no_speech_prob > _NO_SPEECH_LIMIT and self.avg_logprob < _LOGPROB_LIMIT

    @property
    def is_likely(self) -> bool:
        return self.avg_logprob >= _LOGPROB_LIMIT

    @property
    def is_reliable(self) -> bool:
        """Whether it can be taken as it is, up to :attr:`until` where it was broken off."""
        return (
            self.is_likely
            and (self.ended or (self.until is not None and self.until >= LEAST_HEARD_SECONDS))
            and self.compression_ratio <= _COMPRESSION_RATIO_LIMIT
            and len(without_loops(self.tokens)) == len(self.tokens)
        )

    def confirms(self, other: "Hypothesis") -> bool:
        """Whether the two are about the same words, heard in windows of different length and not guessed.

        A loop that the model falls into ends where the window does, or never. What somebody says over and over, a
        litany or a chorus, comes out the same however much silence follows it, and before it.
        """
        return (
            self.is_likely
            and other.is_likely
            and self.ended
            and other.ended
            and self.temperature == other.temperature == 0
            and (self.seconds != other.seconds or self._ends_before_the_window)
            and _words(self.text) == _words(other.text)
        )

    @property
    def _ends_before_the_window(self) -> bool:
        return self.until is not None and self.until <= self.seconds - LEAST_HEARD_SECONDS


def unsaid(seconds: float) -> Hypothesis:
    """What a window of so many seconds says where nobody wants to know."""
    return Hypothesis((), "", avg_logprob=0, compression_ratio=0, no_speech_prob=0, ended=True, seconds=seconds)


def best_of(rejected: Sequence[Hypothesis]) -> Hypothesis:
    """The one to take where none can be relied on: as in faster-whisper, the likeliest of those that do not repeat."""
    varied = [one for one in rejected if one.compression_ratio <= _COMPRESSION_RATIO_LIMIT]
    return max(varied or rejected, key=lambda one: one.avg_logprob)


def compression_ratio(text: str) -> float:
    """How much smaller ``text`` gets when it is compressed, 0 for none: text in a loop gets much smaller."""
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded)) if encoded else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def without_loops(tokens: Sequence[int]) -> tuple[int, ...]:
    """``tokens`` with every phrase that is said over and over, more than four times in a row, said just once."""
    shorter = _without_loops(tokens)
    while len(shorter) < len(tokens):  # what is left may be said over and over itself
        tokens, shorter = shorter, _without_loops(shorter)
    return shorter


def _without_loops(tokens: Sequence[int]) -> tuple[int, ...]:
    kept: list[int] = []
    position = 0
    while position < len(tokens):
        phrase, repeats = _loop(tokens, position)
        kept.extend(tokens[position : position + phrase])
        position += phrase * repeats
    return tuple(kept)


def _loop(tokens: Sequence[int], position: int) -> tuple[int, int]:
    """The length of the phrase that loops from ``position`` on, and how often it is said; (1, 1) for no loop."""
    for phrase in range(1, _LONGEST_PHRASE + 1):
        repeats = 1
        first = tokens[position : position + phrase]
        while tokens[position + repeats * phrase : position + (repeats + 1) * phrase] == first:
            repeats += 1
        if repeats >= _MOST_REPEATS:
            return phrase, repeats
    return 1, 1
