"""Acoustic conditions: what happens to a recording before anybody transcribes it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audio import RATE

Samples = NDArray[np.float32]


def stretched(samples: Samples, speed: float) -> Samples:
    places = np.arange(int(len(samples) / speed)) * speed
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), np.float32)


def noisy(samples: Samples) -> Samples:
    """With noise 15 dB below."""
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-15 / 20)
    return (samples + np.random.default_rng(1).normal(0, level, len(samples))).astype(np.float32)


def telephoned(samples: Samples) -> Samples:
    """In the band of a telephone line, 300 to 3400 Hz."""
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] *= 0.02
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def echoed(samples: Samples) -> Samples:
    """With an echo of 0.3 s of decaying noise, as loud as the voice itself at a few metres."""
    echo = np.random.default_rng(5).normal(0, 0.12, int(0.3 * RATE)) * np.exp(-np.arange(0.3 * RATE) / 900)
    echo[0] = 1
    return (0.7 * np.convolve(samples, echo)[: len(samples)]).astype(np.float32)


CONDITIONS: dict[str, Callable[[Samples], Samples]] = {
    "clean": lambda samples: samples,
    "slow": lambda samples: stretched(samples, 0.92),
    "noisy": lambda samples: noisy(stretched(samples, 1.06)),
    "telephone": telephoned,
    "room": echoed,
}
