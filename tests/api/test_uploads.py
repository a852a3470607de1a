"""Uploads as they come over the network: in pieces, broken, too large, or too late."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from tests.api.asgi import BOUNDARY, FORM, Conversation, converse, form, part
from tests.api.conftest import Serve, Server, problem
from tests.tasks.fakes import FakeWorker, segment, until
from whisper_api.api import uploads
from whisper_api.api.errors import BadRequest
from whisper_api.tasks.recording import Recording, Shelf

MB = 1_000_000
SOUND = form(part("file", b"sound", "talk.wav"))


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not announced."""
    for each in content:
        yield each


def is_untouched(server: Server) -> bool:
    """Whether no memory and no place in the queue is taken."""
    return server.desk._shelf.held == 0 and server.desk.queue._reserved == 0 and len(server.desk.queue) == 0


async def post(server: Server, *body: bytes, length: int | None = None, hangs_up: bool = False) -> Conversation:
    """Upload in pieces, of an announced ``length`` or without one."""
    headers = {**FORM, **({} if length is None else {"Content-Length": str(length)})}
    return await converse(
        server.app, "/api/v1/transcribe", method="POST", headers=headers.items(), body=body, hangs_up=hangs_up
    )


# ---- forms -----------------------------------------------------------------------------------------------------


BROKEN_FORMS: list[tuple[dict[str, str], bytes, str]] = [
    ({}, b"sound", uploads.NO_FORM),
    ({"Content-Type": "audio/wav"}, b"sound", uploads.NO_FORM),
    ({"Content-Type": "application/x-www-form-urlencoded"}, b"file=sound", uploads.NO_FORM),
    ({"Content-Type": "multipart/form-data"}, SOUND, uploads.NO_FORM),
    ({"Content-Type": "multipart/mixed; boundary=x"}, SOUND, uploads.NO_FORM),
    (FORM, form(), uploads.NO_FILE),
    (FORM, form(part("audio", b"sound", "talk.wav")), uploads.MISPLACED),
    (FORM, form(part("language", b"de")), uploads.NO_FILE),
    (FORM, form(part("file", b"", "talk.wav")), "The file is empty."),
    (FORM, SOUND[:-20], uploads.CUT_OFF),
    (FORM, SOUND[:20], uploads.CUT_OFF),
    (FORM, b"", uploads.CUT_OFF),
    (FORM, b"sound", uploads.CUT_OFF),
    (FORM, form(part("file", b"1", "a"), part("file", b"2", "b")),
     "The form has several files. Send one recording a request."),
    (FORM, form(part("note", b"x" * 70_000), part("file", b"1", "a")), "The field 'note' is too long."),
]  # fmt: skip


async def test_a_form_without_a_whole_recording_is_400(server: Server) -> None:
    for headers, body, sentence in BROKEN_FORMS:
        answer = await server.http.post("/api/v1/transcribe", headers=headers, content=body)

        assert (answer.status_code, problem(answer)) == (400, sentence), (headers, body[:100])
        assert is_untouched(server)
    assert server.worker.inspected == []


@pytest.mark.parametrize(
    "body",
    [
        form(*[part(f"field{number}", b"x") for number in range(100)], part("file", b"1", "a")),
        form(part("x" * 20_000, b"1")),
    ],
    ids=["too many fields", "too long a name"],
)
async def test_a_form_out_of_all_proportion_is_400(server: Server, body: bytes) -> None:
    answer = await server.http.post("/api/v1/transcribe", headers=FORM, content=body)

    assert answer.status_code == 400
    assert problem(answer).startswith("The form has too many fields, or too long ones.")
    assert is_untouched(server)


async def test_other_fields_and_a_preamble_do_not_disturb(server: Server) -> None:
    body = form(part("prompt", b"1"), part("file", b"sound", "a.wav"), part("hotwords", b"2"))
    body = b"preamble\r\n" + body + b"epilogue"

    answer = await server.http.post("/api/v1/transcribe", headers=FORM, content=body)

    assert answer.status_code == 200
    assert server.worker.inspected == [b"sound"]


async def test_a_boundary_may_stand_in_quotes(server: Server) -> None:
    headers = {"Content-Type": f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY}"'}

    answer = await server.http.post("/api/v1/transcribe", headers=headers, content=SOUND)

    assert answer.status_code == 200


async def test_an_upload_whose_length_is_not_announced_is_taken(server: Server) -> None:
    answer = await server.http.post("/api/v1/transcribe", headers=FORM, content=pieces(SOUND[:50], SOUND[50:]))

    assert answer.status_code == 200
    assert server.worker.inspected == [b"sound"]


async def test_a_client_that_hangs_up_in_mid_upload_leaves_nothing_behind(server: Server) -> None:
    conversation = await post(server, SOUND[:-30], hangs_up=True)

    assert conversation.status == 400
    assert is_untouched(server)
    assert server.worker.inspected == []


