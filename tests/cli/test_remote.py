"""A recording in the queue of a server, in front of one that says what the test wants."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.fakes import Seen, recording
from tests.tasks.fakes import until
from whisper_api.cli.exits import Unavailable
from whisper_api.cli.inputs import Input
from whisper_api.cli.remote import Refused, Remote, connected
from whisper_api.cli.working import Heard
from whisper_api.speech.options import Options
from whisper_api.tasks.recording import Shelf
from whisper_api.transcript import Word

TASK = "3f2b8c1d9e4a47b6a1c05d7e8f901234"
QUEUED = ("queued", {"position_in_queue": 3, "eta_seconds": None})
STARTED = ("started", {"duration": 10.0, "used_model_size": "base", "used_device": "cpu"})
FINISHED = (
    "finished",
    {"task_type": "transcribe", "source_language": "de", "duration": 10.0, "processing_duration": 2.5},
)
FULL = httpx2.Response(503, json={"detail": "The queue is full."}, headers={"Retry-After": "0"})

Answer = Callable[[httpx2.Request], Awaitable[httpx2.Response] | httpx2.Response]


def segment(text: str, **more: Any) -> tuple[str, dict[str, Any]]:
    measures = {"avg_logprob": -0.25, "compression_ratio": 1.5, "no_speech_prob": 0.1, "words": []}
    return "segment", {"start": 0.0, "end": 1.0, "text": text, **measures, **more}


def progress(share: float) -> tuple[str, dict[str, Any]]:
    return "progress", {"progress": share, "eta_seconds": 7.0, "source_language": "de"}


def stream(*events: tuple[str, dict[str, Any]], first_id: int = 1) -> httpx2.Response:
    async def sent() -> AsyncIterator[bytes]:
        for number, (name, data) in enumerate(events, start=first_id):
            yield f"event: {name}\ndata: {json.dumps(data)}\nid: 1.{number}\n\n".encode()

    return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=sent())


class FakeServer:
    """Answers requests by method and path, each time with what is next, and at the end with the last again."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.answers: dict[str, list[httpx2.Response | Exception | Answer]] = {
            "POST /api/v1/transcribe": [httpx2.Response(200, json={"task_id": TASK})],
            "GET /api/v1/events": [stream(STARTED, segment(" Hallo."), FINISHED)],
            "GET /api/v1/version": [httpx2.Response(200, json={"version": "1"})],
            "GET /readyz": [httpx2.Response(200, json={"status": "ready"})],
            "DELETE /api/v1/task": [httpx2.Response(204)],
        }
        self.http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer), base_url="http://box:3001")

    def asked(self, what: str) -> list[httpx2.Request]:
        return [each for each in self.requests if f"{each.method} {each.url.path}" == what]

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.requests.append(request)
        answers = self.answers[f"{request.method} {request.url.path}"]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx2.Response):
            return answer
        made = answer(request)
        return made if isinstance(made, httpx2.Response) else await made

    def remote(self, options: Options | None = None, beam_size: int | None = None) -> Remote:
        return Remote(self.http, options or Options(), beam_size=beam_size, pause_seconds=0)


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def talk(tmp_path: Path) -> Input:
    (tmp_path / "board meeting.mp3").write_bytes(b"sound" * 100_000)
    return recording(tmp_path / "board meeting.mp3")


async def heard(server: FakeServer, talk: Input, watch: Seen | None = None) -> Heard:
    return await server.remote().transcribe(talk, watch or Seen())


async def test_segments_become_a_transcript(server: FakeServer, talk: Input) -> None:
    word = {"word": " Hallo.", "start": 0.25, "end": 0.5, "probability": 0.9}
    server.answers["GET /api/v1/events"] = [stream(STARTED, segment(" Hallo.", words=[word]), FINISHED)]

    answer = await heard(server, talk)

    assert (answer.transcript.text, answer.transcript.language, answer.transcript.duration) == ("Hallo.", "de", 10)
    assert answer.transcript.segments[0].words == (Word(" Hallo.", 0.25, 0.5, 0.9),)
    assert answer.seconds == 2.5


async def test_the_place_in_the_queue_and_the_progress_are_seen(server: FakeServer, talk: Input) -> None:
    server.answers["GET /api/v1/events"] = [stream(QUEUED, STARTED, progress(0.5), segment(" Hallo."), FINISHED)]
    watch = Seen()

    await heard(server, talk, watch)

    assert watch.states[-4:] == ["100% sent", "place 3 in the queue", 0, 0.5]


