"""Voice activity: how likely it is, for every frame of a recording, that somebody speaks in it.

The network is Silero's (https://github.com/snakers4/silero-vad), as faster-whisper carries it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

FRAME = 512
"""Samples that one probability is about: 32 ms."""

_CONTEXT = 64
_STATE = (1, 1, 128)


@dataclass(frozen=True, slots=True)
class Sound:
    """The next stretch of a recording: float32 ``samples`` of shape (samples,) and ``speech`` of shape (frames,).

    ``speech[i]`` is the probability of speech in frame ``i``. The last frame of a recording may be cut off.
    """

    samples: NDArray[np.float32]
    speech: NDArray[np.float32]


class VoiceDetector:
    """The network, loaded once. It may listen to several recordings at the same time."""

    def __init__(self) -> None:
        self._session = get_vad_model().session

    def listen(self, pieces: Iterator[NDArray[np.float32]]) -> Iterator[Sound]:
        """Follow one recording, 16 kHz mono in pieces of any length."""
        hidden, cell = np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)
        context = np.zeros(_CONTEXT, np.float32)
        rest = np.empty(0, np.float32)
        for piece in pieces:
            samples = np.concatenate((rest, piece))
            whole = len(samples) - len(samples) % FRAME
            samples, rest = samples[:whole], samples[whole:]
            if whole:
                speech, hidden, cell = self._probabilities(samples, context, hidden, cell)
                context = samples[-_CONTEXT:]
                yield Sound(samples, speech)
        if len(rest):
            speech, _, _ = self._probabilities(np.pad(rest, (0, FRAME - len(rest))), context, hidden, cell)
            yield Sound(rest, speech)

    def _probabilities(
        self,
        samples: NDArray[np.float32],
        context: NDArray[np.float32],
        hidden: NDArray[np.float32],
        cell: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        frames = samples.reshape(-1, FRAME)
        before = np.concatenate((context[np.newaxis], frames[:-1, -_CONTEXT:]))
        inputs = {"input": np.concatenate((before, frames), axis=1), "h": hidden, "c": cell}
        speech, hidden, cell = self._session.run(None, inputs)
        return speech.reshape(-1), hidden, cell
