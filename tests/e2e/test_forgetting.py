"""What was deleted is gone from the memory of the server and of its worker, bytes and all."""

from pathlib import Path

import psutil
import pytest

from tests.remains import occurrences
from whisper_api.formats.files import FORMATS
from whisper_api.speech import audio
from whisper_api.speech.features import LogMel
from whisper_api.speech.silero import PlainSilero
from whisper_api.speech.voice import VoiceDetector
from whisper_api.speech.windows import cut

from .conftest import Start
from .server import Server, eventually

# Said in the page's sample, and in no library's test data.
SAMPLE = Path(__file__).parents[2] / "src" / "whisper_api" / "web" / "sample.ogg"
PHRASE = b"spoken by a machine"


def everywhere(server: Server, phrase: bytes) -> list[int]:
    return [occurrences(process, phrase) for process in server.processes()]


@pytest.fixture
def server(start: Start) -> Server:
    server = start()
    try:
        occurrences(server.process, PHRASE)
    except PermissionError:
        pytest.skip("this machine lets nobody read another process's memory")
    return server


def test_a_deleted_recording_and_its_text_are_gone_from_all_memory(server: Server) -> None:
    sample = SAMPLE.read_bytes()
    finished = [server.transcribe(sample) for _ in range(3)]
    assert all(PHRASE.decode() in task["transcript"] for task in finished)
    assert sum(everywhere(server, PHRASE)) > 0, "the search finds nothing, so it proves nothing"

    for task in finished:
        server.cancel(task["task_id"])

    assert everywhere(server, PHRASE) == [0, 0]
    for start in range(1000, len(sample) - 64, 4000):
        assert everywhere(server, sample[start : start + 64]) == [0, 0], f"bytes {start} and on of the recording"


@pytest.mark.parametrize(
    "fields", [{}, {"response_format": "verbose_json"}, {"response_format": "srt"}, {"stream": "true"}]
)
def test_a_text_that_was_answered_by_openais_route_is_gone_from_all_memory(
    server: Server, fields: dict[str, str]
) -> None:
    answer = server.client.post("/v1/audio/transcriptions", files={"file": SAMPLE.read_bytes()}, data=fields)
    assert PHRASE in " ".join(answer.text.split()).encode()

    assert everywhere(server, PHRASE) == [0, 0]


def test_what_the_model_heard_of_a_recording_is_gone_with_it(server: Server) -> None:
    """A spectrogram can be made into speech again."""
    [window] = filter(None, cut(VoiceDetector(PlainSilero()).listen(audio.decode(SAMPLE))))
    spectrogram = LogMel(80)(window.samples)
    heard = [spectrogram[band, 200:216].tobytes() for band in (10, 40, 70)]
    heard.append(window.samples[32_000:32_016].tobytes())
    for piece in heard:
        assert occurrences(psutil.Process(), piece) > 0, "the search finds nothing, so it proves nothing"

    server.cancel(server.transcribe(SAMPLE.read_bytes())["task_id"])

    eventually(lambda: all(everywhere(server, piece) == [0, 0] for piece in heard))


def test_a_text_that_was_told_and_written_in_every_way_is_gone_once_it_was_deleted(server: Server) -> None:
    task_id = server.transcribe(SAMPLE.read_bytes())["task_id"]
    events = server.client.get("/api/v1/events", params={"task_id": task_id})
    assert PHRASE in events.content
    for name in FORMATS:
        answer = server.client.get("/api/v1/result", params={"task_id": task_id, "format": name})
        assert answer.status_code == 200

    server.cancel(task_id)

    assert everywhere(server, PHRASE) == [0, 0]


def test_a_waveform_is_gone_once_its_task_was_deleted(server: Server) -> None:
    task_id = server.transcribe(SAMPLE.read_bytes())["task_id"]
    peaks = server.client.get("/api/v1/waveform", params={"task_id": task_id}).json()["peaks"]
    as_it_is_sent = ",".join(map(repr, peaks[100:110])).encode()

    server.cancel(task_id)

    assert everywhere(server, as_it_is_sent) == [0, 0]


def test_a_corrected_text_is_gone_as_soon_as_it_was_answered(server: Server) -> None:
    words = [{"word": f" {word}", "start": 0, "end": 1} for word in PHRASE.decode().split()]
    segment = {"start": 0, "end": 1, "text": f" {PHRASE.decode()}", "words": words}
    sent = {"filename": PHRASE.decode(), "duration": 1, "segments": [segment] * 500}

    for name in FORMATS:
        answer = server.client.post("/api/v1/result", params={"format": name}, json=sent)
        assert PHRASE in " ".join(answer.text.split()).encode()
    for wrong in ({**sent, "duration": PHRASE.decode()}, {**sent, PHRASE.decode(): 1}, {**sent, "duration": -1}):
        assert server.client.post("/api/v1/result", json=wrong).status_code == 422

    assert everywhere(server, PHRASE) == [0, 0]