async def test_the_recording_is_sent_in_pieces_and_without_its_name(server: FakeServer, talk: Input) -> None:
    watch = Seen()

    await heard(server, talk, watch)

    (upload,) = server.asked("POST /api/v1/transcribe")
    assert b"sound" * 100_000 in upload.content
    assert b'filename="recording.mp3"' in upload.content
    assert b"board meeting" not in upload.content
    assert len([state for state in watch.states if str(state).endswith("sent")]) > 5


async def test_what_came_through_standard_input_is_sent_from_memory(server: FakeServer) -> None:
    shelf = Shelf(largest=1000, capacity=1000)
    with shelf.new() as received:
        received.write(b"a sound from elsewhere")
        await heard(server, Input(None, Path("stdin"), received))

    assert b"a sound from elsewhere" in server.asked("POST /api/v1/transcribe")[0].content


async def test_wishes_are_fields_of_the_form_and_what_nobody_wished_for_is_left_to_the_server(
    server: FakeServer, talk: Input
) -> None:
    options = Options(language="de", prompt="Grüße", hotwords="Özdemir", words=True, temperature=0.5, vad_filter=False)

    server.answers["GET /api/v1/events"] = [stream(FINISHED), stream(FINISHED)]

    await server.remote(options, beam_size=5).transcribe(talk, Seen())
    await server.remote().transcribe(talk, Seen())

    sent, plain = (request.content for request in server.asked("POST /api/v1/transcribe"))
    for name, value in {
        "language": "de", "prompt": "Grüße", "hotwords": "Özdemir", "beam_size": "5", "temperature": "0.5",
        "vad_filter": "false", "timestamp_granularities[]": "word",
    }.items():  # fmt: skip
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in sent, name
    assert b"beam_size" not in plain
    assert b"language" not in plain


async def test_a_translation_has_its_own_route_and_is_in_english(server: FakeServer, talk: Input) -> None:
    server.answers["POST /api/v1/translate"] = server.answers["POST /api/v1/transcribe"]

    server.answers["GET /api/v1/events"] = [stream(("finished", {**FINISHED[1], "task_type": "translate"}))]

    answer = await server.remote(Options(task="translate")).transcribe(talk, Seen())

    assert server.asked("POST /api/v1/translate")
    assert answer.transcript.language == "en"


async def test_what_was_told_before_a_second_start_is_void(server: FakeServer, talk: Input) -> None:
    server.answers["GET /api/v1/events"] = [stream(STARTED, segment(" Half a"), STARTED, segment(" Hallo."), FINISHED)]

    assert (await heard(server, talk)).transcript.text == "Hallo."


async def test_the_text_is_deleted_from_the_server_once_it_is_here(server: FakeServer, talk: Input) -> None:
    await heard(server, talk)

    (forgotten,) = server.asked("DELETE /api/v1/task")
    assert forgotten.url.params["task_id"] == TASK


async def test_a_connection_that_breaks_is_taken_up_where_it_broke(server: FakeServer, talk: Input) -> None:
    server.answers["GET /api/v1/events"] = [
        stream(STARTED, segment(" Hallo,")),
        httpx2.ConnectError("refused"),
        httpx2.Response(502, text="Bad gateway"),
        stream(segment(" Welt."), FINISHED, first_id=3),
    ]

    answer = await heard(server, talk)

    assert answer.transcript.text == "Hallo, Welt."
    assert [each.headers["Last-Event-ID"] for each in server.asked("GET /api/v1/events")] == ["", "1.2", "1.2", "1.2"]


async def test_a_connection_that_stays_broken_is_given_up(server: FakeServer, talk: Input) -> None:
    server.answers["GET /api/v1/events"] = [httpx2.ConnectError("refused")]

    with pytest.raises(Unavailable, match=r"The connection to .* was lost"):
        await heard(server, talk)


async def test_a_server_that_was_started_anew_knows_nothing_of_it(server: FakeServer, talk: Input) -> None:
    server.answers["GET /api/v1/events"] = [stream(STARTED), httpx2.Response(400, json={"detail": "No such task."})]

    with pytest.raises(Refused, match="Send it again"):
        await heard(server, talk)


async def test_a_recording_that_is_refused_says_why(server: FakeServer, talk: Input) -> None:
    server.answers["POST /api/v1/transcribe"] = [httpx2.Response(400, json={"detail": "File has no audio track."})]

    with pytest.raises(Refused, match="no audio track"):
        await heard(server, talk)

    assert server.asked("DELETE /api/v1/task") == []


