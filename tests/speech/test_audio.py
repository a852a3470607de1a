"""Recordings of all kinds, and files that are none."""

import io
import math
import os
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from whisper_api.speech import audio
from whisper_api.speech.errors import TooLong, UnreadableRecording

Open = Callable[[bytes], int]
RATE = audio.SAMPLE_RATE


@pytest.fixture
def opened() -> Iterator[Open]:
    """Makes an anonymous memory file of bytes, as an upload becomes one."""
    with ExitStack() as stack:

        def make(content: bytes) -> int:
            descriptor = os.memfd_create("recording")
            stack.callback(os.close, descriptor)
            with open(descriptor, "wb", closefd=False) as file:
                file.write(content)
            return descriptor

        yield make


def tone(seconds: float, rate: int) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)


def wav(seconds: float = 2, *, rate: int = RATE, channels: int = 1, width: int = 2) -> bytes:
    sound = np.repeat(tone(seconds, rate), channels)
    if width == 1:
        samples = (sound * 127 + 128).astype("u1").tobytes()
    else:
        samples = (sound * (2 ** (8 * width - 1) - 1)).astype(f"<i{width}").tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(samples)
    return file.getvalue()


def encoded(container: str, codec: str, *, rate: int = 44_100, layout: str = "stereo", seconds: float = 1) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        resampler = av.AudioResampler(stream.format, layout, rate, stream.codec_context.frame_size or 1024)
        sound = tone(seconds, rate).astype("f4")
        frame = av.AudioFrame.from_ndarray(np.stack([sound] * len(stream.layout.channels)), "fltp", layout)
        frame.sample_rate = rate
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def silent_film() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream("mjpeg", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuvj420p"
        for _ in range(3):
            output.mux(stream.encode(av.VideoFrame(32, 32, "yuvj420p")))
        output.mux(stream.encode(None))
    return file.getvalue()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("talk.wav", wav())
    return file.getvalue()


def with_data_size(content: bytes, size: int) -> bytes:
    """``content``, a wav file, whose header says that its sound has ``size`` bytes."""
    place = content.index(b"data") + 4
    return content[:place] + struct.pack("<I", size) + content[place + 4 :]


def decoded(recording: int) -> NDArray[np.float32]:
    pieces = list(audio.decode(recording))
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


@pytest.mark.parametrize(
    ("rate", "channels", "width"),
    [(16_000, 1, 2), (8_000, 1, 1), (96_000, 2, 2), (96_000, 1, 4), (48_000, 8, 2), (44_100, 2, 1), (22_050, 6, 4)],
)
def test_any_wav_becomes_16_khz_mono_of_the_same_length(opened: Open, rate: int, channels: int, width: int) -> None:
    recording = opened(wav(2, rate=rate, channels=channels, width=width))

    samples = decoded(recording)

    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert abs(len(samples) - 2 * RATE) <= 32
    assert audio.inspect(recording) == pytest.approx(2, abs=0.01)


def test_the_sound_is_still_the_sound(opened: Open) -> None:
    samples = decoded(opened(wav(1, rate=48_000, channels=2)))

    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * RATE / len(samples) == pytest.approx(440, abs=2)
    assert 0.4 < np.abs(samples).max() < 0.75


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("mp3", "libmp3lame", 44_100),
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("flac", "flac", 44_100),
        ("mp4", "aac", 44_100),
        ("matroska", "aac", 44_100),
        ("adts", "aac", 44_100),
        ("aiff", "pcm_s16be", 44_100),
        ("mpegts", "mp2", 44_100),
    ],
)
def test_common_formats_are_decoded(opened: Open, container: str, codec: str, rate: int) -> None:
    recording = opened(encoded(container, codec, rate=rate))

    duration = audio.inspect(recording)

    assert len(decoded(recording)) == pytest.approx(RATE, abs=0.15 * RATE)
    assert duration == pytest.approx(1, abs=0.15)


def test_a_recording_that_states_to_be_shorter_than_nothing_states_nothing(opened: Open) -> None:
    matroska = encoded("matroska", "aac", seconds=2)
    stated = matroska.index(b"\x44\x89\x88") + 3  # Duration, 8 bytes, in milliseconds: RFC 9559
    assert struct.unpack_from(">d", matroska, stated)[0] == pytest.approx(2000, abs=100)

    for nonsense in (-5000.0, 0.0, math.nan):
        assert audio.inspect(opened(matroska[:stated] + struct.pack(">d", nonsense) + matroska[stated + 8 :])) is None


