"""The hands that do the work: each lane is a thread that takes one step after another from the batcher."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import replace

from whisper_api.speech.batcher import Batcher, Decode, Encode, Entry, Forget, StepFailed
from whisper_api.speech.decoder import Decoder, fitted
from whisper_api.speech.encoder import Encoded, Encoder
from whisper_api.speech.features import FRAMES_PER_SECOND, stretched
from whisper_api.speech.hypothesis import (
    LEAST_HEARD_SECONDS,
    Hypothesis,
    best_of,
    compression_ratio,
    unsaid,
    without_loops,
)
from whisper_api.speech.languages import are_alike
from whisper_api.speech.tokens import Vocabulary
from whisper_api.speech.words import Spoken, timed_words

# A text that ends so long before the speech does is taken up again from there. (Whisper itself does so only where the
# text ends with two times: what follows a single one it takes for silence. Here there is hardly any.) One that was
# broken off is taken up again unless next to nothing is left.
_UNHEARD_SECONDS = 1.5
_SHORTEST_REST_SECONDS = 0.2

# So likely, and of so much speech, is what a window is in, whatever its recording is in. English in a room that echoes
# was taken for Latin with 0.92.
_CERTAIN_LANGUAGE = 0.95
_CERTAIN_LANGUAGE_SECONDS = 3.0

logger = logging.getLogger(__name__)


class Lanes:
    """``count`` threads that encode and decode, and ``forget`` when it is time. They end when the batcher is closed."""

    def __init__(
        self, batcher: Batcher, encoder: Encoder, decoder: Decoder, vocabulary: Vocabulary, *, count: int,
        forget: Callable[[], None],
    ) -> None:  # fmt: skip
        self._batcher = batcher
        self._encoder = encoder
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._forget = forget
        self._threads = [
            threading.Thread(target=self._run, name=f"lane {number + 1}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for them to end, which they do after the step in hand."""
        if threading.current_thread() in self._threads:
            return  # the last reference to the engine was dropped in here
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (step := self._batcher.next()) is not None:
            self._carry_out(step)
            del step  # what was said must not stay until the next step comes

    def _carry_out(self, step: Encode | Decode | Forget) -> None:
        entries = [] if isinstance(step, Forget) else step.entries
        try:
            match step:
                case Forget():
                    self._forget()
                case Encode():
                    self._encode(entries)
                case Decode():
                    self._decode(entries)
        except Exception:
            logger.exception("A step with %d windows failed.", len(entries))
            for entry in entries:
                if len(entries) > 1:
                    entry.is_alone = True  # it may be another's fault, or too much at once
                else:
                    entry.line.detection.pass_over()
                    with suppress(InvalidStateError):
                        entry.spoken.set_exception(StepFailed())
        finally:
            self._batcher.done(step)

    def _encode(self, entries: list[Entry]) -> None:
        features = [stretched(entry.features, entry.encoder_seconds) for entry in entries]
        for entry, encoded in zip(entries, self._encoder.encode(features), strict=True):
            if not (entry.is_piece or entry.line.detection.was_told):
                self._detect_language(entry, encoded)
            if entry.line.options.task == "detect_language":
                self._finish(entry, unsaid(entry.seconds))
            else:
                entry.encoded = fitted(encoded, entry.decoder_seconds)

    def _detect_language(self, entry: Entry, encoded: Encoded) -> None:
        """Once for each window, and once more where it may be for the language that no text could be relied on."""
        detection = entry.line.detection
        if entry.rejected and detection.is_certain:
            return
        languages = self._decoder.detect_language(encoded, among=entry.line.options.languages)
        detection.guess(languages, entry.seconds)
        entry.spoken_language = usual = detection.language
        own = next(iter(languages))
        is_certain = languages[own] >= _CERTAIN_LANGUAGE and entry.seconds >= _CERTAIN_LANGUAGE_SECONDS
        if is_certain and (usual is None or not are_alike(own, usual)):
            entry.spoken_language = own

    def _decode(self, entries: list[Entry]) -> None:
        hypotheses = self._decoder.decode(
            [entry.encoded for entry in entries if entry.encoded is not None],
            [self._prompt(entry, entry.take_language()) for entry in entries],
            entries[0].attempt,
            speech_seconds=max(entry.seconds for entry in entries),
        )
        for entry, hypothesis in zip(entries, hypotheses, strict=True):
            if hypothesis.is_silence and _may_be_silence(entry):
                self._finish(entry, replace(hypothesis, tokens=(), text=""))
            elif hypothesis.is_reliable and not hypothesis.ended:
                self._finish(entry, self._with(hypothesis, self._vocabulary.up_to_last_time(hypothesis.tokens)))
            elif hypothesis.is_reliable or any(hypothesis.confirms(other) for other in entry.rejected):
                self._finish(entry, hypothesis)
            else:
                self._try_again(entry, hypothesis)

    def _try_again(self, entry: Entry, hypothesis: Hypothesis) -> None:
        entry.rejected.append(hypothesis)
        if len(entry.attempts) == 1:
            best = best_of(entry.rejected)
            # The last temperature, as in Whisper, so that it is no context for what follows.
            best = replace(self._with(best, without_loops(best.tokens)), temperature=hypothesis.temperature, ended=True)
            self._finish(entry, best)
        else:
            entry.give_up_attempt()

    def _with(self, hypothesis: Hypothesis, tokens: tuple[int, ...]) -> Hypothesis:
        text = self._vocabulary.text(tokens).strip()
        return replace(hypothesis, tokens=tokens, text=text, compression_ratio=compression_ratio(text))

    def _finish(self, entry: Entry, hypothesis: Hypothesis) -> None:
        rest = self._rest(entry, hypothesis)
        spoken = Spoken(hypothesis, rest=rest)
        options = entry.line.options
        if (options.words or options.tokens) and hypothesis.tokens:
            spoken = self._aligned(entry, spoken, entry.seconds if rest is None else rest)
        with suppress(InvalidStateError):  # it was called off in the meantime
            entry.spoken.set_result(spoken)

    def _rest(self, entry: Entry, hypothesis: Hypothesis) -> float | None:
        """Where the text is to be taken up again, in seconds of the window; None if it is complete."""
        heard = self._vocabulary.last_time(hypothesis.tokens)
        if heard is None or heard < LEAST_HEARD_SECONDS:
            return None
        unheard = entry.seconds - heard
        return heard if unheard >= (_UNHEARD_SECONDS if hypothesis.ended else _SHORTEST_REST_SECONDS) else None

    def _aligned(self, entry: Entry, spoken: Spoken, seconds: float) -> Spoken:
        """``spoken`` with the times of its words and the probabilities of its tokens, as far as they are asked for."""
        assert entry.encoded is not None
        assert entry.language is not None
        options, language = entry.line.options, entry.language
        start = self._vocabulary.prompt(options.task, language)
        text = self._vocabulary.spoken(spoken.hypothesis.tokens)
        frames = min(round(seconds * FRAMES_PER_SECOND), entry.encoded.shape[1] * 2)
        alignment = self._decoder.align(entry.encoded, start, text, frames=frames)
        if options.words:
            words = timed_words(alignment, *self._vocabulary.words(text, language), entry.features[:, :frames])
            spoken = replace(spoken, words=words)
        return replace(spoken, probabilities=tuple(alignment.probabilities)) if options.tokens else spoken

    def _prompt(self, entry: Entry, language: str) -> list[int]:
        return self._vocabulary.prompt(entry.line.options.task, language, entry.previous)


def _may_be_silence(entry: Entry) -> bool:
    """Whether the model is to be believed that nobody speaks.

    It has learned that on 30 s; of a shorter window it says so of what is hard to understand, too. So where voice
    activity has heard somebody, only the full window can tell.
    """
    return entry.attempt.whole or not entry.line.options.vad_filter
