"""The shape of a recording, for whoever wants to draw it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.waveform import MOST_PEAKS, Waveform


def peaks_of(*pieces: np.ndarray) -> tuple[float, ...]:
    waveform = Waveform()
    for piece in pieces:
        waveform.add(piece.astype(np.float32))
    return waveform.peaks


def test_every_hundredth_of_a_second_of_a_short_recording_has_its_loudest_sample() -> None:
    samples = np.zeros(SAMPLE_RATE)
    samples[0], samples[SAMPLE_RATE // 2], samples[-1] = 0.25, -0.5, 0.125

    peaks = peaks_of(samples)

    assert len(peaks) == 100
    assert (peaks[0], peaks[50], peaks[99]) == (0.25, 0.5, 0.125)
    assert sum(peaks) == 0.875


@given(st.integers(0, 60 * SAMPLE_RATE), st.lists(st.integers(0, 60 * SAMPLE_RATE), max_size=5))
def test_it_does_not_matter_how_it_was_cut(length: int, cuts: list[int]) -> None:
    samples = np.random.default_rng(length).uniform(-1, 1, length)

    assert peaks_of(*np.split(samples, sorted(cuts))) == peaks_of(samples)


@pytest.mark.parametrize("seconds", [20, 39.99, 40, 100.5, 3601])
def test_longer_ones_have_longer_stretches_and_no_more_than_can_be_drawn(seconds: float) -> None:
    samples = np.linspace(0, 1, round(seconds * SAMPLE_RATE), dtype=np.float32)

    peaks = np.array(peaks_of(*np.array_split(samples, 7)))

    assert MOST_PEAKS / 2 <= len(peaks) <= MOST_PEAKS
    assert (np.diff(peaks) >= 0).all()
    assert peaks[-1] == 1
    # All stretches but the last are of one length.
    whole = peaks[:-1]  # the last stretch may be shorter
    assert whole == pytest.approx(np.linspace(whole[0], whole[-1], len(whole)), abs=1e-4)


def test_what_is_quiet_has_a_shape_too() -> None:
    samples = np.repeat([0.0001, 0.0004, 0.0002], SAMPLE_RATE // 100)

    assert peaks_of(samples) == (0.0001, 0.0004, 0.0002)


def test_what_is_too_loud_is_as_loud_as_can_be() -> None:
    assert peaks_of(np.array([3.0])) == (1,)


def test_nothing_has_no_peaks() -> None:
    assert peaks_of() == peaks_of(np.empty(0)) == ()
