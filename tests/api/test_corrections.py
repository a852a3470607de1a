"""Corrected transcripts as files."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from tests.api.asgi import Conversation, converse
from tests.api.conftest import Serve, Server, problem
from tests.formats.talks import ANY
from tests.tasks.fakes import segment
from whisper_api.api import corrections
from whisper_api.api.corrections import Correction
from whisper_api.api.results import _download
from whisper_api.formats.cues import WordsUnknown, cues
from whisper_api.formats.files import FORMATS
from whisper_api.formats.layout import Layout
from whisper_api.transcript import Segment, Word

Json = dict[str, Any]

ASK_NOT = Segment(
    0.0, 2.0, " Ask not", -0.25, 1.5, 0.125, words=(Word(" Ask", 0.0, 1.0, 0.9), Word(" not", 1.0, 2.0, 0.8))
)


def body(*segments: Json, **more: Any) -> Json:
    return {"duration": 10.0, "segments": list(segments), **more}


def said(text: str = " Schöne Grüße!", start: float = 0, end: Any = 1.5, **more: Any) -> Json:
    return {"start": start, "end": end, "text": text, **more}


async def post(server: Server, content: Json | bytes | str, **query: str | int) -> httpx.Response:
    sent = json.dumps(content) if isinstance(content, dict) else content
    headers = {"Content-Type": "application/json"}
    return await server.http.post("/api/v1/result", content=sent, headers=headers, params=query)


async def send(server: Server, *pieces: bytes, length: int | None = None, hangs_up: bool = False) -> Conversation:
    """Send a body in pieces, of an announced ``length`` or without one."""
    headers = {} if length is None else {"Content-Length": str(length)}
    return await converse(
        server.app, "/api/v1/result", method="POST", headers=headers.items(), body=pieces, hangs_up=hangs_up
    )


def refused(content: Json | bytes | str) -> str:
    """The sentence of the error."""
    sent = json.dumps(content).encode() if isinstance(content, dict) else content
    with pytest.raises(HTTPException) as caught:
        Correction.read(sent.encode() if isinstance(sent, str) else sent)
    assert caught.value.status_code == 422
    return str(caught.value.detail)


def status(content: bytes) -> int:
    try:
        Correction.read(content)
    except HTTPException as error:
        return error.status_code
    return 200


# ---- files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(FORMATS))
async def test_what_was_not_corrected_is_the_same_file_as_the_tasks(server: Server, name: str) -> None:
    task_id = (await server.upload(filename="Grüße.mp3")).json()["task_id"]
    job = await server.worker.next_job()
    job.start()
    job.decode(ASK_NOT, segment(" what your country", 2.0, 4.0))
    job.finish(10.0)
    await server.desk.find(task_id).wait()
    task = await server.task(task_id)
    sent = {"filename": "Grüße.mp3", "language": task["source_language"]}

    answer = await post(server, {**sent, "duration": task["duration"], "segments": task["segments"]}, format=name)
    tasks = await server.http.get("/api/v1/result", params={"task_id": task_id, "format": name})

    assert (answer.status_code, answer.content) == (200, tasks.content)
    assert dict(answer.headers) == dict(tasks.headers)


@pytest.mark.parametrize("name", list(FORMATS))
async def test_a_correction_is_in_a_file_of_any_format(server: Server, name: str) -> None:
    answer = await post(server, body(said(), said(" Und mehr.", 2, 3), filename="talk.mp3", language="de"), format=name)

    assert answer.status_code == 200
    assert "Schöne Grüße!" in answer.content.decode("utf-8")
    assert "Und mehr." in answer.text
    assert answer.headers["content-disposition"] == _download("talk.mp3", f".{name}")["Content-Disposition"]
    assert answer.headers["cache-control"] == "no-store"


async def test_no_task_is_needed_and_none_is_made(server: Server) -> None:
    assert (await post(server, body(said()))).text == "Schöne Grüße!\n"

    assert len(server.desk.queue) == 0
    assert server.worker.jobs == []


async def test_a_file_that_has_no_name_gets_one(server: Server) -> None:
    answer = await post(server, body(said()), format="srt")

    assert 'filename="transcript.srt"' in answer.headers["content-disposition"]


async def test_corrected_words_are_highlighted(server: Server) -> None:
    words = [{"word": " Ask", "start": 0, "end": 1}, {"word": " knot", "start": 1, "end": 2, "probability": 1}]

    answer = await post(server, body(said(" Ask knot", 0, 2, words=words)), format="vtt", highlight_words="true")

    assert "<u>Ask</u> knot" in answer.text
    assert "Ask <u>knot</u>" in answer.text


async def test_lines_are_as_wide_as_is_wished_for(server: Server) -> None:
    answer = await post(server, body(said(" One two three four five.", 0, 4)), format="txt", max_line_width=9)

    assert answer.text == "One two\nthree\nfour\nfive.\n"


@pytest.mark.parametrize("language", [None, "", "de", "de-AT", "German"])
async def test_a_language_may_be_known_or_not(server: Server, language: str | None) -> None:
    answer = await post(server, body(said(), language=language), format="json")

    assert answer.json()["language"] == ("de" if language else "")


async def test_nobody_need_have_said_anything(server: Server) -> None:
    for name in FORMATS:
        assert (await post(server, body(), format=name)).status_code == 200


async def test_logs_say_nothing_of_it(server: Server) -> None:
    await post(server, body(said(" Ask not"), filename="talk.mp3"))
    await post(server, b'{"segments": " Ask not"}')

    assert "POST /api/v1/result: 200" in server.log()
    assert "Ask not" not in server.log()
    assert "talk" not in server.log()


# ---- whatever is sent ------------------------------------------------------------------------------------------


_characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\r\n\x1b\x85\u2028\ufeff\u202e\u200d -<&")
_texts = st.text(_characters, max_size=30) | st.sampled_from(ANY)
_seconds = st.floats(0, 1_000_000) | st.integers(0, 20)
_numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def spans(draw: st.DrawFn, /, **more: st.SearchStrategy[Any]) -> Json:
    """Something said, at a time that has nothing to do with that of others."""
    start, end = sorted([draw(_seconds), draw(_seconds)])
    return {"start": start, "end": end, **{name: draw(strategy) for name, strategy in more.items()}}


@st.composite
def segments(draw: st.DrawFn) -> Json:
    one = draw(spans(text=_texts, avg_logprob=_numbers, no_speech_prob=_numbers))
    words = draw(st.lists(spans(word=_texts, probability=_numbers), max_size=4))
    parts = draw(st.lists(spans(), max_size=4))
    in_text = [{"word": word, **part} for word, part in zip(one["text"].split(), parts, strict=False)]
    return {**one, "words": draw(st.sampled_from([words, in_text, [*in_text, *words]]))}


bodies = st.builds(body, filename=_texts, language=st.sampled_from(["", "de", "ar", "ja"])).flatmap(
    lambda sent: st.lists(segments(), max_size=6).map(lambda talk: {**sent, "segments": talk})
)
layouts = st.builds(
    Layout, st.none() | st.integers(1, 60) | st.just(1000), st.none() | st.integers(1, 10), st.booleans()
)


@given(bodies, layouts)
def test_whatever_is_sent_becomes_files_in_which_subtitles_never_overlap(sent: Json, layout: Layout) -> None:
    correction = Correction.read(json.dumps(sent).encode())
    transcript = correction.transcript

    assert [each.text for each in transcript.segments] == [each["text"] for each in sent["segments"]]
    _download(correction.filename, ".txt")["Content-Disposition"].encode("latin-1")
    for form in FORMATS.values():
        try:
            file = form.write(transcript, layout)
        except WordsUnknown:
            file = form.write(transcript, Layout(layout.max_line_width, layout.max_line_count))
        assert file.encode().decode() == file
        assert not set("\r\0\x0b\x0c\x1c\x85\u2028") & set(file)
    for plain in (True, False):
        if plain or any(each.words for each in transcript.segments):
            try:
                shown = cues(transcript.segments, Layout(layout.max_line_width, highlight_words=not plain))
            except WordsUnknown:
                continue
            assert all(cue.start < cue.end for cue in shown)
            assert all(before.end <= after.start for before, after in pairwise(shown))


@given(st.binary(max_size=100) | st.recursive(
    st.none() | st.booleans() | _numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["segments", "duration", "x"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_whatever_is_no_transcript_is_read_or_refused(content: bytes) -> None:
    assert status(content) in (200, 422)


# ---- what is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "Invalid JSON"),
        (b"secret", "Invalid JSON"),
        (b'{"segments": "secret', "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b'"secret"', "Input should be an object"),
        ({"segments": []}, "duration: Field required"),
        ({"duration": 1}, "segments: Field required"),
        ({"duration": 1, "segments": "secret"}, "segments: Input should be a valid array"),
        (body(said(), {"start": 0, "end": 1}), "segments.1.text: Field required"),
        (body(said(end="secret")), "segments.0.end: Input should be a valid number"),
        (body(said(end=True)), "segments.0.end: Input should be a valid number"),
        (body(said(end=1_000_000.5)), "segments.0.end: Input should be less than or equal to 1000000"),
        (body(said(start=-0.1)), "segments.0.start: Input should be greater than or equal to 0"),
        (body(said(end=float("inf"))), "segments.0.end: Input should be a finite number"),
        (body(said(end=float("nan"))), "segments.0.end: Input should be a finite number"),
        (body(said(avg_logprob=float("-inf"))), "segments.0.avg_logprob: Input should be a finite number"),
        (body(said(start=2, end=1)), "segments.0: The end is before the start"),
        (body(said(words=[{"word": "a", "start": 2, "end": 1}])), "segments.0.words.0: The end is before the start"),
        (body(duration=-1), "duration: Input should be greater than or equal to 0"),
        (body(said(secret=1)), "segments.0.(a field that does not exist): Extra inputs are not permitted"),
        (body(secret=1), "(a field that does not exist): Extra inputs are not permitted"),
        (body(said() | {f"secret {number}": 1 for number in range(1000)}), "it has fields that do not exist"),
        (body(filename="a" * 1001), "filename: String should have at most 1000 characters"),
        (body(language="secret"), f"language: {corrections.UNKNOWN_LANGUAGE.rstrip('.')}"),
        ('{"duration": 1, "segments": [{"start": 0, "end": 1, "text": "\\ud800"}]}', "Invalid JSON"),
        ('{"duration": ' + "9" * 10_000 + ', "segments": []}', "Invalid JSON"),
    ],
)
def test_what_makes_no_sense_is_named_and_not_repeated(content: Json | bytes | str, named: str) -> None:
    sentence = refused(content)

    assert sentence.startswith("The transcript is not understood: ")
    assert named in sentence
    assert sentence.endswith(". See /docs.")
    assert "secret" not in sentence


async def test_no_transcript_is_422(server: Server) -> None:
    answer = await post(server, b'{"segments": "secret"}')

    assert answer.status_code == 422
    assert problem(answer) == "The transcript is not understood: duration: Field required. See /docs."


async def test_a_misspelt_wish_and_an_id_are_422(server: Server) -> None:
    for wish in ({"fromat": "srt"}, {"task_id": "0" * 32}):
        answer = await post(server, body(said()), **wish)

        assert answer.status_code == 422
        assert "Those that there are: format, max_line_width" in problem(answer)


@pytest.mark.parametrize(
    "query", [{"format": "md", "max_line_width": 40}, {"format": "docx"}, {"format": "vtt", "highlight_words": "true"}]
)
async def test_a_wish_that_makes_no_sense_is_422(server: Server, query: dict[str, str | int]) -> None:
    assert (await post(server, body(said()), **query)).status_code == 422


def too_much(content: Json | bytes) -> bool:
    with pytest.raises(HTTPException) as caught:
        Correction.read(content if isinstance(content, bytes) else json.dumps(content).encode())
    return caught.value.status_code == 413


def test_what_takes_much_memory_or_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "_MOST_VALUES", 100)
    monkeypatch.setattr(corrections, "_MOST_CHARACTERS", 100)

    assert too_much(b"[" + b"1," * 100 + b"1]")
    assert too_much(b"[" + b"[],[]," * 50 + b"1]")
    assert too_much(body(said("a" * 60), said("b" * 60)))
    assert too_much(body(said(words=[{"word": "a" * 101, "start": 0, "end": 1}])))
    assert Correction.read(json.dumps(body(said("a" * 50), said("b" * 50))).encode()).transcript.text


# ---- how it comes ----------------------------------------------------------------------------------------------


async def test_it_may_come_in_pieces_and_without_a_length(server: Server) -> None:
    sent = json.dumps(body(said())).encode()

    conversation = await send(server, sent[:20], sent[20:])

    assert (conversation.status, b"".join(conversation.body)) == (200, "Schöne Grüße!\n".encode())


async def test_one_that_is_too_large_by_its_own_account_is_413_before_it_is_read(server: Server) -> None:
    conversation = await send(server, b"[", length=corrections.LARGEST_BODY + 1)

    assert conversation.status == 413
    assert conversation.events[0] == "start"


async def test_one_that_grows_too_large_is_413_as_soon_as_it_is(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "LARGEST_BODY", 100)
    server = await serve()

    conversation = await send(server, *[b"x" * 40] * 9)

    assert conversation.status == 413
    assert conversation.events[:4] == ["read", "read", "read", "start"]
    assert json.loads(b"".join(conversation.body))["detail"] == corrections.TOO_LARGE


async def test_too_many_at_a_time_are_503(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "_BODIES_AT_ONCE", 0)
    server = await serve()

    answer = await post(server, body(said()))

    assert (answer.status_code, problem(answer)) == (503, corrections.TOO_MANY)
    assert int(answer.headers["retry-after"]) > 0


async def test_the_room_that_one_took_is_free_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "LARGEST_BODY", 100)
    monkeypatch.setattr(corrections, "_BODIES_AT_ONCE", 1)
    server = await serve()

    for _ in range(3):
        assert (await send(server, b" " * 60, hangs_up=True)).status == 400
        assert (await post(server, b" " * 60)).status_code == 422
        assert (await send(server, b" " * 60, b" " * 60)).status == 413
        assert (await post(server, body())).status_code == 200


async def test_one_that_stalls_is_408(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "_PATIENCE_SECONDS", 0.01)
    server = await serve()

    async def stalling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await server.http.post("/api/v1/result", content=stalling())

    assert (answer.status_code, problem(answer)) == (408, corrections.TOO_SLOW)


async def test_a_client_that_leaves_while_it_sends_leaves_no_error_in_the_log(server: Server) -> None:
    conversation = await send(server, b'{"duration": 1, ', hangs_up=True)

    assert conversation.status == 400
    assert "POST /api/v1/result: 400" in server.log()
    assert "Traceback" not in server.log()
    assert "ERROR" not in server.log()
