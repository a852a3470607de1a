"""The other end of a worker process's socket, which says what a test tells it to."""

import asyncio
import os
import socket
from collections import deque

import pytest

from whisper_api.workers.messages import ORDERS, Load, Loaded, Order, Report, Run, encode_report
from whisper_api.workers.process import WorkerProcess

LOADED = Loaded("base", "base", "cpu", "int8", None, recordings_at_once=3)


class FakeChild(asyncio.subprocess.Process):
    """A process that was started. Told to load a model it says ``to_load``; it does nothing else of its own accord."""

    def __init__(self, connection: socket.socket, number: int, to_load: Report | None) -> None:
        self.pid = number
        self._to_load = to_load
        self.orders: list[Order] = []
        self.contents: dict[str, bytes] = {}
        self._connection = connection
        self._rest = b""
        self._descriptors: deque[int] = deque()
        self.kills = 0
        self._gone = asyncio.Event()
        connection.setblocking(False)
        asyncio.get_running_loop().add_reader(connection, self._read)

    @property
    def jobs(self) -> list[str]:
        return [order.job for order in self.orders if isinstance(order, Run)]

    @property
    def is_gone(self) -> bool:
        return self._gone.is_set()

    def begin_to_say(self, report: Report) -> None:
        self._connection.sendall(encode_report(report)[:-5])

    def say(self, *reports: Report) -> None:
        self._connection.sendall(b"".join(map(encode_report, reports)))

    def hang_up(self) -> None:
        if self._connection.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._connection)
            self._connection.close()

    def die(self) -> None:
        """End, as after a crash."""
        if not self.is_gone:
            self._gone.set()
            self.hang_up()

    def kill(self) -> None:
        """What the server does to end it."""
        self.kills += 1
        self.die()

    async def wait(self) -> int:
        await self._gone.wait()
        return -9

    def _read(self) -> None:
        data, received, _, _ = socket.recv_fds(self._connection, 1 << 16, 16)
        self._descriptors.extend(received)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            order = ORDERS.validate_json(line)
            self.orders.append(order)
            if isinstance(order, Load) and self._to_load is not None:
                self.say(self._to_load)
            if isinstance(order, Run):
                descriptor = self._descriptors.popleft()
                self.contents[order.job] = os.pread(descriptor, 1 << 20, 0)
                os.close(descriptor)


def spawning(monkeypatch: pytest.MonkeyPatch, *to_load: Report | None) -> list[FakeChild]:
    """Has every worker process be a fake one from now on; they are in the list that is returned.

    The first few answer the order to load a model as said, or not at all, and all others with LOADED.
    """
    children: list[FakeChild] = []

    async def spawn() -> WorkerProcess:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        answer = to_load[len(children)] if len(children) < len(to_load) else LOADED
        children.append(FakeChild(theirs, len(children) + 1, answer))
        ours.setblocking(False)
        sending = ours.dup()
        reports, writer = await asyncio.open_unix_connection(sock=ours)
        return WorkerProcess(children[-1], sending, reports, writer)

    monkeypatch.setattr(WorkerProcess, "spawn", spawn)
    return children