async def test_a_client_that_sends_nothing_for_long_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_PATIENCE_SECONDS", 0.01)
    chunks = [SOUND[:50], SOUND[50:100]]

    async def receive() -> Message:
        if not chunks:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunks.pop(0), "more_body": True}

    headers = [(name.lower().encode(), value.encode()) for name, value in FORM.items()]
    with Shelf(largest=MB, capacity=MB).new() as recording, pytest.raises(HTTPException) as caught:
        await uploads.receive(Request({"type": "http", "headers": headers}, receive), recording)

    assert caught.value.status_code == 408


def received(body: bytes, sizes: list[int], recording: Recording) -> uploads.Form:
    """Receive ``body`` in pieces of these sizes, over and over."""
    chunks: list[bytes] = []
    while body:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(body[:size])
        body = body[size:]

    async def receive() -> Message:
        return {"type": "http.request", "body": chunks.pop(0) if chunks else b"", "more_body": bool(chunks)}

    headers = [(name.lower().encode(), value.encode()) for name, value in FORM.items()]
    return asyncio.run(uploads.receive(Request({"type": "http", "headers": headers}, receive), recording))


almost_delimiters = st.lists(
    st.sampled_from(
        [b"\r\n", b"--", b"\r", b"\n", BOUNDARY.encode()[:-1], b"\r\n--" + BOUNDARY.encode()[:9], b"x", b"\0"]
    )
).map(b"".join)
contents = (st.binary(min_size=1, max_size=2000) | almost_delimiters).filter(
    lambda content: content and f"\r\n--{BOUNDARY}".encode() not in b"\r\n" + content
)
sizes = st.lists(st.integers(1, 300), min_size=1, max_size=5)


@given(contents, sizes, st.binary(max_size=50).map(bytes.hex))
def test_a_recording_is_the_same_however_it_was_cut_into_pieces(content: bytes, sizes: list[int], note: str) -> None:
    body = form(part("note", note.encode()), part("file", content, "talk.wav"), part("note", b"2"))
    with Shelf(largest=MB, capacity=MB).new() as recording:
        got = received(body, sizes, recording)

        assert os.pread(recording.descriptor, MB, 0) == content
    assert got == uploads.Form("talk.wav", {"note": [note, "2"]})


@given(contents, sizes, st.data())
def test_a_recording_that_was_cut_off_anywhere_is_never_taken_for_whole(
    content: bytes, sizes: list[int], data: st.DataObject
) -> None:
    body = form(part("file", content, "talk.wav"))
    end = data.draw(st.integers(0, len(body) - len("--\r\n") - 1))
    with Shelf(largest=MB, capacity=MB).new() as recording, pytest.raises(BadRequest):
        received(body[:end], sizes, recording)


# ---- limits ----------------------------------------------------------------------------------------------------


async def test_an_upload_that_is_announced_as_too_large_is_413_before_it_is_read(serve: Serve) -> None:
    server = await serve(max_upload_mb=1)
    body = form(part("file", b"x" * 1_100_000, "talk.wav"))

    conversation = await post(server, body[:1000], body[1000:], length=len(body))

    assert conversation.status == 413
    assert conversation.events[0] == "start"
    assert b"larger than 1 MB" in b"".join(conversation.body)
    assert is_untouched(server)


async def test_an_upload_that_turns_out_too_large_is_413(serve: Serve) -> None:
    server = await serve(max_upload_mb=1)
    body = form(part("file", b"x" * 1_000_001, "talk.wav"))

    answer = await server.http.post("/api/v1/transcribe", headers=FORM, content=pieces(body))

    assert answer.status_code == 413
    assert problem(answer).startswith("The file is larger than 1 MB, the most that this server takes.")
    assert is_untouched(server)


async def test_a_file_of_exactly_the_largest_size_is_taken(serve: Serve) -> None:
    server = await serve(max_upload_mb=1)
    body = form(part("file", b"x" * MB, "talk.wav"))

    unannounced = await server.http.post("/api/v1/transcribe", headers=FORM, content=pieces(body))
    announced = await server.http.post("/api/v1/transcribe", headers=FORM, content=body)

    assert (unannounced.status_code, announced.status_code) == (200, 200)


async def test_a_full_queue_is_503_before_the_upload_is_read(serve: Serve) -> None:
    server = await serve(max_task_queue_size=1)
    server.worker.may_load.clear()
    assert (await server.upload()).status_code == 200

    conversation = await post(server, SOUND[:50], SOUND[50:], length=len(SOUND))

    assert conversation.status == 503
    assert conversation.events[0] == "start"
    assert int(conversation.headers["retry-after"]) >= 1
    assert b"The queue is full." in b"".join(conversation.body)


