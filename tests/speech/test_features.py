"""Spectrograms, and how they are made longer without being computed anew."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.features import FRAMES_PER_SECOND, LogMel, stretched

MELS = (80, 128)


def noise(length: int, *, seed: int = 1, loudness: float = 0.1) -> NDArray[np.float32]:
    return (loudness * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)


def whole(samples: NDArray[np.float32], mels: int, seconds: int) -> NDArray[np.float32]:
    """The spectrogram of ``samples`` followed by silence, as Whisper itself computes it."""
    padded = np.pad(samples, (0, (seconds + 1) * SAMPLE_RATE - len(samples)))
    features: NDArray[np.float32] = FeatureExtractor(feature_size=mels)(padded, padding=0)
    return features[:, : seconds * FRAMES_PER_SECOND]


@settings(max_examples=30)
@given(st.sampled_from(MELS), st.integers(1, 5 * SAMPLE_RATE), st.sampled_from((1e-4, 0.1, 1)), st.integers(5, 8))
def test_a_stretched_spectrogram_is_that_of_the_sound_with_silence_after_it(
    mels: int, length: int, loudness: float, seconds: int
) -> None:
    samples = noise(length, seed=length, loudness=loudness)

    features = stretched(LogMel(mels)(samples), seconds)

    assert features.shape == (mels, seconds * FRAMES_PER_SECOND)
    assert features.dtype == np.float32
    assert np.abs(features - whole(samples, mels, seconds)).max() < 1e-4


@pytest.mark.parametrize("length", [0, 1, 199, 200, 201, *(250 * 160 + more for more in (-801, -641, -640, 0, 160))])
def test_a_spectrogram_is_whispers_own_whatever_its_length(length: int) -> None:
    """Also where it is computed in pieces, and one ends or begins."""
    samples = noise(length)
    expected = FeatureExtractor(feature_size=80)(np.pad(samples, (0, 800)), padding=0)

    features = LogMel(80)(samples)

    assert features.shape == expected.shape
    assert np.abs(features - expected).max() < 1e-6


def test_a_spectrogram_that_is_too_long_is_cut_off() -> None:
    features = LogMel(80)(noise(30 * SAMPLE_RATE))

    cut_off = stretched(features, 30)

    assert cut_off.shape == (80, 3000)
    assert np.array_equal(cut_off, features[:, :3000])
    assert cut_off.flags.c_contiguous


def test_silence_has_one_value_throughout() -> None:
    features = stretched(LogMel(80)(np.zeros(SAMPLE_RATE, np.float32)), 10)

    assert np.ptp(features) == 0


@pytest.mark.parametrize("mels", MELS)
def test_a_spectrogram_has_a_frame_for_every_hundredth_of_a_second(mels: int) -> None:
    rows, frames = LogMel(mels)(noise(3 * SAMPLE_RATE)).shape

    assert rows == mels
    assert 300 < frames < 310
