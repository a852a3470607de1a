"""The server's life: bind, serve, drain, stop."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from whisper_api.settings import InvalidSettings
from whisper_api.tasks.desk import Desk

logger = logging.getLogger(__name__)

_DATE_SECONDS = 1  # what HTTP's dates count in


class CannotListen(Exception):
    """The address cannot be used; the message says why."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises CannotListen, and InvalidSettings for a host that is no address of anything."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise InvalidSettings(
            f"LISTEN={host} is not accepted. It takes: an IP address of this machine, or a name of one."
        ) from error
    try:
        both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server(address[:2], family=family, backlog=2048, dualstack_ipv6=both)
        # Inherited by every connection; asyncio sets it only for sockets that it has made itself. Without it, an answer
        # in two pieces waits for the client's delayed acknowledgement of the first, which takes 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        hint = " Another program is using it: stop that, or set PORT to another number." if is_taken else ""
        raise CannotListen(
            f"LISTEN={host} PORT={port} cannot be listened on: {os.strerror(error.errno or 0)}.{hint}"
        ) from error


def url(listening: socket.socket) -> str:
    """Where a browser on this machine finds the server."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn, but the first signal only closes the door: the task in hand may end, and its text can still be read.

    A second signal stops at once. ``grace`` in seconds; ``on_ready`` is called when requests are answered.
    """

    def __init__(self, app: FastAPI, *, grace: float, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                # uvloop never clears the buffer that it reads all connections into: pieces of recordings and texts
                # would stay in it after they were deleted.
                loop="asyncio",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,  # when _drain() is done, only stragglers are left
            )
        )
        self._desk: Desk = app.state.desk
        self._grace = grace
        self._on_ready = on_ready
        self._draining: asyncio.Task[None] | None = None
        self._told_to_stop = asyncio.Event()

    def run_on(self, listening: socket.socket) -> None:
        """Serve until a signal says to stop, then return."""
        with asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self.serve([listening]))
        if not self.started:
            sys.exit(3)  # as uvicorn's own command does

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()

    async def main_loop(self) -> None:
        # uvicorn's own wakes up ten times a second to see whether it is to stop; here it is told.
        while not await self.on_tick(0):  # which sets the date of the answers
            with suppress(TimeoutError):
                async with asyncio.timeout(_DATE_SECONDS):
                    await self._told_to_stop.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signals again once it has stopped, so that the exit code would not be 0.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.should_exit:
            self.force_exit = True
            return
        if self._draining is None:
            logger.info("Stopping: recordings in hand get up to %g s. A second signal stops at once.", self._grace)
            grace = self._grace
        else:
            # A new one: where two signals come together, the first has not begun, and once cancelled it never does.
            self._draining.cancel()
            grace = 0
        self._draining = asyncio.get_running_loop().create_task(self._drain(grace))

    async def _drain(self, grace: float) -> None:
        try:
            await self._desk.close(grace)
        finally:
            if self._draining is asyncio.current_task():
                self.should_exit = True
                self._told_to_stop.set()
