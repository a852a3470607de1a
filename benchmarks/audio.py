"""Recordings to measure with, made of the sample that comes with the page."""

import io
import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SAMPLE = Path(__file__).parents[1] / "src" / "whisper_api" / "web" / "sample.ogg"
RATE = 16_000


def speech(seconds: float) -> bytes:
    """A 16 kHz mono wav of so many seconds: the sample, again and again."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(SAMPLE)) as container:
        frames = [f.to_ndarray()[0] for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    return _wav(np.resize(np.concatenate(frames), int(seconds * RATE)).astype(np.int16))


def encoded(samples: NDArray[np.float32]) -> bytes:
    """Float32 ``samples`` from -1 to 1 as a 16 kHz mono wav."""
    return _wav((np.clip(samples, -1, 1) * 32767).astype(np.int16))


def written(path: Path, samples: NDArray[np.float32]) -> Path:
    """The same as a file at ``path``."""
    path.write_bytes(encoded(samples))
    return path


def _wav(samples: NDArray[np.int16]) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return target.getvalue()
