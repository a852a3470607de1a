"""One recording on its way to text: it is read, cut and sent to the batcher, and what comes back is put in order."""

import math
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whisper_api.speech import audio
from whisper_api.speech.batcher import Batcher, Cancelled, Entry, StepFailed
from whisper_api.speech.detection import MOST_GUESSES
from whisper_api.speech.errors import UnreadableRecording
from whisper_api.speech.features import LogMel
from whisper_api.speech.hypothesis import attempts
from whisper_api.speech.options import Options
from whisper_api.speech.plan import Plan
from whisper_api.speech.tokens import CONTEXT, Vocabulary
from whisper_api.speech.voice import Sound, VoiceDetector
from whisper_api.speech.waveform import Waveform
from whisper_api.speech.windows import LONGEST_SECONDS, Window, cut
from whisper_api.speech.words import Spoken, TimedWord
from whisper_api.transcript import Segment, Token, Word

# What was guessed at a high temperature is no good context, and is forgotten as in Whisper.
_TRUSTED_TEMPERATURE = 0.5

# No window of those who read English aloud has less than 2 (docs/benchmarks.md), other languages have more; but who
# counts slowly has less, and is no worse for it than for the time it takes.
_SPARSE_TOKENS_A_SECOND = 1.5
_SPARSE_SECONDS = 5.0
_MORE = 1.25
_MORE_TOKENS = 2

# After so many sounds, of 10 s, without a new window what was said is not held back any more for the language's sake.
_SOUNDS_OF_A_WHILE = 6

_LEAST_PROBABILITY = 1e-9  # a float that has come out as 0 has a logarithm all the same


@dataclass(frozen=True, slots=True)
class Part:
    """What was said up to ``until``, in seconds of the recording, since the part before."""

    segments: tuple[Segment, ...]
    until: float


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Parts:
    """What an engine is made of, as each of its recordings uses it."""

    voice: VoiceDetector
    log_mel: LogMel
    vocabulary: Vocabulary
    batcher: Batcher
    plan: Plan


