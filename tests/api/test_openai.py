"""OpenAI's API, in front of a worker that does what the test says."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.types import Message

from tests.api.asgi import FORM, converse, form, part
from tests.api.conftest import Serve, Server
from tests.tasks.fakes import FakeWorker, segment, until
from whisper_api.speech.options import Options
from whisper_api.transcript import Token, Word
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import NoModelLoaded, WorkerRefused

LOGPROBS: dict[str, Any] = {"include[]": "logprobs"}
HELLO = segment(" Hello", 0.5, 1.25)
WORLD = replace(
    segment(" world.", 1.25, 2),
    window_start=0.25,
    temperature=0.2,
    token_ids=(1002, 13),
    words=(Word(" world.", 1.3, 1.9, 0.75),),
    tokens=(Token(" world", tuple(b" world"), -0.5), Token(".", tuple(b"."), -0.25)),
)


async def ask(
    server: Server, route: str = "transcriptions", *, content: bytes = b"sound", **fields: Any
) -> httpx.Response:
    return await server.http.post(f"/v1/audio/{route}", files={"file": ("talk.wav", content)}, data=fields)


@pytest.fixture
async def talking(serve: Serve) -> Server:
    """A server on which everybody says hello world."""
    return await serve(FakeWorker(HELLO, WORLD))


def events(answer: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


async def test_a_recording_becomes_text(talking: Server) -> None:
    answer = await ask(talking, model="whisper-1")

    assert answer.json() == {"text": "Hello world.", "usage": {"type": "duration", "seconds": 10}}


async def test_plain_text_ends_with_a_line(talking: Server) -> None:
    answer = await ask(talking, response_format="text")

    assert answer.text == "Hello world.\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(("name", "beginning"), [("srt", "1"), ("vtt", "WEBVTT")])
async def test_subtitles_are_text(talking: Server, name: str, beginning: str) -> None:
    answer = await ask(talking, response_format=name)

    assert answer.text.startswith(beginning)
    assert "00:00:00" in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_verbose_json_has_what_whisper_knows(talking: Server) -> None:
    answer = (await ask(talking, response_format="verbose_json")).json()

    assert {name: answer[name] for name in ("task", "language", "duration", "text")} == {
        "task": "transcribe",
        "language": "english",
        "duration": 10,
        "text": "Hello world.",
    }
    assert answer["segments"][1] == {
        "id": 1,
        "seek": 25,
        "start": 1.25,
        "end": 2,
        "text": " world.",
        "tokens": [1002, 13],
        "temperature": 0.2,
        "avg_logprob": -0.25,
        "compression_ratio": 1.5,
        "no_speech_prob": 0.125,
    }
    assert "words" not in answer


@pytest.mark.parametrize(
    ("granularities", "there"),
    [(["word"], {"words"}), (["segment"], {"segments"}), (["word", "segment"], {"words", "segments"})],
)
async def test_times_are_as_fine_as_they_are_wished_for(
    talking: Server, granularities: list[str], there: set[str]
) -> None:
    fields: dict[str, Any] = {"response_format": "verbose_json", "timestamp_granularities[]": granularities}

    answer = (await ask(talking, **fields)).json()

    assert {"words", "segments"} & set(answer) == there
    if "words" in there:
        assert answer["words"] == [{"word": "world.", "start": 1.3, "end": 1.9}]


async def test_a_recording_without_speech_has_no_language(serve: Serve) -> None:
    server = await serve()
    asking = asyncio.create_task(ask(server, response_format="verbose_json"))

    (await server.worker.next_job()).finish()

    assert (await asking).json()["language"] == ""


async def test_the_probabilities_of_tokens_come_if_they_are_wished_for(talking: Server) -> None:
    answer = (await ask(talking, **LOGPROBS)).json()

    assert answer["logprobs"] == [
        {"token": " world", "bytes": list(b" world"), "logprob": -0.5},
        {"token": ".", "bytes": [46], "logprob": -0.25},
    ]


async def test_wishes_reach_the_worker(server: Server) -> None:
    fields: dict[str, Any] = {
        "language": "de",
        "prompt": "Ein Vortrag.",
        "hotwords": "Leichenhalle",
        "keywords[]": ["Kubernetes", "Özdemir"],
        "temperature": "0.5",
        "include[]": "logprobs",
        "chunking_strategy": "auto",
    }
    asking = asyncio.create_task(ask(server, **fields))

    job = await server.worker.next_job()
    job.finish()
    await asking

    assert job.options == Options(
        language="de",
        prompt="Ein Vortrag.",
        hotwords="Leichenhalle, Kubernetes, Özdemir",
        temperature=0.5,
        tokens=True,
        max_seconds=36_000,
    )


async def test_a_translation_is_into_english(server: Server) -> None:
    asking = asyncio.create_task(ask(server, "translations", response_format="verbose_json"))

    job = await server.worker.next_job()
    job.start("de")
    job.finish()

    answer = (await asking).json()
    assert (answer["task"], answer["language"], job.options.task) == ("translate", "english", "translate")


class Listener:
    """Asks for a stream and stays until its end; what it is ``told`` can be looked at while it goes on."""

    def __init__(self) -> None:
        self.told = b""
        self.hears = asyncio.Event()
        self._body = form(part("file", b"sound", "talk.wav"), part("stream", b"true"))

    async def ask(self, server: Server) -> None:
        await server.app(
            {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": "1.1",
                "method": "POST",
                "scheme": "http",
                "path": "/v1/audio/transcriptions",
                "raw_path": b"/v1/audio/transcriptions",
                "query_string": b"",
                "root_path": "",
                "headers": [(name.lower().encode(), value.encode()) for name, value in FORM.items()],
                "client": ("127.0.0.1", 5000),
                "server": ("127.0.0.1", 3001),
            },
            self._receive,
            self._send,
        )

    async def _receive(self) -> Message:
        body, self._body = self._body, b""
        if not body:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Message) -> None:
        self.told += message.get("body", b"")
        if b"delta" in self.told:
            self.hears.set()


# ---- streams -----------------------------------------------------------------------------------------------------


async def test_text_is_told_as_it_grows(talking: Server) -> None:
    answer = await ask(talking, stream="true", **LOGPROBS)

    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = events(answer)
    assert {event["type"] for event in deltas} == {"transcript.text.delta"}
    assert "".join(event["delta"] for event in deltas) == done["text"] == "Hello world."
    assert done["type"] == "transcript.text.done"
    assert done["usage"] == {"type": "duration", "seconds": 10}
    assert [each for event in deltas for each in event["logprobs"]] == done["logprobs"]


async def test_text_is_told_while_the_rest_is_still_decoded(server: Server) -> None:
    listener = Listener()
    asking = asyncio.create_task(listener.ask(server))
    job = await server.worker.next_job()
    job.start()
    job.decode(HELLO)
    await listener.hears.wait()
    assert not job.has_ended
    job.decode(WORLD)
    job.finish()
    await asking

    assert listener.told.endswith(b"data: [DONE]\n\n")


async def test_a_stream_that_fails_says_why(server: Server) -> None:
    asking = asyncio.create_task(ask(server, stream="true"))

    job = await server.worker.next_job()
    job.decode(HELLO)
    job.end_with(WorkerRefused("It is damaged."))

    *_, last = [line for line in (await asking).text.splitlines() if line]
    assert json.loads(last.removeprefix("data: "))["error"]["message"] == "It is damaged."


async def test_a_stream_goes_on_when_the_worker_was_lost_and_hears_the_same_again(server: Server) -> None:
    listener = Listener()
    asking = asyncio.create_task(listener.ask(server))
    job = await server.worker.next_job()
    job.decode(HELLO)
    await listener.hears.wait()
    job.end_with(WorkerLost())
    await until(lambda: len(server.worker.jobs) == 2)
    again = await server.worker.next_job()
    again.decode(segment(" He", 0.5, 1))
    again.decode(segment("llo", 1, 1.25), WORLD)
    again.finish()
    await asking

    lines = listener.told.decode().splitlines()
    said = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    assert [event["delta"] for event in said[:-1]] == ["Hello", " world."]
    assert said[-1]["text"] == "Hello world."


async def test_a_stream_ends_when_the_worker_was_lost_and_hears_something_else(server: Server) -> None:
    asking = asyncio.create_task(ask(server, stream="true"))
    job = await server.worker.next_job()
    job.decode(HELLO)
    for _ in range(100):
        await asyncio.sleep(0)
    job.end_with(WorkerLost())

    await until(lambda: len(server.worker.jobs) == 2)
    again = await server.worker.next_job()
    again.decode(segment(" Goodbye, everybody."))

    assert "Ask again" in (await asking).text
    await until(lambda: again.called_off)


# ---- whoever leaves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [b"true", b"false"])
async def test_a_client_that_goes_away_stops_its_task(serve: Serve, stream: bytes) -> None:
    server = await serve(FakeWorker())
    body = form(part("file", b"sound", "talk.wav"), part("stream", stream))

    await converse(server.app, "/v1/audio/transcriptions", method="POST", headers=FORM.items(), body=[body])

    assert not server.desk.busy
    assert len(server.desk.queue) == 0
    assert list(server.desk._store) == []


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_a_text_that_was_answered_is_forgotten(talking: Server, stream: str) -> None:
    await ask(talking, stream=stream)

    assert list(talking.desk._store) == []


# ---- models ------------------------------------------------------------------------------------------------------


async def test_models_are_the_general_name_and_the_own_one(talking: Server) -> None:
    await ask(talking)

    models = (await talking.http.get("/v1/models")).json()

    assert models["object"] == "list"
    assert [model["id"] for model in models["data"]] == ["whisper-1", "base"]
    assert (await talking.http.get("/v1/models/base")).json() == models["data"][1]
    assert (await ask(talking, model="base")).status_code == 200


async def test_before_it_was_loaded_the_model_has_the_name_that_is_set(serve: Serve) -> None:
    server = await serve(max_model="small")

    assert [model["id"] for model in (await server.http.get("/v1/models")).json()["data"]] == ["whisper-1", "small"]


@pytest.mark.parametrize("name", ["gpt-4o-transcribe", "large-v3"])
async def test_another_model_is_not_found(talking: Server, name: str) -> None:
    for answer in (await talking.http.get(f"/v1/models/{name}"), await ask(talking, model=name)):
        assert answer.status_code == 404
        error = answer.json()["error"]
        assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "model", "model_not_found")
        assert "'whisper-1'" in error["message"]


# ---- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "parameter", "sentence"),
    [
        ({"language": "xx"}, "language", "does not know this language"),
        ({"response_format": "diarized_json"}, "response_format", "'json', 'text', 'srt', 'verbose_json' or 'vtt'"),
        ({"timestamp_granularities[]": "word"}, None, "needs response_format=verbose_json"),
        ({"include[]": "logprobs", "response_format": "text"}, None, "needs response_format=json"),
        ({"include[]": "everything"}, "include", "'logprobs'"),
        ({"stream": "true", "response_format": "srt"}, None, "needs response_format json or text"),
        ({"chunking_strategy": '{"type": "server_vad", "threshold": 0.9}'}, None, "leave chunking_strategy out"),
        (
            {"chunking_strategy[type]": "server_vad", "chunking_strategy[threshold]": "0.9"},
            None,
            "leave chunking_strat",
        ),
        ({"known_speaker_names[]": "Ann"}, "known_speaker_names[]", "There is no field"),
        ({"temperature": "2"}, "temperature", "less than or equal to 1"),
    ],
)
async def test_what_cannot_be_done_is_an_error(
    talking: Server, fields: dict[str, Any], parameter: str | None, sentence: str
) -> None:
    answer = await ask(talking, **fields)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", parameter, None)
    assert sentence in error["message"]
    assert list(talking.desk._store) == []


@pytest.mark.parametrize(
    ("field", "strategy"),
    [
        ("chunking_strategy", "auto"),
        ("chunking_strategy", '{"type": "server_vad"}'),
        ("chunking_strategy[type]", "server_vad"),
    ],
)
async def test_cutting_at_pauses_is_what_the_server_does(talking: Server, field: str, strategy: str) -> None:
    fields: dict[str, Any] = {field: strategy}

    assert (await ask(talking, **fields)).status_code == 200


@pytest.mark.parametrize("path", ["transcriptions", "translations"])
async def test_a_field_in_the_address_is_an_error(talking: Server, path: str) -> None:
    answer = await talking.http.post(
        f"/v1/audio/{path}", params={"response_format": "srt"}, files={"file": ("talk.wav", b"sound")}
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "response_format"
    assert list(talking.desk._store) == []


async def test_every_error_has_the_shape_of_openai(serve: Serve) -> None:
    server = await serve(max_task_queue_size=1, max_upload_mb=1)

    async def error(answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
        return str(error["message"])

    assert "nothing at this address" in await error(await server.http.get("/v1/nothing"), 404)
    assert "method" in await error(await server.http.get("/v1/audio/transcriptions"), 405)
    assert "multipart" in await error(await server.http.post("/v1/audio/transcriptions"), 400)
    assert "empty" in await error(await ask(server, content=b""), 400)
    assert "larger than 1 MB" in await error(await ask(server, content=b"x" * 2_000_000), 413)
    await server.upload()
    await server.worker.next_job()
    await server.upload()
    answer = await ask(server)
    assert "queue is full" in await error(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("failure", "status"),
    [(WorkerRefused("No sound."), 400), (NoModelLoaded("No model."), 503)],
)
async def test_a_task_that_fails_is_an_error_that_says_whether_to_try_again(
    server: Server, failure: Exception, status: int
) -> None:
    asking = asyncio.create_task(ask(server))

    (await server.worker.next_job()).end_with(failure)

    answer = await asking
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, str(failure))
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_the_server_does_not_wait_for_a_text_that_was_answered(talking: Server, stream: str) -> None:
    await ask(talking, stream=stream)

    await talking.desk.close(60)

    assert not talking.desk.busy
