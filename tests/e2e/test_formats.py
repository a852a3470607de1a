"""Whatever people upload: what is a recording becomes text, and what is not gets a sentence that says so."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import httpx
import numpy as np
import pytest

from .conftest import Start
from .recordings import (
    COUNTING,
    FOX,
    HELLO,
    SPOKEN_BY_A_MACHINE,
    encoded,
    hello,
    overlap,
    png,
    sample,
    silent_film,
    speech,
    text_of,
    wav,
    words,
)
from .server import Server, eventually, form, upload_head

UNREADABLE = (
    "The file could not be read as a recording. Send audio or video, for example mp3, m4a, wav, ogg or mp4; "
    "if it is one, it may be cut off."
)
NO_SOUND = "The file has an audio track, but no sound could be decoded from it; it may be cut off or damaged."
NO_AUDIO_TRACK = "File has no audio track."
MISPLACED = "A file is in a field not named 'file'. Send the recording in 'file', and all else as text."
INCOMPLETE = "The form is not complete, or not well-formed. Send the recording again."
UNKNOWN_LANGUAGE = (
    "Whisper does not know this language. Give its code, for example 'de' or 'en', or leave it out to have it detected."
)

Recording = Callable[[], bytes]

GOOD: dict[str, Recording] = {
    "wav": lambda: wav(speech(FOX)),
    "wav with 8 bits": lambda: wav(speech(FOX), bits=8),
    "wav at 96 kHz": lambda: wav(speech(FOX, rate=96_000), rate=96_000),
    "wav of floats": lambda: sample(FOX).read_bytes(),
    "wav with 8 channels": lambda: wav(speech(FOX), channels=8),
    "mp3": lambda: encoded(speech(FOX), "mp3", "libmp3lame"),
    "m4a": lambda: encoded(speech(FOX), "ipod", "aac"),
    "ogg": lambda: encoded(speech(FOX), "ogg", "flac"),
    "opus": lambda: encoded(speech(FOX), "opus", "libopus"),
    "webm": lambda: encoded(speech(FOX), "webm", "libopus"),
    "flac": lambda: encoded(speech(FOX), "flac", "flac"),
    "mp4 film": lambda: encoded(speech(FOX), "mp4", "aac", film=True),
    "mkv film": lambda: encoded(speech(FOX), "matroska", "flac", film=True),
}


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("speech.wav", hello())
    return file.getvalue()


def playlist() -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{sample(HELLO)}\n#EXT-X-ENDLIST\n".encode()


def concatenation() -> bytes:
    return f"ffconcat version 1.0\nfile 'file:{sample(HELLO)}'\n".encode()


BAD: dict[str, tuple[Recording, str]] = {
    "an empty file": (lambda: b"", "The file is empty."),
    "a single byte": (lambda: b"R", UNREADABLE),
    "a text": (lambda: b"Four score and seven years ago our fathers brought forth\n" * 50, UNREADABLE),
    "a web page": (lambda: b"<!doctype html><html><body><p>Hello</p></body></html>", UNREADABLE),
    "an image": (png, UNREADABLE),
    "a zip": (zipped, UNREADABLE),
    "random bytes": (lambda: np.random.default_rng(1).bytes(200_000), UNREADABLE),
    "zero bytes": (lambda: bytes(100_000), UNREADABLE),
    "a film without sound": (silent_film, NO_AUDIO_TRACK),
    "a wav without samples": (lambda: wav(speech(HELLO)[:0]), NO_SOUND),
    "a wav of which only the header arrived": (lambda: hello()[:44], NO_SOUND),
    "an mp4 whose index was cut off": (lambda: encoded(speech(FOX), "mp4", "aac")[:8_000], UNREADABLE),
    "a playlist that points at a file of the server": (playlist, UNREADABLE),
    "a concatenation that points at a file of the server": (concatenation, UNREADABLE),
}  # fmt: skip


@pytest.fixture(scope="module")
def shared_server(start_for_module: Start) -> Server:
    return start_for_module()


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The server, which no test here may cost its worker, memory, or a place in the queue."""
    worker = shared_server.running_worker()
    yield shared_server
    assert shared_server.worker() == worker, shared_server.log
    eventually(lambda: shared_server.memory_files() == 0)
    assert shared_server.decoder_status()["tasks_in_queue"] == 0


