"""Early answers that arrive.

A server that refuses an upload before it has read it can go on reading for as long as the client sends, or close the
connection, which makes the kernel reset it: many clients then report a broken connection instead of the reason. So the
answer is sent at once, what the client still sends is read and thrown away for a moment, and only then the connection
is closed, as web servers do ("lingering close").
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LingeringClose:
    """ASGI middleware. ``seconds`` is how long a client may go on sending after it was answered."""

    def __init__(self, app: ASGIApp, *, seconds: float = 10.0) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        # A client that waits to be asked for its body sends none after a final answer.
        has_body = (b"content-length" in headers or b"transfer-encoding" in headers) and b"expect" not in headers
        unread = has_body and headers.get(b"content-length") != b"0"

        async def watched_receive() -> Message:
            nonlocal unread
            message = await receive()
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                unread = False
            return message

        async def lingering_send(message: Message) -> None:
            if message["type"] == "http.response.start" and unread:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            ends = message["type"] == "http.response.body" and not message.get("more_body")
            if not (ends and unread):
                await send(message)
                return
            await send({**message, "more_body": True})
            try:
                async with asyncio.timeout(self._seconds):
                    while unread:
                        await watched_receive()
            except TimeoutError:
                pass
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, watched_receive, lingering_send)
