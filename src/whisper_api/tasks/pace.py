"""How fast this machine turns speech into text, learnt from what it has just done, and so how long others will wait."""

import math
from collections.abc import Sequence
from heapq import heappop, heappush


class Pace:
    """Processing seconds that a second of audio takes, for all recordings together; the last minutes weigh most."""

    _MEMORY_SECONDS = 120.0
    # A short recording costs more than its length says: the encoder's window is a few seconds longer.
    _ON_TOP_SECONDS = 4.0

    def __init__(self) -> None:
        self._processing = 0.0
        self._audio = 0.0

    def learn(self, *, processing_seconds: float, audio_seconds: float, share: float = 1) -> None:
        """So much was done in so much time, on such a ``share`` of the machine: a clip alone leaves some of it idle."""
        processing_seconds *= share
        weight = math.exp(-processing_seconds / self._MEMORY_SECONDS)
        self._processing = self._processing * weight + processing_seconds
        self._audio = self._audio * weight + audio_seconds

    def estimate(self, audio_seconds: float) -> float | None:
        """Processing seconds for a recording of so many; None before anything was learnt."""
        if not self._audio:
            return None
        return (audio_seconds + self._ON_TOP_SECONDS) * self._processing / self._audio


def seconds_until_done(index: int, remaining: Sequence[float], *, places: int) -> float:
    """When the recording at ``index`` is done, of several that would take ``remaining`` seconds each if alone.

    The first ones have ``places`` and share the machine evenly; the others wait, and each in turn takes the place that
    becomes free. Such processor sharing is reckoned in the seconds that each of those with a place was given.
    """
    given = elapsed = 0.0
    ends: list[tuple[float, int]] = []
    for position, seconds in enumerate(remaining):
        if len(ends) == places:
            given, elapsed, done = _next_end(ends, given, elapsed)
            if done == index:
                return elapsed
        heappush(ends, (given + seconds, position))
    while True:
        given, elapsed, done = _next_end(ends, given, elapsed)
        if done == index:
            return elapsed


def _next_end(ends: list[tuple[float, int]], given: float, elapsed: float) -> tuple[float, float, int]:
    sharing = len(ends)
    end, position = heappop(ends)
    return end, elapsed + (end - given) * sharing, position