@pytest.mark.parametrize("kind", GOOD)
def test_a_recording_becomes_text(server: Server, kind: str) -> None:
    task = server.transcribe(GOOD[kind]())
    assert overlap(task["transcript"], text_of(FOX)) > 0.8, task
    assert task["duration"] == pytest.approx(len(speech(FOX)) / 48_000, abs=0.5)


def test_the_sample_that_the_greeting_names_becomes_text(server: Server) -> None:
    task = server.transcribe(sample(SPOKEN_BY_A_MACHINE).read_bytes())
    assert "spoken by a machine" in task["transcript"]


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_recording_is_refused_at_once_with_a_reason(server: Server, kind: str) -> None:
    make, sentence = BAD[kind]
    answer = server.post(make())
    assert (answer.status_code, answer.json()) == (400, {"detail": sentence})


def test_an_mp3_that_is_cut_off_gives_what_it_holds(server: Server) -> None:
    whole = encoded(speech(FOX, COUNTING), "mp3", "libmp3lame")
    task = server.transcribe(whole[: len(whole) // 2])
    heard = words(task["transcript"])
    assert {"quick", "brown", "fox"} <= set(heard)
    assert "ten" not in heard


@pytest.mark.parametrize("claimed", [0x7FFFFFF0, 0xFFFFFFFF, 0])
def test_a_wav_whose_header_lies_about_its_length_gives_what_it_holds(server: Server, claimed: int) -> None:
    recording = bytearray(wav(speech(FOX)))
    recording[40:44] = claimed.to_bytes(4, "little")
    task = server.transcribe(bytes(recording))
    assert overlap(task["transcript"], text_of(FOX)) > 0.8, task
    assert task["duration"] == pytest.approx(len(speech(FOX)) / 48_000, abs=0.5)


def test_a_wav_with_an_impossible_sampling_rate_ends_one_way_or_the_other(server: Server) -> None:
    recording = bytearray(hello())
    recording[24:28] = (0x7FFFFFFF).to_bytes(4, "little")
    answer = server.post(bytes(recording), wait=600)
    assert answer.status_code == 400 or answer.json()["status"] in ("finished", "failed")


def test_silence_finishes_without_a_word(server: Server) -> None:
    task = server.transcribe(wav(np.zeros(48_000 * 3, np.float32)))
    assert (task["status"], task["transcript"], task["segments"]) == ("finished", "", [])


def test_an_unknown_language_is_refused(server: Server) -> None:
    answer = server.post(hello(), language="klingon")
    assert (answer.status_code, answer.json()) == (422, {"detail": UNKNOWN_LANGUAGE})


def test_a_language_that_the_model_lacks_fails_with_a_reason(server: Server) -> None:
    task = server.transcribe(hello(), language="german")
    assert task["status"] == "failed"
    assert task["error"].startswith("The model model does not know German.")


def test_a_form_without_a_file_is_refused(server: Server) -> None:
    answer = server.client.post("/api/v1/transcribe", files={"recording": ("a.wav", hello())})
    assert (answer.status_code, answer.json()) == (400, {"detail": MISPLACED})


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_a_body_that_is_no_form_is_refused(server: Server, content: bytes) -> None:
    answer = server.client.post("/api/v1/transcribe", content=content)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "Send the recording as multipart/form-data in a field named 'file'."


def test_two_files_in_one_form_are_refused(server: Server) -> None:
    answer = server.client.post("/api/v1/transcribe", files=[("file", hello()), ("file", hello())])
    assert (answer.status_code, answer.json()) == (
        400,
        {"detail": "The form has several files. Send one recording a request."},
    )


NAMES: dict[str, tuple[bytes, str | None]] = {
    "plain": (b'filename="talk.wav"', "talk.srt"),
    "path parts": (b'filename="../../etc/passwd.wav"', "passwd.srt"),
    "path parts of Windows": (rb'filename="C:\\Users\\me\\talk.wav"', "talk.srt"),
    "quotes as browsers write them": (b'filename="say %22hi%22.wav"', None),
    "quotes as the RFC writes them": (rb'filename="say \"hi\".wav"', 'say "hi".srt'),
    "emoji": ('filename="🎤 tanz.wav"'.encode(), "🎤 tanz.srt"),
    "line ends as browsers write them": (b'filename="a%0D%0ASet-Cookie: x=1.wav"', None),
    "no suffix": (b'filename="talk"', "talk.srt"),
    "only a suffix": (b'filename=".wav"', None),
    "only dots": (b'filename=".."', None),
    "nothing": (b'filename=""', "transcript.srt"),
    "control characters": (b'filename="a\tb\x07\x1b[31mc.wav"', None),
    "very long": (b'filename="' + b"long" * 1000 + b'.wav"', "long" * 1000 + ".srt"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_name_of_any_kind_makes_a_safe_download(server: Server, kind: str) -> None:
    disposition, expected = NAMES[kind]
    answer = _post_form(server, form(hello(), boundary="x", disposition=b'name="file"; ' + disposition), wait=600)
    assert answer.status_code == 200, answer.text
    download = server.client.get("/api/v1/srt", params={"task_id": answer.json()["task_id"]})
    assert download.status_code == 200
    assert "hello" in download.text.lower()
    assert "set-cookie" not in download.headers
    header = download.headers["content-disposition"]
    match = re.fullmatch(r'attachment; filename="([^"\\/]+)"; filename\*=UTF-8\'\'([\w.%~-]+)', header)
    assert match, header
    saved = unquote(match[2])
    assert saved.isprintable()
    assert not set(saved) & set("/\\")
    assert saved.endswith(".srt")
    assert match[1].isascii()
    if expected is not None:
        assert saved == expected


@pytest.mark.parametrize(
    "filename",
    [
        pytest.param(b'filename="a\r\nSet-Cookie: x=1.wav"', id="line ends"),
        pytest.param(b'filename="a\n\n.wav"', id="blank lines"),
        pytest.param(b'filename="\xff\xfe.wav"', id="not UTF-8"),
        pytest.param(b"filename*=utf-7''a", id="an unknown charset"),
    ],
)
def test_a_file_name_that_breaks_the_form_is_refused_or_cleaned(server: Server, filename: bytes) -> None:
    answer = _post_form(server, form(hello(), boundary="x", disposition=b'name="file"; ' + filename), wait=600)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        download = server.client.get("/api/v1/srt", params={"task_id": answer.json()["task_id"]})
        assert "set-cookie" not in download.headers


def test_a_form_without_its_end_is_refused(server: Server) -> None:
    whole = form(hello(), boundary="x")
    answer = _post_form(server, whole[: len(whole) // 2])
    assert (answer.status_code, answer.json()) == (400, {"detail": INCOMPLETE})


def test_a_body_that_is_cut_off_half_way_leaves_nothing_behind(server: Server) -> None:
    body = form(hello(), boundary="x")
    with server.connect() as connection:
        connection.sendall(upload_head(len(body), boundary="x") + body[: len(body) // 2])
        eventually(lambda: server.memory_files() == 1)
    eventually(lambda: server.memory_files() == 0)
    assert server.decoder_status()["tasks_in_queue"] == 0


def test_many_uploads_that_are_cut_off_take_nobodys_place_in_the_queue(server: Server) -> None:
    body = form(hello(), boundary="x")
    connections = [server.connect() for _ in range(130)]  # the queue takes 128
    for connection in connections:
        connection.sendall(upload_head(len(body), boundary="x") + body[:1000])
    eventually(lambda: server.memory_files() == 128)
    assert server.post(hello()).status_code == 503
    for connection in connections:
        connection.close()
    eventually(lambda: server.memory_files() == 0)
    assert "hello" in server.transcribe(hello())["transcript"].lower()


def _post_form(server: Server, body: bytes, **parameters: int) -> httpx.Response:
    return server.client.post(
        "/api/v1/transcribe",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        params=parameters,
    )
