"""The model's second half: encoded windows in, tokens out, and a judgement whether they can be relied on."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ctranslate2 import StorageView
from ctranslate2.models import Whisper, WhisperGenerationResult
from numpy.typing import NDArray

from whisper_api.speech.encoder import Encoded
from whisper_api.speech.tokens import CONTEXT, TOKENS_PER_SECOND, Vocabulary
from whisper_api.speech.windows import LONGEST_SECONDS

# Whisper's own limits (https://github.com/openai/whisper, transcribe.py).
_COMPRESSION_RATIO_LIMIT = 2.4
_LOGPROB_LIMIT = -1.0
_NO_SPEECH_LIMIT = 0.6
_LATEST_FIRST_TIME = 1 * TOKENS_PER_SECOND
_TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
_LEAST_TEMPERATURE = 0.01  # below it nothing is left to chance, but for rounding
_BEST_OF = 5

_CLEAR_LANGUAGE = 0.7

# A loop is a phrase of at most so many tokens, so many times over.
_LONGEST_PHRASE = 16
_MOST_REPEATS = 5

# Hindi is said at up to 18 tokens a second, English at 4; and so many come on top for the times. What is said in more,
# as in Burmese, is broken off and taken up again.
_TOKENS_A_SECOND = 20
_TOKENS_ON_TOP = 20

# Aligning a text takes its prompt, a token that there are no times, and one that ends it: no text must leave less.
_AROUND_ALIGNED = 5

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


@dataclass(frozen=True, slots=True)
class Alignment:
    """A ``path`` of shape (steps, 2), each a token's index and a position of the encoder's output where it is heard.

    ``probabilities`` are the tokens', one each.
    """

    path: NDArray[np.int64]
    probabilities: list[float]


class Decoder:
    """A model and its vocabulary. It may be used from several threads, as many at a time as the model has workers."""

    def __init__(self, model: Whisper, vocabulary: Vocabulary) -> None:
        self._model = model
        self._vocabulary = vocabulary

    def detect_language(self, encoded: Encoded, *, among: Sequence[str] = ()) -> dict[str, float]:
        """How likely each language is, the likeliest first; only those ``among`` which to choose, if any are known.

        Those that are left out keep their share: what is likely to be another language is no certain one of these.

        A quarter of the encoder's output mostly tells as much as all of it. Where it does not, silence up to the 30 s
        that Whisper was trained on helps, and that the encoder has not seen it does not matter.
        """
        languages = self._detect(encoded[:, ::4], among)
        if max(languages.values()) >= _CLEAR_LANGUAGE:
            return languages
        return self._detect(fitted(encoded, LONGEST_SECONDS), among)

    def _detect(self, encoded: Encoded, among: Sequence[str]) -> dict[str, float]:
        view = StorageView.from_array(np.ascontiguousarray(encoded))
        languages = {token[2:-2]: probability for token, probability in self._model.detect_language(view)[0]}
        return {language: languages[language] for language in languages if language in among} or languages

    def decode(
        self, encoded: Sequence[Encoded], prompts: Sequence[Sequence[int]], attempt: Attempt, *, speech_seconds: float
    ) -> list[Hypothesis]:
        """Decode windows of one length, with so many seconds of speech at most, whose prompts are of one length."""
        prompt_length = len(prompts[0])
        most = CONTEXT - max(prompt_length, _AROUND_ALIGNED)
        room = min(int(speech_seconds * _TOKENS_A_SECOND) + _TOKENS_ON_TOP, most)
        sampled = attempt.temperature > 0
        results = self._model.generate(
            StorageView.from_array(np.concatenate(encoded)),
            [list(prompt) for prompt in prompts],
            beam_size=attempt.beam_size,
            num_hypotheses=attempt.hypotheses if sampled else 1,
            sampling_topk=0 if sampled else 1,
            sampling_temperature=attempt.temperature if sampled else 1,
            # CTranslate2 ends at half of this, or at this less the prompt but for its last token.
            max_length=max(2 * room, prompt_length - 1 + room),
            return_scores=True,
            return_no_speech_prob=True,
            max_initial_timestamp_index=_LATEST_FIRST_TIME,
            suppress_tokens=self._vocabulary.suppressed,
        )
        seconds = encoded[0].shape[1] / TOKENS_PER_SECOND
        return [self._hypothesis(result, attempt.temperature, seconds, room) for result in results]

    def align(
        self, encoded: Encoded, start_sequence: Sequence[int], tokens: Sequence[int], *, frames: int
    ) -> Alignment:
        """Where in the first ``frames`` of the window each token was heard."""
        view = StorageView.from_array(encoded)
        result = self._model.align(view, list(start_sequence), [list(tokens)], frames)[0]
        return Alignment(np.array(result.alignments), result.text_token_probs)

    def _hypothesis(self, result: WhisperGenerationResult, temperature: float, seconds: float, room: int) -> Hypothesis:
        tokens = tuple(result.sequences_ids[0])
        text = self._vocabulary.text(tokens).strip()
        return Hypothesis(
            tokens=tokens,
            text=text,
            # CTranslate2's score is a mean over the tokens, Whisper's over the tokens and the end of text.
            avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            compression_ratio=compression_ratio(text),
            no_speech_prob=result.no_speech_prob,
            ended=len(tokens) < room,
            seconds=seconds,
            until=self._vocabulary.last_time(self._vocabulary.up_to_last_time(tokens)),
            temperature=temperature,
        )


def fitted(encoded: Encoded, seconds: float) -> Encoded:
    """``encoded`` cut off after so many ``seconds``, or with the silence in its last second repeated up to them.

    What is cut off was silence that the encoder has seen nevertheless. What is repeated it has not seen: for a text
    that is less than 2 s, which does it no harm.
    """
    length = round(seconds * TOKENS_PER_SECOND)
    missing = length - encoded.shape[1]
    if missing <= 0:
        # A view would keep all of it, and of a batch the windows of others.
        return encoded if missing == 0 and encoded.base is None else encoded[:, :length].copy()
    silence = encoded[:, -TOKENS_PER_SECOND:]
    repeats = -(-missing // silence.shape[1])
    return np.concatenate((encoded, np.tile(silence, (1, repeats, 1))[:, :missing]), axis=1)


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
