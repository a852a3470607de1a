"""The values that every room speaks: what was said, when, and how sure Whisper is of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One word; ``start`` and ``end`` in seconds on the recording's clock."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a text, and the logarithm of its probability.

    ``text`` is ``utf8`` as far as that can be read: a character may be spread over several tokens.
    """

    text: str
    utf8: tuple[int, ...]
    logprob: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of speech; ``start`` and ``end`` in seconds on the recording's clock.

    ``avg_logprob``, ``compression_ratio`` and ``no_speech_prob`` are Whisper's own measures of how far the
    text can be relied on, under the names that Whisper gives them. It was heard in a window that begins at
    ``window_start``, decoded at ``temperature``, as the tokens ``token_ids``. ``words`` and ``tokens`` are there where
    they were asked for.
    """

    start: float
    end: float
    text: str
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    window_start: float = 0.0
    temperature: float = 0.0
    token_ids: tuple[int, ...] = ()
    words: tuple[Word, ...] = ()
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything that was said in one recording of ``duration`` seconds."""

    language: str
    duration: float
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """The whole text on one line."""
        return joined(self.segments)


def joined(segments: "tuple[Segment, ...] | list[Segment]") -> str:
    """The text of ``segments`` on one line. Whisper writes the space between words, so none is added."""
    return "".join(segment.text for segment in segments).strip()
