"""One life of the worker process, seen from the server: spawn, send orders, hand out its reports, end."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections import deque

from whisper_api.speech.processor import leave_cores_to_lanes
from whisper_api.workers.messages import (
    REPORTS,
    JobReport,
    Load,
    Loaded,
    LoadFailed,
    Logged,
    Order,
    encode_order,
)

logger = logging.getLogger(__name__)

_LONGEST_REPORT = 16 * 1024 * 1024
_DEATH_SECONDS = 1.0


class WorkerLost(Exception):
    """The worker process died, or had to be killed.

    ``inspecting`` where it was looking at a new upload at that moment, which is then the first to suspect;
    ``deliberate`` where the server ended it, for the sake of another job; ``loading`` where it was loading a model.
    """

    def __init__(self, *, inspecting: bool = False, deliberate: bool = False, loading: bool = False) -> None:
        super().__init__()
        self.inspecting = inspecting
        self.deliberate = deliberate
        self.loading = loading


class WorkerProcess:
    """A running child; make one with :meth:`spawn`.

    ``ended`` is set when the process is gone, whoever ended it; ``dying`` is true a little earlier. ``inspections`` are
    the jobs that look at a new upload. ``was_to_load`` is set when it is told to load a model, and ``loaded_at`` is the
    loop's time when it had done so.
    """

    def __init__(
        self, child: asyncio.subprocess.Process, sending: socket.socket, reports: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:  # fmt: skip
        self._child = child
        self._sending = sending
        self._outgoing: deque[tuple[bytes, list[int]]] = deque()
        self._reports = reports
        self._writer = writer
        self._inboxes: dict[str, asyncio.Queue[JobReport | None]] = {}
        self.was_to_load = False
        self.loaded_at = 0.0
        self._loaded: asyncio.Future[Loaded | LoadFailed | None] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.inspections: set[str] = set()
        self._died_inspecting = False
        self._ended_deliberately = False
        self.dying = False
        self._was_killed = False
        self._reading = asyncio.create_task(self._read(), name="worker reports")

    @classmethod
    async def spawn(cls) -> "WorkerProcess":
        environment = dict(os.environ)
        leave_cores_to_lanes(environment)  # in there it would be too late: it imports numpy before all else
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "whisper_api.workers.child", str(theirs.fileno()),
                pass_fds=[theirs.fileno()], stdin=asyncio.subprocess.DEVNULL, env=environment,
            )  # fmt: skip
        ours.setblocking(False)
        # Two descriptors of one socket: the event loop's reader owns the one, and descriptors of recordings are
        # sent through the other, which no transport of asyncio can do.
        sending = ours.dup()
        reports, writer = await asyncio.open_unix_connection(sock=ours, limit=_LONGEST_REPORT)
        return cls(child, sending, reports, writer)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def loaded(self) -> Loaded | LoadFailed | None:
        """What came of loading a model, as soon as that is known."""
        return self._loaded.result() if self._loaded.done() else None

    async def load(self, order: Load) -> Loaded | LoadFailed:
        """Have a model loaded, once for all who ask for it. Raises WorkerLost."""
        if not self.was_to_load:
            self.was_to_load = True
            self.send(order)
        report = await asyncio.shield(self._loaded)
        if report is None:
            raise self.loss
        return report

    def send(self, order: Order, recording: int | None = None) -> None:
        """Send an order with the descriptor of its recording, as soon as the worker has read those before it.

        Raises WorkerLost.
        """
        if self.ended.is_set():
            raise self.loss
        self._outgoing.append((encode_order(order), [] if recording is None else [os.dup(recording)]))
        self._send_what_waits()
        if self.dying:
            raise self.loss

    def _send_what_waits(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._outgoing:
                line, descriptors = self._outgoing[0]
                sent = socket.send_fds(self._sending, [line], descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
                self._outgoing[0] = (line[sent:], [])
                if sent == len(line):
                    self._outgoing.popleft()
        except BlockingIOError:
            loop.add_writer(self._sending, self._send_what_waits)
        except (BrokenPipeError, ConnectionResetError):
            self.dying = True  # who reads what it said notices as well, and waits for its end
            loop.remove_writer(self._sending)
        except OSError:
            self.kill()
        else:
            loop.remove_writer(self._sending)

    def _send_nothing_more(self) -> None:
        asyncio.get_running_loop().remove_writer(self._sending)
        self._sending.close()
        for _, descriptors in self._outgoing:
            for descriptor in descriptors:
                os.close(descriptor)
        self._outgoing.clear()

    def open_inbox(self, job: str) -> "asyncio.Queue[JobReport | None]":
        """Where the reports on ``job`` will arrive; None says that the process is gone."""
        inbox = self._inboxes[job] = asyncio.Queue()
        if self.ended.is_set():
            inbox.put_nowait(None)
        return inbox

    @property
    def loss(self) -> WorkerLost:
        """What to raise to those who wait for a process that is gone, or about to be."""
        return WorkerLost(
            inspecting=self._died_inspecting if self.ended.is_set() else bool(self.inspections),
            deliberate=self._ended_deliberately,
            loading=self.was_to_load and not isinstance(self.loaded, Loaded),
        )

    def close_inbox(self, job: str) -> None:
        self._inboxes.pop(job, None)

    def kill(self) -> None:
        if self._was_killed:  # once more would look whether it has ended, and take that from whoever waits for it
            return
        self._was_killed = self.dying = True
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()

    async def end(self) -> None:
        """Kill the process and wait until it is gone, with all its memory."""
        self._ended_deliberately = True
        self.kill()
        await self.ended.wait()

    async def _read(self) -> None:
        try:
            while await self._hand_out_next():
                pass
        except OSError:
            pass  # it is gone
        except ValueError as error:
            logger.error("The worker said something that cannot be read, and is ended: %s", type(error).__name__)
            self.kill()
        except asyncio.CancelledError:
            self.kill()
            raise
        finally:
            await self._gone()
            self._writer.close()
            self._send_nothing_more()
            self._died_inspecting = bool(self.inspections)
            self.ended.set()
            for inbox in self._inboxes.values():
                inbox.put_nowait(None)
            if not self._loaded.done():
                self._loaded.set_result(None)

    async def _gone(self) -> None:
        """Wait until the process is gone. One that only hung up is killed."""
        self.dying = True
        if not self._was_killed:
            try:
                async with asyncio.timeout(_DEATH_SECONDS):
                    await self._child.wait()
            except TimeoutError:
                self.kill()
        await self._child.wait()

    async def _hand_out_next(self) -> bool:
        """Hand out the report that comes next; false when there will be none.

        A method of its own: as a variable of :meth:`_read` the last report would stay in memory until the next one.
        """
        line = await self._reports.readline()
        is_whole = line.endswith(b"\n")  # of the last one only half may have been said
        if is_whole:
            self._hand_out(line)
        return is_whole

    def _hand_out(self, line: bytes) -> None:
        report = REPORTS.validate_json(line)
        match report:
            case Loaded() | LoadFailed():
                self.loaded_at = asyncio.get_running_loop().time()
                self._loaded.set_result(report)
            case Logged():
                logger.log(report.level, "%s", report.message)
            case _:
                if inbox := self._inboxes.get(report.job):
                    inbox.put_nowait(report)