async def test_a_recording_that_fails_says_why(server: FakeServer, talk: Input) -> None:
    server.answers["GET /api/v1/events"] = [stream(STARTED, ("failed", {"error": "It is damaged."}))]

    with pytest.raises(Refused, match="It is damaged"):
        await heard(server, talk)


async def test_a_full_queue_is_waited_for(server: FakeServer, talk: Input) -> None:
    server.answers["POST /api/v1/transcribe"][:0] = [FULL, FULL]
    watch = Seen()

    assert (await heard(server, talk, watch)).transcript.text == "Hallo."
    assert watch.states.count("waits for a place") == 2


async def test_a_server_that_loads_its_model_is_waited_for(server: FakeServer, talk: Input) -> None:
    server.answers["POST /api/v1/transcribe"][:0] = [FULL]
    server.answers["GET /readyz"] = [httpx2.Response(503, json={"status": "loading the model"})]

    assert (await heard(server, talk)).transcript.text == "Hallo."


async def test_a_server_that_is_closing_is_not_waited_for(server: FakeServer, talk: Input) -> None:
    server.answers["POST /api/v1/transcribe"] = [httpx2.Response(503, json={"detail": "It is shutting down."})]
    server.answers["GET /readyz"] = [httpx2.Response(503, json={"status": "shutting down"})]

    with pytest.raises(Unavailable, match="It is shutting down"):
        await heard(server, talk)


async def test_a_server_that_closes_or_has_no_model_fails_all(server: FakeServer, talk: Input) -> None:
    server.answers["GET /api/v1/events"] = [stream(STARTED, ("failed", {"error": "No model can be loaded."}))]
    server.answers["GET /readyz"] = [httpx2.Response(503, json={"status": "No model can be loaded."})]

    with pytest.raises(Unavailable, match="No model"):
        await heard(server, talk)


async def test_a_server_that_is_gone_in_the_middle_of_an_upload_fails_all(server: FakeServer, talk: Input) -> None:
    server.answers["POST /api/v1/transcribe"] = [httpx2.WriteError("broken pipe")]
    server.answers["GET /readyz"] = [httpx2.ConnectError("refused")]

    with pytest.raises(Unavailable, match="cannot be reached any more"):
        await heard(server, talk)


async def test_an_upload_that_breaks_fails_alone(server: FakeServer, talk: Input) -> None:
    server.answers["POST /api/v1/transcribe"] = [httpx2.WriteError("broken pipe")]

    with pytest.raises(Refused, match="broken pipe"):
        await heard(server, talk)


async def test_who_leaves_cancels_the_task(server: FakeServer, talk: Input) -> None:
    async def never(_: httpx2.Request) -> httpx2.Response:
        return await asyncio.Future()

    server.answers["GET /api/v1/events"] = [never]
    task = asyncio.create_task(heard(server, talk))
    await until(lambda: server.asked("GET /api/v1/events"))

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [each.url.params["task_id"] for each in server.asked("DELETE /api/v1/task")] == [TASK]


async def test_who_leaves_before_the_upload_is_answered_leaves_no_task_behind(server: FakeServer, talk: Input) -> None:
    answering = asyncio.Event()

    async def slow(_: httpx2.Request) -> httpx2.Response:
        await answering.wait()
        return httpx2.Response(200, json={"task_id": TASK})

    server.answers["POST /api/v1/transcribe"] = [slow]
    task = asyncio.create_task(heard(server, talk))
    await until(lambda: server.asked("POST /api/v1/transcribe"))

    task.cancel()
    await until(lambda: task.cancelling())
    answering.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [each.url.params["task_id"] for each in server.asked("DELETE /api/v1/task")] == [TASK]


async def test_nobody_at_an_address_is_said() -> None:
    with pytest.raises(Unavailable, match=r"The server at http://127\.0\.0\.1:9 cannot be reached"):
        async with connected("http://127.0.0.1:9"):
            pass


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/api/v1"])
async def test_the_address_of_an_api_is_not_that_of_the_server(path: str) -> None:
    async def nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(nothing, "127.0.0.1", 0) as other:
        url = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}"

        with pytest.raises(Unavailable, match=rf"Try --server {re.escape(url)}\.$"):
            async with connected(url + path):
                pass
