"""OpenAI's real libraries for Python and JavaScript against a running server."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from .conftest import Start
from .recordings import COUNTING, FOX, overlap, sample, talk, text_of
from .server import Server, eventually

JAVASCRIPT = Path(__file__).parent / "javascript"
FIRST_WORDS_SECONDS = 15.0  # a bound for slow machines; how fast it is, benchmarks/stream.py measures


@pytest.fixture(scope="module")
def server(start_for_module: Start) -> Server:
    return start_for_module(MAX_MODEL="starter")


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_a_recording_becomes_text(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(file=sample(FOX), model="whisper-1")

    assert overlap(answer.text, text_of(FOX)) > 0.8
    assert answer.usage is not None
    assert answer.usage.type == "duration"
    assert answer.usage.seconds > 1


def test_a_strategy_that_leaves_the_cutting_to_the_server_is_taken(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(
        file=sample(FOX), model="whisper-1", chunking_strategy={"type": "server_vad"}
    )

    assert "fox" in answer.text


def test_verbose_json_has_segments_and_words(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(
        file=sample(FOX),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )

    assert answer.language == "english"
    assert answer.segments
    assert answer.segments[0].tokens
    assert answer.words
    times = [time for word in answer.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= answer.duration
    assert " ".join(word.word for word in answer.words) == answer.text


@pytest.mark.parametrize(("name", "beginning"), [("text", ""), ("srt", "1\n"), ("vtt", "WEBVTT")])
def test_other_formats_are_text(client: openai.OpenAI, name: str, beginning: str) -> None:
    answer = client.audio.transcriptions.create(file=sample(FOX), model="whisper-1", response_format=name)  # type: ignore[call-overload]

    assert isinstance(answer, str)
    assert answer.replace("\r\n", "\n").startswith(beginning)
    assert "fox" in answer


def test_the_probabilities_of_tokens_make_up_the_text(client: openai.OpenAI) -> None:
    answer = client.audio.transcriptions.create(file=sample("es/pangrama"), model="whisper-1", include=["logprobs"])

    assert answer.logprobs
    utf8 = b"".join(bytes(int(each) for each in token.bytes or ()) for token in answer.logprobs)
    assert utf8.decode().strip() == answer.text
    assert all(token.logprob is not None and token.logprob <= 0 for token in answer.logprobs)


def test_text_comes_as_a_stream(client: openai.OpenAI) -> None:
    stream = client.audio.transcriptions.create(file=sample(FOX), model="whisper-1", stream=True)

    *deltas, done = list(stream)

    assert done.type == "transcript.text.done"
    assert "".join(event.delta for event in deltas if event.type == "transcript.text.delta") == done.text
    assert overlap(done.text, text_of(FOX)) > 0.8


def test_a_long_recording_is_told_from_its_beginning_while_the_rest_is_decoded(client: openai.OpenAI) -> None:
    with client.audio.transcriptions.create(file=("talk.wav", talk(300)), model="whisper-1", stream=True) as stream:
        began = time.monotonic()
        first = next(iter(stream))
        seconds = time.monotonic() - began

    assert first.type == "transcript.text.delta"
    assert seconds < FIRST_WORDS_SECONDS


def test_a_client_that_closes_its_stream_stops_the_task(client: openai.OpenAI, server: Server) -> None:
    with client.audio.transcriptions.create(file=("talk.wav", talk(600)), model="whisper-1", stream=True) as stream:
        next(iter(stream))
        assert server.decoder_status()["currently_busy"]

    assert eventually(lambda: not server.decoder_status()["currently_busy"], within=20)


def test_a_client_that_loses_patience_stops_the_task(client: openai.OpenAI, server: Server) -> None:
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=2).audio.transcriptions.create(file=("talk.wav", talk(600)), model="whisper-1")

    assert eventually(lambda: not server.decoder_status()["currently_busy"], within=20)


async def test_many_ask_at_a_time(server: Server) -> None:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        answers = await asyncio.gather(
            *(client.audio.transcriptions.create(file=sample(name), model="whisper-1") for name in [FOX, COUNTING] * 3)
        )
        stream = await client.audio.transcriptions.create(file=sample(FOX), model="whisper-1", stream=True)
        streamed = [event async for event in stream]

    assert len({answer.text for answer in answers}) == 2
    assert streamed[-1].type == "transcript.text.done"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it is the library that calls it so
def test_a_translation_is_in_english(client: openai.OpenAI) -> None:
    answer = client.audio.translations.create(file=sample("es/hola_mundo"), model="whisper-1")

    assert "world" in answer.text.lower()


def test_models_are_listed(client: openai.OpenAI) -> None:
    ids = [model.id for model in client.models.list()]

    assert ids == ["whisper-1", "base"]
    assert client.models.retrieve("base").id == "base"


def test_errors_are_those_of_the_library(client: openai.OpenAI) -> None:
    transcribe = client.audio.transcriptions.create

    with pytest.raises(openai.NotFoundError, match="'whisper-1'") as missing:
        transcribe(file=sample(FOX), model="gpt-4o-transcribe")
    with pytest.raises(openai.BadRequestError, match="language") as wrong:
        transcribe(file=sample(FOX), model="whisper-1", language="xx")
    with pytest.raises(openai.BadRequestError, match="audio"):
        transcribe(file=("notes.txt", b"no sound at all"), model="whisper-1")
    with pytest.raises(openai.BadRequestError, match="leave chunking_strategy out"):
        transcribe(file=sample(FOX), model="whisper-1", chunking_strategy={"type": "server_vad", "threshold": 0.9})
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("large-v3")

    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert wrong.value.param == "language"


def test_a_server_that_is_closing_is_an_error_that_may_be_tried_again(start: Start) -> None:
    server = start(SHUTDOWN_GRACE_S="30")
    server.submit_and_see_it_start(talk(120))
    server.terminate()
    eventually(lambda: server.client.get("/readyz").status_code == 503)

    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        pytest.raises(openai.InternalServerError, match="shutting down") as refusal,
    ):
        client.audio.transcriptions.create(file=sample(FOX), model="whisper-1")

    assert refusal.value.response.headers["retry-after"] == "60"


@pytest.mark.skipif(not (JAVASCRIPT / "node_modules").is_dir(), reason="OpenAI's JavaScript library is not installed")
def test_the_library_for_javascript_is_content(server: Server) -> None:
    node = Path(sys.executable).with_name("node")

    ended = subprocess.run(
        [node, "--test", "clients.test.mjs"],
        cwd=JAVASCRIPT,
        env={"SERVER_URL": server.url, "RECORDING": str(sample(FOX)), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_detecting_a_language(server: Server) -> None:
    for name, language in (("es/pangrama", "es"), (FOX, "en")):
        answer = server.client.post("/api/v1/detect_language", files={"file": sample(name).read_bytes()})
        found = answer.json()
        assert (found["language"], found["languages"][0]["code"]) == (language, language)
        assert found["probability"] > 0.5
        assert len(found["languages"]) == 99
    assert isinstance(answer, httpx.Response)