def test_long_recordings_come_in_pieces(opened: Open) -> None:
    pieces = list(audio.decode(opened(wav(70))))

    assert len(pieces) > 1
    assert max(len(piece) for piece in pieces) < 40 * RATE
    assert sum(len(piece) for piece in pieces) == 70 * RATE


def test_a_recording_can_be_read_by_several_at_once(opened: Open) -> None:
    recording = opened(wav(70))
    first, second = audio.decode(recording), audio.decode(recording)

    assert np.array_equal(next(first), next(second))
    assert audio.inspect(recording) == 70
    assert sum(map(len, first)) == sum(map(len, second))


def test_a_wav_that_claims_to_be_longer_gives_what_it_holds(opened: Open) -> None:
    recording = opened(with_data_size(wav(2), 100_000_000))

    audio.inspect(recording)

    assert len(decoded(recording)) == 2 * RATE


def test_a_wav_that_claims_to_be_longer_is_not_believed(opened: Open) -> None:
    duration = audio.inspect(opened(with_data_size(wav(2), 100_000_000)))

    assert duration is None or duration < 3


def test_a_wav_that_claims_to_be_shorter_gives_what_it_claims(opened: Open) -> None:
    recording = opened(with_data_size(wav(2), RATE * 2))

    assert audio.inspect(recording) == 1
    assert len(decoded(recording)) == RATE


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_whose_length_was_never_filled_in_gives_what_it_holds(opened: Open, size: int) -> None:
    recording = opened(with_data_size(wav(2), size))

    audio.inspect(recording)

    assert len(decoded(recording)) == 2 * RATE


def test_a_recording_that_is_cut_off_gives_what_it_holds(opened: Open) -> None:
    whole = encoded("mp3", "libmp3lame", seconds=10)

    recording = opened(whole[: len(whole) // 2])

    audio.inspect(recording)
    assert len(decoded(recording)) == pytest.approx(5 * RATE, rel=0.1)


def test_damage_in_the_middle_costs_a_moment_and_not_the_rest(opened: Open) -> None:
    content = bytearray(encoded("mp3", "libmp3lame", seconds=10))
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)

    samples = decoded(opened(bytes(content)))

    assert len(samples) == pytest.approx(10 * RATE, rel=0.1)


def test_what_is_no_number_in_a_file_of_floats_is_silence(opened: Open) -> None:
    samples = tone(1, 16_000).astype(np.float32)
    samples[[100, 200, 300]] = np.nan, np.inf, -np.inf
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0xFFFFFFFF, b"WAVE", b"fmt ", 16, 3, 1, 16_000, 64_000, 4, 32,
                         b"data", samples.nbytes)  # fmt: skip

    heard = decoded(opened(header + samples.tobytes()))

    assert np.isfinite(heard).all()
    assert np.array_equal(heard[1000:], samples[1000:])


def test_a_recording_that_is_not_wanted_any_more_is_not_read_to_its_end(opened: Open) -> None:
    wanted = iter([True] * 50)

    pieces = list(audio.decode(opened(wav(60)), is_wanted=lambda: next(wanted, False)))

    assert 0 < sum(len(piece) for piece in pieces) < 30 * audio.SAMPLE_RATE


def test_a_recording_whose_format_changes_in_the_middle_is_decoded_to_its_end(opened: Open) -> None:
    """As when two mp3 files were put one behind the other, or a broadcast goes from stereo to mono."""
    stereo = encoded("mp3", "libmp3lame", rate=44_100, layout="stereo", seconds=3)
    mono = encoded("mp3", "libmp3lame", rate=22_050, layout="mono", seconds=3)

    assert len(decoded(opened(stereo + mono))) == pytest.approx(6 * RATE, rel=0.1)


