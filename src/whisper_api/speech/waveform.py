"""How loud a recording is all along, for whoever wants to draw it."""

import numpy as np
from numpy.typing import NDArray

from whisper_api.speech.audio import SAMPLE_RATE

MOST_PEAKS = 4000
"""More than a screen has room for. Half of them at the least, unless the recording is shorter than 20 s."""

_SHORTEST_STRETCH = SAMPLE_RATE // 100
_DIGITS = 5  # what is quiet has a shape, too


class Waveform:
    """The loudest sample of every stretch of a recording that is handed over piece by piece.

    All stretches are of one length, but for the last, which may be shorter; how long they are depends on the recording.
    """

    def __init__(self) -> None:
        self._stretch = _SHORTEST_STRETCH
        self._peaks = np.empty(0, np.float32)
        self._rest = np.empty(0, np.float32)

    def add(self, samples: NDArray[np.float32]) -> None:
        """The next ``samples``, of shape (samples,)."""
        samples = np.concatenate((self._rest, np.abs(samples)))
        while count := min(len(samples) // self._stretch, MOST_PEAKS - len(self._peaks)):
            stretches, samples = np.split(samples, [count * self._stretch])
            self._peaks = np.append(self._peaks, stretches.reshape(count, self._stretch).max(axis=1))
            if len(self._peaks) == MOST_PEAKS:
                self._peaks = self._peaks.reshape(-1, 2).max(axis=1)
                self._stretch *= 2
        self._rest = samples.copy()  # a part of an array would keep all of it

    @property
    def peaks(self) -> tuple[float, ...]:
        """From 0 to 1, in their order."""
        last = [self._rest.max()] if len(self._rest) else []
        return tuple(round(min(float(peak), 1.0), _DIGITS) for peak in (*self._peaks, *last))
