"""Answers that are streams of events."""

import asyncio
import gc
import json
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.types import Message

from whisper_api.api.streams import HEARTBEAT, Events, EventStream, event


class Client:
    """Somebody who is answered; ``leaves`` when the test says so."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.leaves = asyncio.Event()
        self.hears = asyncio.Event()

    async def receive(self) -> Message:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            self.told.append(message["body"])
            self.hears.set()

    async def ask(self, stream: EventStream) -> None:
        await stream({"type": "http", "asgi": {"spec_version": "2.4"}}, self.receive, self.send)


class Said:
    """Something that must be forgotten."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


async def told(*events: bytes) -> Events:
    for each in events:
        yield each


async def test_events_are_told_in_order_and_the_end_is_noticed() -> None:
    client, closed = Client(), []

    async def close() -> None:
        closed.append(True)

    await client.ask(EventStream(told(b"1", b"2"), when_closed=close))

    assert client.told == [b"1", b"2"]
    assert closed == [True]


async def test_whoever_leaves_ends_the_stream() -> None:
    client, ended = Client(), []

    async def events() -> Events:
        try:
            yield b"1"
            await asyncio.Event().wait()
        finally:
            ended.append("events")

    async def close() -> None:
        await asyncio.sleep(0)
        ended.append("stream")

    asking = asyncio.create_task(client.ask(EventStream(events(), when_closed=close)))
    await client.hears.wait()
    client.leaves.set()
    await asking

    assert ended == ["events", "stream"]


async def test_where_nothing_is_told_for_long_there_is_a_sign_of_life() -> None:
    client, goes_on = Client(), asyncio.Event()

    async def events() -> Events:
        await goes_on.wait()
        yield b"1"

    asking = asyncio.create_task(client.ask(EventStream(events(), heartbeat_seconds=0)))
    await client.hears.wait()
    goes_on.set()
    await asking

    assert client.told[0] == HEARTBEAT
    assert client.told[-1] == b"1"
    assert HEARTBEAT.startswith(b": ")


async def test_a_bug_in_a_stream_can_be_found_in_the_log() -> None:
    async def events() -> Events:
        yield b"1"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Client().ask(EventStream(events()))


@pytest.mark.parametrize("ending", ["end", "departure", "bug"])
async def test_what_was_said_does_not_outlive_the_stream(no_collector: None, ending: str) -> None:
    said = Said()
    trace = weakref.ref(said)
    client = Client()

    async def events(said: Any) -> Events:
        yield b"1"
        if ending == "departure":
            await asyncio.Event().wait()
        if ending == "bug":
            raise ZeroDivisionError
        del said

    async def ask(stream: EventStream) -> None:
        with suppress(ZeroDivisionError):
            await client.ask(stream)

    asking = asyncio.create_task(ask(EventStream(events(said))))
    await client.hears.wait()
    client.leaves.set()
    await asking
    del said, asking
    await asyncio.sleep(0)

    assert trace() is None


@pytest.mark.parametrize("character", ["\u0085", "\u2028", "\u2029", "\n", "\r"])
def test_no_character_ends_a_line_of_an_event(character: str) -> None:
    sent = event(json.dumps(f"one{character}two", ensure_ascii=False), name="segment").decode()

    assert len(sent.splitlines()) == 3
    assert json.loads(sent.splitlines()[1].removeprefix("data: ")) == f"one{character}two"
