"""Speech cut into windows that Whisper can take, and the way back from a window's clock to the recording's.

A window holds at most 30 s. It is cut where somebody pauses, and long pauses are left out of it, so the time within
it is not the time in the recording: a window knows the spans that it was put together from.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.voice import FRAME, Sound

LONGEST_SECONDS = 30
"""What Whisper was trained on."""

# Speech begins above the one and ends below the other. Silero's own advice is 0.5 and 0.35, but of what comes over a
# telephone line (300 to 3400 Hz) that misses a quarter, and of some voices nearly all, which stay at 0.3. What is no
# speech stays below 0.15 for any second of it: noise, hum, melodies, clicks (docs/benchmarks.md).
_SPEECH_BEGINS = 0.3
_SPEECH_ENDS = 0.15
_LEAST_SPEECH = 1.5  # all probabilities of an utterance together, in frames; a melody's first note may have less

_SHORTEST_SPEECH = 3 * FRAME  # clicks are shorter
_SHORTEST_PAUSE = 6 * FRAME
_PADDING = int(0.4 * SAMPLE_RATE)
_LONGEST_PAUSE = SAMPLE_RATE
_BREAK = 4 * SAMPLE_RATE
_LEAST_FILL = 2 / 3

# The first words of a long recording should be there soon, but not in the middle of a sentence: Whisper likes to pass
# over what is left of it.
_FIRST_LEAST_FILL = 1 / 4
_FIRST_MOST_FILL = 1 / 2
_FIRST_LEAST_PAUSE = SAMPLE_RATE // 2


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the recording from sample ``start`` up to sample ``end``."""

    start: int
    end: int

    @property
    def samples(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Window:
    """Speech of at most 30 s: float32 ``samples`` of shape (samples,), those of ``spans`` one after another.

    ``pauses`` are where somebody pauses in it, one sample each.
    """

    spans: tuple[Span, ...]
    samples: NDArray[np.float32]
    pauses: tuple[int, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def start(self) -> float:
        """The recording's time at which this window begins."""
        return self.spans[0].start / SAMPLE_RATE

    @property
    def end(self) -> float:
        """The recording's time at which this window ends."""
        return self.spans[-1].end / SAMPLE_RATE

    def recorded(self, start: float, end: float) -> tuple[float, float]:
        """The recording's times, in seconds, of what lasts from ``start`` to ``end`` of this window.

        Of a pause that was left out, the two ends are still there. What begins in the first and goes on after the pause
        begins after it, and what ends in the second and began before the pause ended before it: Whisper likes to let
        a sentence begin where the one before it ended.
        """
        begin, ends = self._place(start)
        finish, _ = self._place(max(start, end))
        first = min(bisect_right(ends, begin), len(ends) - 1)
        last = bisect_left(ends, finish)
        if first < last and ends[first] - begin <= min(_PADDING, finish - ends[first]):
            first, begin = first + 1, ends[first]
        if first < last and finish - ends[last - 1] <= _PADDING:
            last, finish = last - 1, ends[last - 1]
        began = self._time(first, begin, ends)
        return began, max(self._time(last, finish, ends), began)

    def after(self, seconds: float) -> "Window":
        """What is left of this window after so many seconds of it."""
        sample, _ = self._place(seconds)
        return self._piece(sample, len(self.samples))

    def up_to(self, seconds: float) -> "Window":
        """The first so many seconds of this window."""
        sample, _ = self._place(seconds)
        return self._piece(0, sample)

    def halves(self) -> "tuple[Window, Window] | None":
        """What is said before the pause that is nearest to the middle, and after it.

        None where there is none that leaves a second on either side.
        """
        middle = min(self.pauses, key=lambda pause: abs(2 * pause - len(self.samples)), default=0)
        if not SAMPLE_RATE <= middle <= len(self.samples) - SAMPLE_RATE:
            return None
        return self._piece(0, middle), self._piece(middle, len(self.samples))

    def _piece(self, begin: int, end: int) -> "Window":
        spans, place = [], 0
        for span in self.spans:
            first, last = max(begin - place, 0), min(end - place, span.samples)
            if first < last:
                spans.append(Span(span.start + first, span.start + last))
            place += span.samples
        nothing = Span(self.spans[-1].end, self.spans[-1].end)
        pauses = tuple(pause - begin for pause in self.pauses if begin < pause < end)
        return Window(tuple(spans) or (nothing,), self.samples[begin:end], pauses)

    def _place(self, seconds: float) -> tuple[int, list[int]]:
        sample = min(max(round(seconds * SAMPLE_RATE), 0), len(self.samples))
        return sample, list(accumulate(span.samples for span in self.spans))

    def _time(self, index: int, sample: int, ends: list[int]) -> float:
        return (self.spans[index].end - ends[index] + sample) / SAMPLE_RATE


def cut(sounds: Iterator[Sound], *, longest_seconds: float = LONGEST_SECONDS) -> Iterator[Window | None]:
    """Cut a recording into windows of at most ``longest_seconds``, as soon as each is complete.

    After each sound comes None: it may be hours until somebody speaks again, and whoever iterates may have something
    else to do. What is kept in memory does not grow with the recording.
    """
    longest = int(longest_seconds * SAMPLE_RATE)
    tape = _Tape()
    utterances = _Utterances(longest - 2 * _PADDING)
    packer = _Packer(tape, longest)
    for sound in sounds:
        tape.append(sound.samples)
        for utterance in utterances.hear(sound.speech):
            yield from packer.add(utterance)
        if utterances.silence > _BREAK:
            yield from packer.finish()
        tape.forget(min(packer.needs, utterances.needs - _PADDING))
        yield None
    for utterance in utterances.finish(tape.end):
        yield from packer.add(utterance)
    yield from packer.finish()


class _Tape:
    """The samples of a recording that are still needed, by their place in it."""

    def __init__(self) -> None:
        self._start = 0
        self._samples = np.empty(0, np.float32)

    @property
    def end(self) -> int:
        return self._start + len(self._samples)

    def append(self, samples: NDArray[np.float32]) -> None:
        self._samples = np.concatenate((self._samples, samples))

    def forget(self, before: int) -> None:
        """Forget what lies before sample ``before``."""
        if before > self._start:
            self._samples = self._samples[before - self._start :].copy()
            self._start = before

    def window(self, spans: Sequence[Span], pauses: Sequence[int]) -> Window:
        """The samples of ``spans``; ``pauses`` are in the recording, too."""
        parts = [self._samples[span.start - self._start : span.end - self._start] for span in spans]
        places = (sum(min(max(pause - span.start, 0), span.samples) for span in spans) for pause in pauses)
        return Window(tuple(spans), np.concatenate(parts), tuple(places))


class _Utterances:
    """Finds where speech begins and where it pauses; an utterance has at most ``longest`` samples."""

    def __init__(self, longest: int) -> None:
        self._longest = longest // FRAME
        self._frame = 0
        self._begin: int | None = None
        self._silent_since: int | None = None
        self._speech: list[float] = []
        self._last_end = 0

    @property
    def needs(self) -> int:
        """The first sample that an utterance to come may hold."""
        return (self._frame if self._begin is None else self._begin) * FRAME

    @property
    def silence(self) -> int:
        """Samples since somebody last spoke."""
        return 0 if self._begin is not None else (self._frame - self._last_end) * FRAME

    def hear(self, speech: NDArray[np.float32]) -> Iterator[Span]:
        for probability in speech.tolist():
            if self._begin is None:
                if probability >= _SPEECH_BEGINS:
                    self._begin = self._frame
                    self._speech = [probability]
                    self._silent_since = None
            else:
                self._speech.append(probability)
                if probability >= _SPEECH_BEGINS:
                    self._silent_since = None
                elif probability < _SPEECH_ENDS and self._silent_since is None:
                    self._silent_since = self._frame
                if self._silent_since is not None and (self._frame - self._silent_since) * FRAME >= _SHORTEST_PAUSE:
                    yield from self._ended(self._silent_since)
                elif len(self._speech) >= self._longest:
                    yield self._forced_apart()
            self._frame += 1

    def finish(self, end: int) -> Iterator[Span]:
        """What was being said when the recording ended at sample ``end``."""
        if self._begin is not None:
            stop = self._frame if self._silent_since is None else self._silent_since
            yield from (Span(span.start, min(span.end, end)) for span in self._ended(stop))

    def _ended(self, end: int) -> Iterator[Span]:
        assert self._begin is not None
        span = Span(self._begin * FRAME, end * FRAME)
        speech = sum(self._speech[: end - self._begin])
        self._begin = self._silent_since = None
        if span.samples >= _SHORTEST_SPEECH and speech >= _LEAST_SPEECH:
            self._last_end = end
            yield span

    def _forced_apart(self) -> Span:
        """Somebody speaks on and on: cut where speech is least likely, in the last third."""
        assert self._begin is not None
        tail = int(len(self._speech) * _LEAST_FILL)
        length = tail + int(np.argmin(self._speech[tail:]))
        span = Span(self._begin * FRAME, (self._begin + length) * FRAME)
        self._begin = self._last_end = self._begin + length
        self._speech = self._speech[length:]
        if self._silent_since is not None and self._silent_since < self._begin:
            self._silent_since = self._begin
        return span


class _Packer:
    """Puts utterances into windows of at most ``longest`` samples."""

    def __init__(self, tape: _Tape, longest: int) -> None:
        self._tape = tape
        self._longest = longest
        self._utterances: list[Span] = []
        self._previous_end = -2 * _PADDING  # nobody claims the silence that a recording begins with
        self._is_first = True

    @property
    def needs(self) -> int:
        """The first sample that the next window may hold."""
        if self._utterances:
            return self._utterances[0].start - _PADDING
        return self._tape.end - _PADDING

    def add(self, utterance: Span) -> Iterator[Window]:
        if self._utterances and utterance.start - self._utterances[-1].end > _BREAK:
            yield from self.finish()
        while self._utterances and _length([*self._utterances, utterance]) > self._longest:
            yield self._window(self._best_cut(utterance), utterance)
        self._utterances.append(utterance)

    def finish(self) -> Iterator[Window]:
        """The last window before silence or the end of the recording."""
        if self._utterances:
            yield self._window(len(self._utterances), None)

    def _best_cut(self, following: Span) -> int:
        """How many utterances to take: up to the longest pause that leaves the window well filled."""
        pauses = [later.start - earlier.end for earlier, later in pairwise([*self._utterances, following])]
        fills = [_length(self._utterances[:count]) / self._longest for count in range(1, len(pauses) + 1)]
        counts = [count for count, fill in enumerate(fills, start=1) if fill >= _LEAST_FILL or count == len(fills)]
        if self._is_first:
            early = [
                count
                for count, (fill, pause) in enumerate(zip(fills, pauses, strict=True), start=1)
                if _FIRST_LEAST_FILL <= fill <= _FIRST_MOST_FILL and pause >= _FIRST_LEAST_PAUSE
            ]
            counts = early or counts
        return max(counts, key=lambda count: (pauses[count - 1], count))

    def _window(self, count: int, following: Span | None) -> Window:
        taken, self._utterances = self._utterances[:count], self._utterances[count:]
        if self._utterances:
            following = self._utterances[0]
        first, last = taken[0], taken[-1]
        start = max(first.start - min(_PADDING, (first.start - self._previous_end) // 2), 0)
        pause = _PADDING if following is None else min(_PADDING, (following.start - last.end) // 2)
        end = min(last.end + pause, self._tape.end)
        self._previous_end = last.end
        self._is_first = False
        pauses = [(earlier.end + later.start) // 2 for earlier, later in pairwise(taken) if earlier.end < later.start]
        return self._tape.window(_joined(taken, start, end), pauses)


def _joined(utterances: Sequence[Span], start: int, end: int) -> list[Span]:
    """The spans from ``start`` to ``end`` that hold the utterances and the shorter pauses between them."""
    spans = []
    for earlier, later in pairwise(utterances):
        if later.start - earlier.end > _LONGEST_PAUSE:
            spans.append(Span(start, earlier.end + _PADDING))
            start = later.start - _PADDING
    return [*spans, Span(start, end)]


def _length(utterances: Sequence[Span]) -> int:
    """The most samples that a window of these takes."""
    first, last = utterances[0], utterances[-1]
    return sum(span.samples for span in _joined(utterances, first.start - _PADDING, last.end + _PADDING))
