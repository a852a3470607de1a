"""What every answer has in common, even one to a bug: a line in the log, and headers against leaks and caches."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whisper_api.api import errors

PAGE_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

logger = logging.getLogger(__name__)

UNEXPECTED = "Something in the server failed unexpectedly; its log says where. Try again, or tell whoever runs it."

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Manners:
    """ASGI middleware. The log has a route's pattern and never the address, which may hold task ids or names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status: int | None = None
        private = scope["path"].startswith(("/api/", "/v1/", "/logs"))

        async def mannerly_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *_HEADERS]
                names = {name for name, _ in headers}
                if b"content-security-policy" not in names:
                    headers.append((b"content-security-policy", PAGE_POLICY.encode()))
                if not private and b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-cache"))  # ask again: pages and scripts change together
                if private:
                    headers.append((b"cache-control", b"no-store"))  # texts must not end up in a browser's disk cache
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, mannerly_send)
        except Exception:
            logger.exception("Answering a request failed.")
            if status is not None:
                raise
            await errors.answer(scope["path"], 500, UNEXPECTED)(scope, receive, mannerly_send)
        finally:
            route = getattr(scope.get("route"), "path", "(no route)")
            # Reading is what pages and monitors do all day; what was sent, and what broke, is worth a line.
            level = logging.DEBUG if scope["method"] in ("GET", "HEAD") and status != 500 else logging.INFO
            logger.log(level, "%s %s: %s in %d ms", scope["method"], route, status, (time.monotonic() - began) * 1000)