async def test_a_full_queue_is_503_where_the_length_is_unknown_too(serve: Serve) -> None:
    server = await serve(max_task_queue_size=1)
    server.worker.may_load.clear()
    await server.upload()

    answer = await server.http.post("/api/v1/transcribe", headers=FORM, content=pieces(SOUND))

    assert answer.status_code == 503
    assert problem(answer).startswith("The queue is full.")
    assert len(server.worker.inspected) == 1


async def test_an_upload_under_way_holds_its_place(serve: Serve) -> None:
    server = await serve(max_task_queue_size=1)
    server.worker.may_inspect.clear()
    first = asyncio.create_task(server.upload())
    await until(lambda: server.worker.users)

    assert (await server.upload()).status_code == 503

    server.worker.may_inspect.set()
    assert (await first).status_code == 200


async def test_a_place_that_was_refused_is_free_once_the_queue_moves(serve: Serve) -> None:
    server = await serve(max_task_queue_size=1)
    await server.upload()
    await server.worker.next_job()

    assert (await server.upload()).status_code == 200
    assert (await server.upload()).status_code == 503


async def test_full_memory_is_503_with_a_time_to_come_back(serve: Serve) -> None:
    server = await serve(max_upload_mb=1, max_recordings_mb=1)
    body = form(part("file", b"x" * 600_000, "talk.wav"))
    assert (await server.http.post("/api/v1/transcribe", headers=FORM, content=body)).status_code == 200
    job = await server.worker.next_job()

    for content in (body, pieces(body)):
        answer = await server.http.post("/api/v1/transcribe", headers=FORM, content=content)
        assert answer.status_code == 503
        assert problem(answer).startswith("The server's memory for recordings is full.")
        assert int(answer.headers["retry-after"]) >= 1

    assert server.desk._shelf.held == 600_000
    job.finish()
    await until(lambda: server.desk._shelf.held == 0)
    assert (await server.http.post("/api/v1/transcribe", headers=FORM, content=body)).status_code == 200


async def test_full_memory_is_503_before_an_upload_of_known_length_is_read(serve: Serve) -> None:
    server = await serve(max_upload_mb=2, max_recordings_mb=1)

    conversation = await post(server, SOUND, length=1_500_000)

    assert conversation.status == 503
    assert conversation.events[0] == "start"


async def test_memory_is_free_again_once_a_recording_was_transcribed(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()), max_upload_mb=1, max_recordings_mb=1)

    for _ in range(3):
        answer = await server.upload(b"x" * 900_000, wait=60)
        assert answer.json()["status"] == "finished"

    assert is_untouched(server)


# ---- slow and strange clients ------------------------------------------------------------------------------------


async def test_a_file_in_another_field_is_refused(server: Server) -> None:
    answer = await post(server, form(part("audio", b"x" * 1_000_000, "talk.wav")))

    assert answer.status == 400
    assert uploads.MISPLACED.encode() in b"".join(answer.body)
    assert is_untouched(server)


async def test_a_name_that_is_not_utf_8_is_no_reason_to_refuse(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()))
    body = form(part("file", b"sound", "Gespr@ch.ogg")).replace(b"@", b"\xe4")

    assert (await post(server, body)).status == 200


async def test_a_client_that_sends_next_to_nothing_for_long_is_sent_away() -> None:
    clock = iter([0.0, 59.0, 61.0])
    chunks = uploads._without_stalling(pieces(b"a", b"b", b"c"), clock=lambda: next(clock))

    assert await anext(chunks) == b"a"
    with pytest.raises(HTTPException) as refusal:
        await anext(chunks)
    assert refusal.value.status_code == 408


async def test_a_body_that_goes_on_after_its_form_is_not_read_to_its_end(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()))
    answer = await post(server, SOUND, *[b"x" * 1_000_000] * 100)

    assert answer.status == 400
    assert answer.events.index("start") < 8
    assert is_untouched(server)


async def test_a_task_whose_client_stops_waiting_for_it_is_forgotten(serve: Serve) -> None:
    server = await serve(FakeWorker())

    answer = await converse(
        server.app, "/api/v1/transcribe?wait=600", method="POST", headers=FORM.items(), body=[SOUND]
    )

    assert answer.status == 400  # for nobody to read
    assert is_untouched(server)
    assert list(server.desk._store) == []


async def test_whoever_forgets_curls_at_sign_is_told_so(server: Server) -> None:
    answer = await post(server, form(part("file", b"talk.mp3")))

    assert answer.status == 400
    assert uploads.NO_AT.encode() in b"".join(answer.body)
    assert is_untouched(server)


async def test_a_recording_may_come_without_a_name(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()))

    assert (await post(server, form(part("file", b"x" * 1000)))).status == 200
