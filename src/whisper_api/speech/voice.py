"""Voice activity: how likely it is, for every frame of a recording, that somebody speaks in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whisper_api.speech.audio import SAMPLE_RATE
from whisper_api.speech.silero import INPUT, STATE, Silero

FRAME = 512
"""Samples that one probability is about: 32 ms."""

_BLOCK = 312 * FRAME  # 10 s
_CONTEXT = INPUT - FRAME

# The network misses much of what is quieter than a thirtieth of this, which Whisper itself understands.
_LOUD_ENOUGH = 0.05
_MOST_AMPLIFIED = 32.0
_PEAK_PERCENTILE = 99.0  # a knock is no peak
_PEAK_DECAY = 0.2  # from block to block: whoever speaks next may be quieter

_LOW = 250  # Hz
_STEP = 32  # samples whose mean tells what is low: it has little of what is higher


@dataclass(frozen=True, slots=True)
class Sound:
    """The next stretch of a recording: float32 ``samples`` of shape (samples,) and ``speech`` of shape (frames,).

    ``speech[i]`` is the probability of speech in frame ``i``. The last frame of a recording may be cut off.
    """

    samples: NDArray[np.float32]
    speech: NDArray[np.float32]


class VoiceDetector:
    """Listens to any number of recordings at the same time with one ``network``."""

    def __init__(self, network: Silero) -> None:
        self._network = network

    def listen(self, pieces: Iterator[NDArray[np.float32]]) -> Iterator[Sound]:
        """Follow one recording, 16 kHz mono in pieces of any length."""
        hidden, cell = np.zeros(STATE, np.float32), np.zeros(STATE, np.float32)
        context = np.zeros(_CONTEXT, np.float32)
        peak = 0.0
        for block in _blocks(pieces):
            sound, loudest = _without_hum(block)
            peak = max(peak * _PEAK_DECAY, loudest)
            gain = _LOUD_ENOUGH / min(max(peak, _LOUD_ENOUGH / _MOST_AMPLIFIED), _LOUD_ENOUGH)
            amplified = np.pad(sound * np.float32(gain), (0, -len(block) % FRAME))
            speech, hidden, cell = self._network(_frames(amplified, context), hidden, cell)
            context = amplified[-_CONTEXT:]
            yield Sound(block, speech.reshape(-1))


def _peak(samples: NDArray[np.float32]) -> float:
    return float(np.percentile(np.abs(samples), _PEAK_PERCENTILE))


def _without_hum(block: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """``block`` without what is low, where that is most of it (a hum of the mains, a constant offset), and its peak.

    They would be taken for a voice that is loud enough, and hide one that is not. What is left of a voice is what a
    telephone line leaves. All else stays as it is.
    """
    peak = _peak(block)
    steps = block[: len(block) // _STEP * _STEP].reshape(-1, _STEP).mean(axis=1)
    if not len(steps) or _peak(steps) < peak / 2:
        return block, peak
    spectrum = np.fft.rfft(block)
    spectrum[: round(_LOW * len(block) / SAMPLE_RATE)] = 0
    higher = np.fft.irfft(spectrum, len(block)).astype(np.float32)
    left = _peak(higher)
    return (higher, left) if left < peak / 2 else (block, peak)


def _frames(samples: NDArray[np.float32], context: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each frame of ``samples`` with the end of what comes before it, for the first one ``context``."""
    frames = samples.reshape(-1, FRAME)
    before = np.concatenate((context[np.newaxis], frames[:-1, -_CONTEXT:]))
    return np.concatenate((before, frames), axis=1)


def _blocks(pieces: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The same samples in blocks of one length, but for the last."""
    rest = np.empty(0, np.float32)
    for piece in pieces:
        rest = np.concatenate((rest, piece))
        while len(rest) >= _BLOCK:
            yield rest[:_BLOCK]
            rest = rest[_BLOCK:]
    if len(rest):
        yield rest
