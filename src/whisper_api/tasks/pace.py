"""How fast this machine turns speech into text, learnt from what it has just done."""


class Pace:
    """Processing seconds that a second of audio takes: a mean in which recent recordings weigh most."""

    _WEIGHT = 0.3

    def __init__(self) -> None:
        self._seconds_per_second: float | None = None

    def learn(self, *, processing_seconds: float, audio_seconds: float) -> None:
        if audio_seconds <= 0:
            return
        latest = processing_seconds / audio_seconds
        before = latest if self._seconds_per_second is None else self._seconds_per_second
        self._seconds_per_second = before + self._WEIGHT * (latest - before)

    def estimate(self, audio_seconds: float) -> float | None:
        """Processing seconds for so much audio; None before anything was learnt."""
        return None if self._seconds_per_second is None else audio_seconds * self._seconds_per_second