NO_RECORDINGS = {
    "empty": b"",
    "a byte": b"\0",
    "text": b"Dear all,\nwe meet on Monday.\n" * 50,
    "the beginning of a wav": b"RIFF",
    "zip": zipped(),
    "zeros": bytes(5000),
    "html": b"<html></html>",
    "pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize("content", NO_RECORDINGS.values(), ids=NO_RECORDINGS)
def test_what_is_no_recording_is_refused(opened: Open, content: bytes) -> None:
    recording = opened(content)

    for read in (audio.inspect, decoded):
        with pytest.raises(UnreadableRecording) as caught:
            read(recording)
        assert str(caught.value) == audio.UNREADABLE


@pytest.mark.parametrize("channels", [9, 17, 64])
def test_more_channels_than_can_be_made_one_are_refused_for_that_reason(opened: Open, channels: int) -> None:
    recording = opened(wav(1, channels=channels))

    for read in (audio.inspect, decoded):
        with pytest.raises(UnreadableRecording, match=f"has {channels} channels"):
            read(recording)


def test_a_pace_that_nothing_can_be_made_of_is_refused(opened: Open) -> None:
    known = wav()
    place = known.index(b"fmt ") + 12
    recording = opened(known[:place] + struct.pack("<I", 2**31 - 1) + known[place + 4 :])

    with pytest.raises(UnreadableRecording) as caught:
        decoded(recording)
    assert str(caught.value) == audio.NO_SOUND


def test_a_format_that_nobody_knows_is_refused_for_that_reason(opened: Open) -> None:
    known = wav()
    place = known.index(b"fmt ") + 8
    recording = opened(known[:place] + b"\x99\x99" + known[place + 2 :])

    for read in (audio.inspect, decoded):
        with pytest.raises(UnreadableRecording) as caught:
            read(recording)
        assert str(caught.value) == audio.UNKNOWN_CODEC


def test_a_picture_is_refused(opened: Open) -> None:
    with pytest.raises(UnreadableRecording):
        audio.inspect(opened(png()))


def test_a_film_without_sound_is_refused_for_that_reason(opened: Open) -> None:
    with pytest.raises(UnreadableRecording, match=r"^File has no audio track\.$"):
        audio.inspect(opened(silent_film()))


def test_a_recording_without_a_single_sample_is_refused(opened: Open) -> None:
    recording = opened(wav(0))

    with pytest.raises(UnreadableRecording) as caught:
        audio.inspect(recording)

    assert str(caught.value) in (audio.NO_SOUND, audio.NO_AUDIO_TRACK)
    assert len(decoded(recording)) == 0


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{path}\n#EXT-X-ENDLIST\n",
    "m3u8 of one file": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:{path}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{path}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"'
    ' profiles="urn:mpeg:dash:profile:isoff-main:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="1" bandwidth="1"><BaseURL>{path}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
}  # fmt: skip


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_is_refused_so_that_it_opens_no_other_file(opened: Open, name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav())

    recording = opened(PLAYLISTS[name].format(path=secret).encode())

    for read in (audio.inspect, decoded):
        with pytest.raises(UnreadableRecording):
            read(recording)


def test_the_list_of_formats_is_what_refuses_a_playlist(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The playlist of the test above works where it is let in: it would open the other file."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(wav())
    monkeypatch.setattr(audio, "_OPTIONS", {"safe": "0"})

    samples = decoded(opened(PLAYLISTS["ffconcat"].format(path=secret).encode()))

    assert len(samples) == 2 * RATE


# ---- hostile recordings ------------------------------------------------------------------------------------------


class Damage:
    """A container of nothing but packets that cannot be decoded."""

    class Packet:
        def decode(self) -> list[av.AudioFrame]:
            raise av.error.InvalidDataError(1, "damaged")

    class Streams:
        audio = (None,)

    def __init__(self) -> None:
        self.read = 0
        self.streams = self.Streams()

    def demux(self, _: object) -> Iterator[Packet]:
        while self.read < 1_000_000:
            self.read += 1
            yield self.Packet()


def test_a_look_at_nothing_but_damage_soon_ends() -> None:
    damage = Damage()

    assert list(audio._frames(damage, patience=audio._INSPECTED_PACKETS)) == []  # type: ignore[arg-type]
    assert damage.read <= audio._INSPECTED_PACKETS + 1


def test_a_recording_that_unpacks_to_more_than_is_taken_is_refused_while_it_is_decoded(opened: Open) -> None:
    recording = opened(wav(3))

    assert sum(map(len, audio.decode(recording, max_seconds=3.1))) == 3 * audio.SAMPLE_RATE
    with pytest.raises(TooLong, match=r"longer than 0\.04"):
        list(audio.decode(recording, max_seconds=2.5))
