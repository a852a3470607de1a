"""What the encoder sees of a sound: its log-mel spectrogram, as Whisper computes it."""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from whisper_api.speech.audio import SAMPLE_RATE

FRAMES_PER_SECOND = 100

_HOP = SAMPLE_RATE // FRAMES_PER_SECOND
_WIDTH = 400  # samples that one frame is computed from
_SILENCE = 800  # samples: more than one frame's
_LEAST_POWER = 1e-10
_RANGE = 8.0  # powers of ten: what is fainter than the loudest by more is raised to that
_AT_ONCE = 250  # frames: spectra take fifteen times the memory of their sound


class LogMel:
    """Spectrograms with ``mels`` bands: 80, or 128 for large-v3 and turbo."""

    def __init__(self, mels: int) -> None:
        self._filters: NDArray[np.float32] = FeatureExtractor(feature_size=mels).mel_filters
        self._window = np.hanning(_WIDTH + 1)[:-1].astype(np.float32)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The spectrogram of ``samples``, of shape (mels, frames), with a few frames of the silence after them."""
        sound = np.pad(np.pad(samples, (0, _SILENCE)), _WIDTH // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(sound, _WIDTH)[::_HOP][:-1]
        bands = np.empty((len(self._filters), len(frames)), np.float32)
        for first in range(0, len(frames), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            spectra = np.fft.rfft(frames[some] * self._window)
            np.matmul(self._filters, np.square(np.abs(spectra)).T, out=bands[:, some])
        np.log10(np.maximum(bands, _LEAST_POWER), out=bands)
        np.maximum(bands, bands.max() - _RANGE, out=bands)
        bands += 4
        bands /= 4
        return bands


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
