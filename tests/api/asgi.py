"""Requests taken apart: forms as bytes, and a conversation with the application message by message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

BOUNDARY = "----the-boundary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """One part of a form, its file name as it is: not even escaped."""
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return f"Content-Disposition: {disposition}\r\n\r\n".encode() + content


def form(*parts: bytes) -> bytes:
    """The body of a request with these parts."""
    delimiter = f"--{BOUNDARY}".encode()
    return b"".join(delimiter + b"\r\n" + each + b"\r\n" for each in parts) + delimiter + b"--\r\n"


@dataclass
class Conversation:
    """What happened between server and client, in order: ``reads`` of the body, ``start`` and ``end`` of the answer."""

    events: list[str] = field(default_factory=list)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)


async def converse(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: Sequence[bytes] = (),
    hangs_up: bool = False,
    client: tuple[str, int] | None = ("127.0.0.1", 5000),
    http_version: str = "1.1",
) -> Conversation:
    """Send a request whose ``body`` comes in these pieces, after which the client may hang up in mid-upload."""
    conversation = Conversation()
    pieces = list(body)

    async def receive() -> Message:
        conversation.events.append("read")
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces) or hangs_up}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            conversation.events.append("start")
            conversation.status = message["status"]
            conversation.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            if not message.get("more_body"):
                conversation.events.append("end")
            conversation.body.append(message.get("body", b""))

    path, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": http_version,
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": client,
        "server": ("127.0.0.1", 3001),
    }
    await app(scope, receive, send)
    return conversation
