"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

HEARTBEAT = format_sse_event(data_str=None, comment="still here")
"""Keeps proxies from closing a connection over which nothing is sent."""

HEARTBEAT_SECONDS = 15.0

# Some clients take these for the ends of lines; in JSON they may stand as escapes.
_OTHER_LINE_ENDS = {ord(character): f"\\u{ord(character):04x}" for character in "\u0085\u2028\u2029"}

Events = AsyncGenerator[bytes, None]


def event(data: BaseModel | str, *, name: str | None = None, id: str | None = None) -> bytes:  # noqa: A002
    """One event as it is sent; its ``data`` is JSON."""
    text = data if isinstance(data, str) else data.model_dump_json()
    return format_sse_event(data_str=text.translate(_OTHER_LINE_ENDS), event=name, id=id)


def described(events: Iterable[tuple[str | None, type[BaseModel]]]) -> dict[str, Any]:
    """The OpenAPI content of an answer that is a stream of ``events``: a name, if they have one, and their data.

    OpenAPI 3.1 has no word for a stream, so this is a text, and JSON Schema says what can be read from it. Models that
    an event's data is made of must be described by another route.
    """
    items = [_described(name, data) for name, data in events]
    schema = {
        "type": "string",
        "contentMediaType": "text/event-stream",
        "contentSchema": {"type": "array", "items": {"oneOf": items}},
    }
    return {"text/event-stream": {"schema": schema}}


def _described(name: str | None, data: type[BaseModel]) -> dict[str, Any]:
    content = data.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    content.pop("$defs", None)
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    if name is None:
        return {"type": "object", "properties": {"data": text}, "required": ["data"]}
    properties = {"event": {"const": name}, "data": text}
    return {"type": "object", "properties": properties, "required": ["event", "data"]}


class EventStream(StreamingResponse):
    """An answer made of :func:`event` after event, each sent at once, and a sign of life where there is none for long.

    ``when_closed`` is called at its end, also where the client has left before it.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: Events,
        status_code: int = 200,
        *,
        when_closed: Callable[[], Awaitable[None]] | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        super().__init__(
            _with_heartbeats(events, heartbeat_seconds),
            status_code,
            headers={"X-Accel-Buffering": "no"},  # NGINX would hold them back
        )
        self._when_closed = when_closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        # Starlette listens for a client that leaves only where the server does not tell it otherwise; and its group of
        # tasks leaves a cycle of references behind, in which what was said would stay.
        telling = asyncio.ensure_future(self.stream_response(send))
        leaving = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait([telling, leaving], return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                telling.result()
        finally:
            telling.cancel()
            leaving.cancel()
            await asyncio.wait([telling, leaving])
            del telling, leaving  # an error's traceback would hold them, and they the error
            if self._when_closed is not None:
                await self._when_closed()


async def _with_heartbeats(events: Events, seconds: float) -> Events:
    """``events``, and a heartbeat whenever there was nothing else for so many seconds."""
    try:
        while True:
            upcoming = asyncio.ensure_future(anext(events))
            try:
                while not (await asyncio.wait([upcoming], timeout=seconds))[0]:
                    yield HEARTBEAT
                yield upcoming.result()
            except StopAsyncIteration:
                return
            finally:
                upcoming.cancel()
                await asyncio.wait([upcoming])
                del upcoming  # as above
    finally:
        await events.aclose()
