"""Recordings to send: real speech, in the formats that people have, and in some that nobody should."""

import io
import unicodedata
import wave
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono sound, from -1 to 1, of shape (samples,)."""

RATE = 48_000
"""Samples a second, which every codec here takes."""

_FRAME_SAMPLES = 960
_PICTURES_A_SECOND = 10
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

FOX = "en/quick_brown_fox"
COUNTING = "en/counting"
HELLO = "en/hello_world"
SPOKEN_BY_A_MACHINE = "sample.ogg"
"""The recording that comes with the server; it has no text beside it."""


def package_folder(name: str) -> Path:
    """Where an installed package lies; it is not imported."""
    spec = find_spec(name)
    assert spec is not None, f"the package {name} is not installed"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


def sample(name: str) -> Path:
    """A sample's file by its language and name, such as ``en/counting``."""
    if name == SPOKEN_BY_A_MACHINE:
        return package_folder("whisper_api") / "web" / name
    return package_folder("pytest_audioeval") / "samples" / "audio" / f"{name}.wav"


def text_of(name: str) -> str:
    """What is said in a sample."""
    return sample(name).with_suffix(".txt").read_text("utf-8").strip()


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case, without marks; numbers up to ten are spelt out in English."""
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text.lower())
    return [_NUMBERS[int(word)] if word.isascii() and word.isdigit() and int(word) <= 10 else word
            for word in kept.split()]  # fmt: skip


def overlap(heard: str, said: str) -> float:
    """How much of the words of ``said`` are in ``heard``, from 0 to 1; of their characters where words have no gaps."""
    expected, found = words(said), words(heard)
    if len(expected) == 1:
        expected, found = list(expected[0]), list("".join(found))
    return sum(word in found for word in expected) / len(expected)


@cache
def speech(*names: str, rate: int = RATE, pause_seconds: float = 0.4) -> Samples:
    """Samples one after another, with a pause behind each."""
    pause = np.zeros(int(pause_seconds * rate), np.float32)
    return np.concatenate([part for name in names for part in (_read(sample(name), rate), pause)])


@cache
def talk(seconds: float) -> bytes:
    """A long recording in English, as a small wav.

    It repeats itself after 20 s and not earlier: Whisper takes what repeats within its window of 30 s for a failure
    of its own, and tries the window five times more.
    """
    rate = 16_000
    once = speech(SPOKEN_BY_A_MACHINE, FOX, COUNTING, HELLO, rate=rate, pause_seconds=1.7)
    return wav(np.resize(once, int(seconds * rate)), rate=rate)


@cache
def hello() -> bytes:
    """A short recording that says hello, as a wav."""
    return wav(speech(HELLO, rate=16_000), rate=16_000)


def wav(samples: Samples, *, rate: int = RATE, channels: int = 1, bits: int = 16) -> bytes:
    """PCM, the same sound on each channel."""
    pcm = ((samples + 1) * 127.5).astype(np.uint8) if bits == 8 else (samples * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(bits // 8)
        writer.setframerate(rate)
        writer.writeframes(np.repeat(pcm[:, None], channels, axis=1).tobytes())
    return file.getvalue()


def encoded(samples: Samples, container: str, codec: str, *, film: bool = False) -> bytes:
    """Sound at :data:`RATE` as FFmpeg's ``codec`` in ``container``, with moving pictures for a ``film``."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        pictures = _add_pictures(output) if film else None
        sound = output.add_stream(codec, rate=RATE)
        assert isinstance(sound, av.AudioStream)
        sound.layout = "mono"
        if pictures is not None:
            _show(output, pictures, seconds=len(samples) / RATE)
        for start in range(0, len(samples), _FRAME_SAMPLES):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + _FRAME_SAMPLES], "flt", "mono")
            frame.sample_rate = RATE
            frame.pts = start
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return file.getvalue()


def silent_film() -> bytes:
    """An mp4 that has moving pictures and no audio track."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        _show(output, _add_pictures(output), seconds=1)
    return file.getvalue()


def png() -> bytes:
    """An image."""
    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as output:
        stream = output.add_stream("png", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = 32
        stream.pix_fmt = "rgb24"
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


def _read(path: Path, rate: int) -> Samples:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", rate)
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32).clip(-1, 1)


def _add_pictures(output: av.container.OutputContainer) -> av.VideoStream:
    pictures = output.add_stream("mpeg4", rate=_PICTURES_A_SECOND)
    assert isinstance(pictures, av.VideoStream)
    pictures.width = pictures.height = 64
    pictures.pix_fmt = "yuv420p"
    return pictures


def _show(output: av.container.OutputContainer, pictures: av.VideoStream, *, seconds: float) -> None:
    for number in range(int(seconds * _PICTURES_A_SECOND)):
        shade = np.full((64, 64, 3), number * 5 % 256, np.uint8)
        output.mux(pictures.encode(av.VideoFrame.from_ndarray(shade, "rgb24")))
    output.mux(pictures.encode(None))
