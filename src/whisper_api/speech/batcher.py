"""Forms batches out of the windows of several recordings, so that everybody gets on.

It decides what is done next and knows nothing of models: whoever has a free hand asks :meth:`Batcher.next` for a step
and carries it out. Of several recordings the one that was given least goes first, and one that comes later starts
level with the others: it is start-time fair queueing (Goyal, Vin and Cheng, 1996) of windows, where what completes a
recording goes before its turn.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from whisper_api.speech.detection import MOST_GUESSES, Detection
from whisper_api.speech.encoder import Encoded
from whisper_api.speech.hypothesis import Attempt, Hypothesis
from whisper_api.speech.options import Options
from whisper_api.speech.plan import Plan
from whisper_api.speech.windows import LONGEST_SECONDS
from whisper_api.speech.words import Spoken

_FORGOTTEN_WITHIN_SECONDS = 10.0  # while some go on, who wait for it; when nobody does, at once


class Cancelled(Exception):
    """The recording was called off."""


class StepFailed(Exception):
    """A window could not be encoded or decoded, not even alone; the log says why."""


class Line:
    """The windows of one recording, in their order.

    ``given`` is what it had of the device so far, in seconds of encoded windows or what takes as long: its start tag.
    """

    def __init__(self, options: Options, *, arrival: int, given: float, language: str | None) -> None:
        self.options = options
        self.arrival = arrival
        self.given = given
        self.has_started = False
        self.was_decoded = False
        self.is_complete = False
        self.was_left = False
        self.detection = Detection(language, most_guesses=1 if options.condition_on_previous_text else MOST_GUESSES)

    @property
    def language(self) -> str | None:
        return self.detection.language


@dataclass(eq=False, slots=True)
class Entry:
    """One window on its way: its spectrogram goes in, and ``spoken`` comes out.

    ``features`` is of shape (mels, frames), without margin, and ``seconds`` of speech are in it; the encoder is to see
    a window of ``encoder_seconds``, the decoder one of ``decoder_seconds``. ``previous`` is the text before it, as
    tokens. Of ``attempts`` the first is to be made next; what came of those before, in ``language``, was ``rejected``.
    ``spoken_language`` is what it was taken for as it was encoded, if anything, since what comes later must not matter.
    One that ``is_piece`` of another is in what that is in, and one that ``is_alone`` gets no company.
    """

    line: Line
    features: NDArray[np.float32]
    seconds: float
    encoder_seconds: float
    decoder_seconds: float
    attempts: Sequence[Attempt]
    previous: tuple[int, ...] = ()
    encoded: Encoded | None = None
    spoken_language: str | None = None
    language: str | None = None
    rejected: list[Hypothesis] = field(default_factory=list)
    is_piece: bool = False
    is_alone: bool = False
    spoken: "Future[Spoken]" = field(default_factory=Future)

    @property
    def attempt(self) -> Attempt:
        return self.attempts[0]

    def take_language(self) -> str:
        """What it is to be decoded in, as far as that is known by now; what was rejected in another does not count."""
        language = self.spoken_language or self.line.language
        assert language is not None
        if language != self.language:
            self.language, self.rejected = language, []
        return language

    def give_up_attempt(self) -> None:
        """Turn to the next attempt, which may need the window to be encoded anew."""
        self.attempts = self.attempts[1:]
        if self.attempt.whole and self.encoder_seconds < LONGEST_SECONDS:
            self.encoder_seconds = self.decoder_seconds = LONGEST_SECONDS
            self.encoded = None

    @property
    def company(self) -> Hashable:
        """What windows must have in common to be decoded together."""
        return self.decoder_seconds, len(self.previous), self.attempt, self if self.is_alone else None


@dataclass(frozen=True, slots=True)
class Encode:
    """Windows of one length, to be encoded."""

    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Decode:
    """Encoded windows that go together, to be decoded."""

    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Forget:
    """What was computed must not stay, for those who are gone, nor pile up, for those who are not."""


class Batcher:
    """Where windows wait. All methods may be called from any thread."""

    def __init__(self, plan: Plan, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._lines: list[Line] = []
        self._unsaid: dict[Line, list[Entry]] = {}  # of those that have any: what waits, and what is in hand
        self._waiting: list[Entry] = []
        self._in_hand: list[Encode | Decode] = []
        self._arrivals = 0
        self._level = 0.0  # where newcomers start: it rises as fast as what each of those at hand is given
        self._to_forget = False
        self._forgetting = False
        self._forgot = clock()
        self._closed = False
        # Its lock lets a thread in that has it already: an engine that nobody uses any more is closed wherever Python
        # notices, in here too.
        self._changed = threading.Condition(threading.RLock())

    @property
    def recordings(self) -> int:
        """How many have windows here, at least 1."""
        with self._changed:
            return max(len(self._unsaid), 1)

    def join(self, options: Options, *, language: str | None) -> Line:
        """A new recording; its windows are :meth:`put`, and it ends with :meth:`complete` or :meth:`leave`."""
        with self._changed:
            if self._closed:
                raise Cancelled
            self._arrivals += 1
            if not self._lines:
                self._forgot = self._clock()
            line = Line(options, arrival=self._arrivals, given=self._level, language=language)
            self._lines.append(line)
            return line

    def put(self, entry: Entry) -> None:
        """Have a window done. Its ``spoken`` raises Cancelled once its line is left."""
        with self._changed:
            if entry.line.was_left:
                entry.spoken.set_exception(Cancelled())
                return
            self._unsaid.setdefault(entry.line, []).append(entry)
            self._wait(entry)
            self._changed.notify_all()

    def settle(self, line: Line) -> None:
        """Nobody has spoken for a while in ``line``: its language is what it seems to be by now."""
        with self._changed:
            line.detection.settle()
            self._changed.notify_all()

    def complete(self, line: Line) -> None:
        """``line`` was read to its end: only pieces of windows that were put before may still come."""
        with self._changed:
            line.is_complete = True
            self._changed.notify_all()

    def leave(self, line: Line) -> None:
        """``line`` wants nothing any more: what waits of it is dropped."""
        with self._changed:
            line.was_left = True
            self._to_forget = True  # voice activity was told even of one without a window
            if line in self._lines:
                self._lines.remove(line)
            for entry in self._unsaid.pop(line, ()):
                with suppress(InvalidStateError):  # it was done just now, or has been left before
                    entry.spoken.set_exception(Cancelled())
            self._waiting = [entry for entry in self._waiting if entry.line is not line]
            self._changed.notify_all()

    def close(self) -> None:
        """End for good: everything that waits is cancelled, and :meth:`next` answers None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            lines = list(self._lines)
        for line in lines:
            self.leave(line)

    def next(self) -> Encode | Decode | Forget | None:
        """The next step, waited for; None when there will be no more."""
        with self._changed:
            while not self._closed:
                if self._seconds_until_forgetting() == 0:
                    self._to_forget, self._forgetting = False, True
                    return Forget()
                step = self._choose()
                if step is not None and not self._closed:  # which it may have been in there
                    self._waiting = [entry for entry in self._waiting if entry not in step.entries]
                    self._in_hand.append(step)
                    self._give(step)
                    for entry in step.entries:
                        entry.line.has_started = True
                        entry.line.was_decoded |= isinstance(step, Decode)
                    return step
                if not self._closed:
                    self._changed.wait(self._seconds_until_forgetting())
            return None

    def done(self, step: Encode | Decode | Forget) -> None:
        """The step was carried out; what is not finished goes on waiting for its next one."""
        with self._changed:
            if isinstance(step, Forget):
                self._forgetting, self._forgot = False, self._clock()
            else:
                self._in_hand.remove(step)
                self._to_forget = True
                for entry in step.entries:
                    if entry.spoken.done():
                        self._drop(entry)
                    else:
                        self._wait(entry)
            self._changed.notify_all()

    def _seconds_until_forgetting(self) -> float | None:
        """None where there is nothing to forget, or somebody is at it."""
        if not self._to_forget or self._forgetting:
            return None
        nobody_is_left = not self._lines and not self._in_hand
        return 0 if nobody_is_left else max(self._forgot + _FORGOTTEN_WITHIN_SECONDS - self._clock(), 0)

    def _give(self, step: Encode | Decode) -> None:
        """Put down what the lines of ``step`` are given, and raise the level by each line's share of it.

        If it did not rise, a stream of short recordings could keep a long one from ever being served.
        """
        costs = [(entry.line, _cost(entry, step)) for entry in step.entries]
        share = sum(cost for _, cost in costs) / self.recordings
        self._level = max(self._level + share, min(line.given for line, _ in costs))
        for line, cost in costs:
            line.given += cost

    def _wait(self, entry: Entry) -> None:
        """Put ``entry`` to those that wait; what its line could have had while it had nothing is not saved up."""
        if all(other.encoded is not None for other in self._of(entry.line) if other is not entry):
            entry.line.given = max(entry.line.given, self._level)
        self._waiting.append(entry)

    def _drop(self, entry: Entry) -> None:
        if entry in self._of(entry.line):  # it is gone where its line was left
            self._unsaid[entry.line].remove(entry)
            if not self._unsaid[entry.line]:
                del self._unsaid[entry.line]

    def _choose(self) -> Encode | Decode | None:
        for line in list(self._lines):
            self._settle_language(line)
        to_encode = [entry for entry in self._waiting if entry.encoded is None]
        steps: list[Encode | Decode] = []
        if to_encode:
            steps.append(Encode(self._encoded_together(to_encode)))
        decodes = [Decode(entries) for entries in self._decodable(to_encode)]
        if to_encode and self._all_others_decode:
            decodes = [step for step in decodes if self._completes(step)]
        steps += decodes
        return min(steps, key=self._rank, default=None)

    @property
    def _all_others_decode(self) -> bool:
        """One hand stays free of batches that complete nothing, so that whoever comes now need not wait for them."""
        decoding = sum(isinstance(step, Decode) for step in self._in_hand)
        return self._plan.lanes > 1 and decoding >= self._plan.lanes - 1

    def _rank(self, step: Encode | Decode) -> tuple[bool, float, bool, bool, int]:
        """The smallest goes first: what completes a recording, then whoever was given least."""
        line = min((entry.line for entry in step.entries), key=_precedence)
        completes = isinstance(step, Decode) and self._completes(step)
        return (not completes, *_precedence(line)[:2], isinstance(step, Encode), line.arrival)

    def _encoded_together(self, to_encode: list[Entry]) -> list[Entry]:
        first = min(to_encode, key=lambda entry: _precedence(entry.line))
        if first.is_alone:
            return [first]
        alike = [entry for entry in to_encode if entry.encoder_seconds == first.encoder_seconds and not entry.is_alone]
        return _by_turns(alike)[: self._plan.encoded_at_once]

    def _decodable(self, to_encode: list[Entry]) -> list[list[Entry]]:
        """The batches that need not wait for company."""
        # One whose language is not made out may yet wait for hours of it to be read: it keeps nobody waiting.
        ready = _by_company(e for e in self._waiting if e.encoded is not None and e.line.language is not None)
        in_hand = _by_company(entry for step in self._in_hand if isinstance(step, Encode) for entry in step.entries)
        coming = _by_company(to_encode)
        batches = []
        for company, entries in ready.items():
            largest = self._plan.decoded_at_once(entries[0].decoder_seconds, hypotheses=entries[0].attempt.hypotheses)
            # The first words of a recording, and its last, wait for each other recording's next window at most.
            urgent = [entry for entry in entries if self._is_last(entry) or not entry.line.was_decoded]
            # Not for one whose turn comes later than theirs: that may be after all others'.
            latest = min((entry.line.given for entry in urgent), default=max(entry.line.given for entry in entries))
            others = in_hand[company] + [entry for entry in coming[company] if entry.line.given <= latest]
            if urgent:
                here = {entry.line for entry in entries}
                others = [entry for entry in others if entry.line not in here]
            if len(entries) >= largest or not others:
                batches.append(_by_turns(entries)[:largest])
        return batches

    def _completes(self, step: Decode) -> bool:
        return any(self._is_last(entry) for entry in step.entries)

    def _is_last(self, entry: Entry) -> bool:
        return entry.line.is_complete and self._of(entry.line) == [entry]

    def _of(self, line: Line) -> list[Entry]:
        """What of ``line`` waits or is in hand."""
        return self._unsaid.get(line, [])

    def _settle_language(self, line: Line) -> None:
        if line.language is None and line.is_complete and all(e.encoded is not None for e in self._of(line)):
            line.detection.settle()


def _cost(entry: Entry, step: Encode | Decode) -> float:
    """What ``step`` takes of the device for ``entry``, in seconds of encoded windows.

    Each hypothesis of a text is decoded in about half the time that its window is encoded in.
    """
    return entry.encoder_seconds if isinstance(step, Encode) else entry.encoder_seconds * entry.attempt.hypotheses / 2


def _by_company(entries: Iterable[Entry]) -> dict[Hashable, list[Entry]]:
    groups: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.company].append(entry)
    return groups


def _precedence(line: Line) -> tuple[float, bool, int]:
    return line.given, line.has_started, line.arrival


def _by_turns(entries: list[Entry]) -> list[Entry]:
    """The first entry of each line, of the one that was given least first, then the second of each, and so on."""
    turns: dict[Line, int] = defaultdict(int)
    ranked = []
    for position, entry in enumerate(entries):
        ranked.append((turns[entry.line], _precedence(entry.line), position, entry))
        turns[entry.line] += 1
    return [entry for *_, entry in sorted(ranked, key=lambda item: item[:3])]
