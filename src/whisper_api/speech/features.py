"""What the encoder sees of a sound: its log-mel spectrogram, as Whisper computes it."""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

FRAMES_PER_SECOND = 100
_SILENCE = 400  # samples: more than one frame of the Fourier transform


class LogMel:
    """Spectrograms with ``mels`` bands: 80, or 128 for large-v3 and turbo."""

    def __init__(self, mels: int) -> None:
        self._extract = FeatureExtractor(feature_size=mels)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The spectrogram of ``samples``, of shape (mels, frames), with a few frames of the silence after them."""
        features: NDArray[np.float32] = self._extract(np.pad(samples, (0, 2 * _SILENCE)), padding=0)
        return features


def stretched(features: NDArray[np.float32], seconds: float) -> NDArray[np.float32]:
    """``features`` followed by silence, or cut off, so that they last for ``seconds``.

    Silence has one and the same value in all of a spectrogram, so this is what the spectrogram of the longer sound
    would be.
    """
    frames = round(seconds * FRAMES_PER_SECOND)
    missing = frames - features.shape[1]
    if missing <= 0:
        return np.ascontiguousarray(features[:, :frames])
    return np.concatenate((features, np.repeat(features[:, -1:], missing, axis=1)), axis=1)
