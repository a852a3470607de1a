"""How fast this machine turns speech into text, learnt from what it has just done."""


class Pace:
    """Processing seconds that a second of audio takes: a mean in which recent recordings weigh most."""

    _WEIGHT = 0.3
    # The encoder's window: a shorter recording takes as long as one of this length.
    _WINDOW_SECONDS = 30.0

    def __init__(self) -> None:
        self._seconds_per_second: float | None = None

    def learn(self, *, processing_seconds: float, audio_seconds: float) -> None:
        if audio_seconds <= 0:
            return
        latest = processing_seconds / max(audio_seconds, self._WINDOW_SECONDS)
        before = latest if self._seconds_per_second is None else self._seconds_per_second
        self._seconds_per_second = before + self._WEIGHT * (latest - before)

    def estimate(self, audio_seconds: float) -> float | None:
        """Processing seconds for so much audio; None before anything was learnt."""
        if self._seconds_per_second is None:
            return None
        return max(audio_seconds, self._WINDOW_SECONDS) * self._seconds_per_second
