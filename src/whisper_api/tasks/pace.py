"""How fast this machine turns speech into text, learnt from what it has just done."""

import math


class Pace:
    """Processing seconds that a second of audio takes, for all recordings together; the last minutes weigh most."""

    _MEMORY_SECONDS = 120.0
    # A short recording costs more than its length says: the encoder's window is a few seconds longer.
    _ON_TOP_SECONDS = 4.0

    def __init__(self) -> None:
        self._processing = 0.0
        self._audio = 0.0

    def learn(self, *, processing_seconds: float, audio_seconds: float) -> None:
        """So much was done in so much time."""
        weight = math.exp(-processing_seconds / self._MEMORY_SECONDS)
        self._processing = self._processing * weight + processing_seconds
        self._audio = self._audio * weight + audio_seconds

    def estimate(self, audio_seconds: float) -> float | None:
        """Processing seconds for a recording of so many; None before anything was learnt."""
        if not self._audio:
            return None
        return (audio_seconds + self._ON_TOP_SECONDS) * self._processing / self._audio