class Transcription:
    """Iterate over it for its segments, or over :meth:`parts` for what each window brings, once.

    ``language`` and ``duration`` are known as soon as the one has been made out and the other read to its end;
    ``language`` is what most of the speech so far is in, and stays None where nobody speaks. ``waveform`` grows as it
    is read. Raises UnreadableRecording, and Cancelled after :meth:`cancel`, which is also for one that is not wanted
    after all.
    """

    def __init__(self, engine: Parts, recording: audio.Recording, options: Options, *, language: str | None) -> None:
        self._engine = engine
        self._recording = recording
        self._options = options
        self._line = engine.batcher.join(options, language=language)
        # One that nobody iterates over leaves, too.
        self._abandoned = weakref.finalize(self, engine.batcher.leave, self._line)
        self._abandoned.atexit = False
        self._previous_end = 0.0
        self._said: list[int] = []
        self._samples = 0
        self.waveform = Waveform()
        self.duration: float | None = None

    @property
    def language(self) -> str | None:
        return self._line.language

    @property
    def language_probability(self) -> float | None:
        """How likely that is; None unless it was detected."""
        return self._line.detection.probability

    @property
    def languages(self) -> dict[str, float]:
        """How likely each language is, the likeliest first; none where nobody speaks."""
        return self._line.detection.probabilities

    def __iter__(self) -> Iterator[Segment]:
        for part in self.parts():
            yield from part.segments

    def parts(self) -> Iterator[Part]:
        """The text, window by window, each as soon as it and all before it are done.

        Where only the language is asked for, this ends as soon as that is made out, mostly after the first window.
        """
        sounds = self._engine.voice.listen(self._pieces())
        if not self._options.vad_filter:
            sounds = map(_as_speech, sounds)
        windows = cut(sounds, longest_seconds=self._engine.plan.speech_seconds)
        sent: deque[tuple[Window, Entry]] = deque()
        quiet = 0
        try:
            while True:
                while self._may_read_on(sent):
                    try:
                        window = next(windows)
                    except StopIteration:
                        self._engine.batcher.complete(self._line)
                    else:
                        if window is not None:
                            sent.append((window, self._send(window)))
                        quiet = quiet + 1 if window is None else 0
                        if self.language is None and quiet > _SOUNDS_OF_A_WHILE:
                            self._engine.batcher.settle(self._line)
                if not sent:
                    break
                yield self._part(*sent.popleft())
                if self._has_heard_enough:
                    break
            self._line.detection.settle()
        finally:
            self._abandoned.detach()
            self._engine.batcher.leave(self._line)

    def cancel(self) -> None:
        """Call it off, from any thread."""
        self._engine.batcher.leave(self._line)

    @property
    def _only_listens(self) -> bool:
        return self._options.task == "detect_language"

    @property
    def _has_heard_enough(self) -> bool:
        return self._only_listens and self.language is not None

    def _may_read_on(self, sent: Sequence[tuple[Window, Entry]]) -> bool:
        """Whether there is more to read that is wanted, room for it, and nothing to tell first."""
        if self._line.is_complete or self._has_heard_enough or len(sent) >= self._windows_ahead:
            return False
        return not sent or not sent[0][1].spoken.done()

    @property
    def _windows_ahead(self) -> int:
        """Its share of what keeps all lanes busy; only one where the one before decides what comes next."""
        if self._options.condition_on_previous_text or self._only_listens:
            return 1
        share = -(-self._engine.plan.windows_ahead // self._engine.batcher.recordings)
        return max(share, MOST_GUESSES)

    def _pieces(self) -> Iterator[NDArray[np.float32]]:
        for piece in audio.decode(
            self._recording, max_seconds=self._options.max_seconds, is_wanted=lambda: not self._line.was_left
        ):
            if self._line.was_left:
                break
            self._samples += len(piece)
            self.waveform.add(piece)
            yield piece
        if self._line.was_left:
            raise Cancelled
        if not self._samples:
            raise UnreadableRecording(audio.NO_SOUND)
        self.duration = self._samples / audio.SAMPLE_RATE

    def _send(self, window: Window, *, piece_of: Entry | None = None) -> Entry:
        plan = self._engine.plan
        encoder_seconds = plan.encoder_seconds(window.seconds)
        entry = Entry(
            line=self._line,
            features=self._engine.log_mel(window.samples),
            seconds=window.seconds,
            encoder_seconds=encoder_seconds,
            decoder_seconds=plan.decoder_seconds(window.seconds),
            attempts=attempts(
                self._options.beam_size,
                whole=encoder_seconds >= LONGEST_SECONDS,
                temperature=self._options.temperature,
            ),
            previous=self._previous(),
            spoken_language=None if piece_of is None else piece_of.spoken_language,
            is_piece=piece_of is not None,
        )
        self._engine.batcher.put(entry)
        return entry

    def _previous(self) -> tuple[int, ...]:
        options = self._options
        return self._engine.vocabulary.previous(
            hotwords=options.hotwords or "", prompt=options.prompt or "", said=self._said
        )

    def _part(self, window: Window, entry: Entry) -> Part:
        segments = [one for piece, spoken in self._heard(window, entry) for one in self._segments(piece, spoken)]
        return Part(tuple(segments), window.end)

    def _heard(self, window: Window, entry: Entry) -> list[tuple[Window, Spoken]]:
        """What was said in ``window``, which ``entry`` is about, piece by piece."""
        heard: list[tuple[Window, Spoken]] = []
        while True:
            before = self._said
            spoken = _result(entry)
            self._remember(spoken)
            piece = window if spoken.rest is None else window.up_to(spoken.rest)
            heard += self._better(piece, entry, spoken, before) or [(window, spoken)]
            if spoken.rest is None:
                return heard
            window = window.after(spoken.rest)
            entry = self._send(window, piece_of=entry)

    def _better(self, window: Window, entry: Entry, spoken: Spoken, before: list[int]) -> list[tuple[Window, Spoken]]:
        """What was said in the halves of ``window``, where that is better, else nothing.

        ``spoken`` is what came of its ``entry``, and ``before`` what had been said before it.
        Where the same is said again and again, Whisper likes to write it down once. So a text that is short for its
        speech has to stand against those of the window's halves.
        """
        if not self._is_sparse(window, spoken) or (halves := window.halves()) is None:
            return []
        said, self._said = self._said, before
        sent: Iterable[tuple[Window, Entry]] = ((half, self._send(half, piece_of=entry)) for half in halves)
        if not self._options.condition_on_previous_text:
            sent = list(sent)  # side by side
        try:
            again = [piece for half, entry in sent for piece in self._heard(half, entry)]
        except StepFailed:
            again = []
        if again and self._is_better(again, spoken):
            return again
        self._said = said
        return []

    def _remember(self, spoken: Spoken) -> None:
        if self._options.condition_on_previous_text:
            trusted = spoken.hypothesis.temperature <= _TRUSTED_TEMPERATURE
            self._said = [*self._said, *spoken.hypothesis.tokens][-CONTEXT:] if trusted else []

    def _is_sparse(self, window: Window, spoken: Spoken) -> bool:
        return 0 < self._length(spoken) < _SPARSE_TOKENS_A_SECOND * window.seconds and window.seconds >= _SPARSE_SECONDS

    def _is_better(self, pieces: Sequence[tuple[Window, Spoken]], than: Spoken) -> bool:
        """Whether they say more, and on average what is likelier: what is misheard may be longer, too.

        What could be relied on in no other way than by chance is not.
        """
        said = [(self._length(spoken), spoken.hypothesis) for _, spoken in pieces]
        length = sum(tokens for tokens, _ in said)
        logprob = sum(tokens * hypothesis.avg_logprob for tokens, hypothesis in said)
        return (
            length >= max(_MORE * self._length(than), self._length(than) + _MORE_TOKENS)
            and logprob > length * than.hypothesis.avg_logprob
            and all(hypothesis.temperature <= self._options.temperature for tokens, hypothesis in said if tokens)
        )

    def _length(self, spoken: Spoken) -> int:
        return len(self._engine.vocabulary.spoken(spoken.hypothesis.tokens))

    def _segments(self, window: Window, spoken: Spoken) -> Iterator[Segment]:
        words, due = deque(spoken.words), 0
        probabilities = iter(spoken.probabilities)
        vocabulary, hypothesis = self._engine.vocabulary, spoken.hypothesis
        for passage in vocabulary.passages(hypothesis.tokens, window.seconds):
            tokens = [self._token(token, one) for token, one in zip(passage.tokens, probabilities, strict=False)]
            due += len(passage.tokens)
            timed: list[TimedWord] = []
            while words and due > 0:  # a word, or a mark at its end, may reach into the next passage
                due -= words[0].tokens
                timed.append(words.popleft())
            text = vocabulary.text(passage.tokens)
            if not text.strip():
                continue
            if timed:  # they tell it better
                passage = replace(passage, start=timed[0].start, end=timed[-1].end)
            start, end = self._times(window, passage.start, passage.end)
            yield Segment(
                start=start,
                end=end,
                text=text,
                avg_logprob=hypothesis.avg_logprob,
                compression_ratio=hypothesis.compression_ratio,
                no_speech_prob=hypothesis.no_speech_prob,
                window_start=window.start,
                temperature=hypothesis.temperature,
                token_ids=passage.tokens,
                words=tuple(self._words(window, timed, start, end)),
                tokens=tuple(tokens),
            )
            self._previous_end = end

    def _token(self, token: int, probability: float) -> Token:
        utf8 = self._engine.vocabulary.utf8(token)
        return Token(utf8.decode("utf-8", "replace"), tuple(utf8), math.log(max(probability, _LEAST_PROBABILITY)))

    def _words(self, window: Window, timed: list[TimedWord], earliest: float, latest: float) -> Iterator[Word]:
        for word in timed:
            start, end = window.recorded(word.start, word.end)
            start = min(max(start, earliest), latest)
            earliest = end = min(max(end, start), latest)
            yield Word(word.text, start, end, word.probability)

    def _times(self, window: Window, start: float, end: float) -> tuple[float, float]:
        """On the recording's clock, and not before the segment before has ended."""
        start, end = window.recorded(start, end)
        start = max(start, self._previous_end)
        return start, max(end, start)


def _as_speech(sound: Sound) -> Sound:
    """All of it is speech, and where it is least likely to be, is still the place to cut."""
    return replace(sound, speech=(sound.speech + np.float32(1)) * np.float32(0.5))


def _result(entry: Entry) -> Spoken:
    if (error := entry.spoken.exception()) is not None:
        # A new one: with a traceback, the one that is stored would keep the window, and itself, alive.
        raise type(error)
    return entry.spoken.result()
