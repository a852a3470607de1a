"""The model's second half: encoded windows in, and out comes what they may say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ctranslate2 import StorageView
from ctranslate2.models import Whisper, WhisperGenerationResult
from numpy.typing import NDArray

from whisper_api.speech.encoder import Encoded
from whisper_api.speech.hypothesis import Attempt, Hypothesis, compression_ratio
from whisper_api.speech.tokens import CONTEXT, TOKENS_PER_SECOND, Vocabulary
from whisper_api.speech.windows import LONGEST_SECONDS

_LATEST_FIRST_TIME = 1 * TOKENS_PER_SECOND  # as in Whisper (https://github.com/openai/whisper, decoding.py)

_CLEAR_LANGUAGE = 0.7

# Hindi is said at up to 18 tokens a second, English at 4; and so many come on top for the times. What is said in more,
# as in Burmese, is broken off and taken up again.
_TOKENS_A_SECOND = 20
_TOKENS_ON_TOP = 20

# Aligning a text takes its prompt, a token that there are no times, and one that ends it: no text must leave less.
_AROUND_ALIGNED = 5


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
