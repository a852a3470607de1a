"""Any recording that FFmpeg's libraries can read, as 16 kHz mono samples.

Recordings come from strangers, so the libraries are kept to plain media files: a playlist could otherwise make
them open other files and addresses (https://ffmpeg.org/ffmpeg-protocols.html, "protocol_whitelist").
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from whisper_api.speech.errors import TooLong, UnreadableRecording

Recording = int | str | os.PathLike[str]
"""A file by its path, or open by its descriptor."""

SAMPLE_RATE = 16_000
"""Samples a second, as Whisper was trained on."""

_DEMUXERS = (
    "aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf", "dts", "eac3", "flac", "flv", "matroska",
    "mov", "mp3", "mp4", "mpc", "mpc8", "mpeg", "mpegts", "mxf", "nut", "ogg", "oma", "rm", "tta", "voc", "w64",
    "wav", "webm", "wv",
)  # fmt: skip
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(_DEMUXERS)}
_PATIENCE_SECONDS = 30.0
_INSPECTED_PACKETS = 1000
_ALWAYS_MIXED = 2  # channels that can be made one in any case; to try it takes longer than all else of a look
_CHUNK_SAMPLES = 10 * SAMPLE_RATE

UNREADABLE = (
    "The file could not be read as a recording. Send audio or video, for example mp3, m4a, wav, ogg or mp4; "
    "if it is one, it may be cut off."
)
NO_AUDIO_TRACK = "File has no audio track."
UNKNOWN_CODEC = "The file's sound is in a format that is not known here. Send it as mp3, m4a, wav, ogg or flac."
NO_SOUND = "The file has an audio track, but no sound could be decoded from it; it may be cut off or damaged."


def inspect(recording: Recording) -> float | None:
    """Look at ``recording`` and decode its first sound: its duration in seconds as it states it, None if it does not.

    Raises UnreadableRecording, with a sentence for whoever sent it, where there is no sound.
    """
    with _opened(recording) as container:
        stream = container.streams.audio[0]
        duration = None
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration = container.duration / av.time_base
        frame = next(_frames(container, patience=_INSPECTED_PACKETS), None)
        if frame is None:
            raise UnreadableRecording(NO_SOUND)
        if frame.layout.nb_channels > _ALWAYS_MIXED:
            list(_resampled(iter([frame])))
    return duration if duration is None or duration > 0 else None  # of strangers' files some state less than nothing


def decode(
    recording: Recording, *, max_seconds: float | None = None, is_wanted: Callable[[], bool] = lambda: True
) -> Iterator[NDArray[np.float32]]:
    """Decode ``recording`` into pieces of 16 kHz mono, float32 in [-1, 1], each of shape (samples,).

    Damaged parts are passed over, and a file that is cut off gives what it holds. It ends as soon as it is not wanted
    any more. Raises UnreadableRecording, and TooLong where there are more than ``max_seconds``: a small file may unpack
    to days of silence. Raises OSError where the file cannot be opened.
    """
    taken = 0
    with _opened(recording) as container:
        pieces: list[NDArray[np.float32]] = []
        samples = 0
        for piece in _resampled(_frames(container, is_wanted=is_wanted)):
            pieces.append(piece)
            samples += len(piece)
            taken += len(piece)
            if max_seconds is not None and taken > max_seconds * SAMPLE_RATE:
                raise TooLong(max_seconds)
            if samples >= _CHUNK_SAMPLES:
                yield np.concatenate(pieces)
                pieces, samples = [], 0
        if pieces:
            yield np.concatenate(pieces)


def _resampled(frames: Iterator[av.AudioFrame]) -> Iterator[NDArray[np.float32]]:
    """16 kHz mono of frames whose format may change on the way, as in files that were joined."""
    resampler: av.AudioResampler | None = None
    current = None
    for frame in frames:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or kind != current:
            if resampler is not None:
                yield from map(_samples, resampler.resample(None))
            resampler, current = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE), kind
        try:
            resampled = resampler.resample(frame)
        except av.FFmpegError as error:
            channels = frame.layout.nb_channels
            many = f"The file has {channels} channels, which cannot be made one. Send it with one channel, or two."
            raise UnreadableRecording(many if channels > _ALWAYS_MIXED else NO_SOUND) from error
        yield from map(_samples, resampled)
    if resampler is not None:
        yield from map(_samples, resampler.resample(None))


def _samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    samples = frame.to_ndarray().astype(np.float32, copy=False).reshape(-1)
    return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)  # as files of floats may have them


@contextmanager
def _opened(recording: Recording) -> Iterator[InputContainer]:
    # By its path, so that each reader has a position of its own, and FFmpeg reads without the interpreter.
    path = f"/dev/fd/{recording}" if isinstance(recording, int) else os.fspath(recording)
    try:
        container = av.open(
            f"file:{path}",
            options=_OPTIONS,
            timeout=_PATIENCE_SECONDS,
            metadata_errors="replace",
        )
    except (av.FFmpegError, ValueError) as error:
        with suppress(ValueError), open(path, "rb"):  # says better what is wrong with a path
            pass
        raise UnreadableRecording(UNREADABLE) from error
    with container:
        if not container.streams.audio:
            raise UnreadableRecording(NO_AUDIO_TRACK)
        if container.streams.audio[0].codec_context is None:
            raise UnreadableRecording(UNKNOWN_CODEC)
        yield container


def _frames(
    container: InputContainer, *, patience: int | None = None, is_wanted: Callable[[], bool] = lambda: True
) -> Iterator[av.AudioFrame]:
    """The frames of the first audio stream, whatever of them can be decoded.

    With ``patience`` it ends after so many packets: a file may be made of nothing but damage.
    """
    packets = container.demux(container.streams.audio[0])
    for _ in range(patience) if patience is not None else itertools.count():
        if not is_wanted():
            return
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:  # the file ends in the middle, or its container is damaged from here on
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:  # a damaged packet costs its own few milliseconds
            continue
        for frame in frames:
            if isinstance(frame, av.AudioFrame) and frame.samples > 0:
                frame.pts = None  # times are counted in samples: a damaged clock in the file must not matter
                yield frame
