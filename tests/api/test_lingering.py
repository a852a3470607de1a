"""A client that is refused early reads why, and does not find its connection reset."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.api.asgi import Conversation, converse
from whisper_api.api.lingering import LingeringClose

ANSWER: list[Message] = [
    {"type": "http.response.start", "status": 413, "headers": []},
    {"type": "http.response.body", "body": b"Too large."},
]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


async def refuses(_: Scope, __: Receive, send: Send) -> None:
    for message in ANSWER:
        await send(message)


async def reads_all(_: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await refuses({}, receive, send)


async def upload(app: Application, *, hangs_up: bool = False, headers: str = "content-length") -> Conversation:
    return await converse(
        LingeringClose(app),
        "/",
        method="POST",
        headers=[(header, "6" if header == "content-length" else "100-continue") for header in headers.split()],
        body=[b"ab", b"cd", b"ef"],
        hangs_up=hangs_up,
    )


async def test_the_answer_is_sent_at_once_and_ended_when_the_rest_was_read() -> None:
    conversation = await upload(refuses)

    assert conversation.events == ["start", "read", "read", "read", "end"]
    assert b"".join(conversation.body) == b"Too large."


async def test_nothing_more_is_read_after_a_body_that_was_read() -> None:
    assert (await upload(reads_all)).events == ["read", "read", "read", "start", "end"]


async def test_a_client_that_hangs_up_is_not_waited_for() -> None:
    assert (await upload(refuses, hangs_up=True)).events == ["start", "read", "read", "read", "read", "end"]


async def test_a_body_of_unknown_length_is_read_as_well() -> None:
    assert (await upload(refuses, headers="transfer-encoding")).events == ["start", "read", "read", "read", "end"]


@pytest.mark.parametrize("headers", ["", "content-length expect"])
async def test_where_no_body_comes_none_is_waited_for(headers: str) -> None:
    assert (await upload(refuses, headers=headers)).events == ["start", "end"]


async def test_a_client_that_sends_for_ever_is_given_up() -> None:
    reads = 0
    sent: list[Message] = []

    async def receive() -> Message:
        nonlocal reads
        reads += 1
        if reads > 3:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
    await LingeringClose(refuses, seconds=0.01)(scope, receive, send)

    assert not sent[-1].get("more_body")
    assert b"".join(message.get("body", b"") for message in sent) == b"Too large."


async def test_what_is_not_http_passes_through() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope)

    async def never() -> Message:
        raise AssertionError

    async def nothing(_: Message) -> None:
        raise AssertionError

    await LingeringClose(app)({"type": "lifespan"}, never, nothing)

    assert seen == [{"type": "lifespan"}]
