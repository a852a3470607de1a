"""The desk: it accepts recordings, follows them through the queue to their text, and calls them off."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from whisper_api.speech.errors import TooLong
from whisper_api.speech.options import Options
from whisper_api.tasks.pace import Pace
from whisper_api.tasks.queue import Place, Queue
from whisper_api.tasks.recording import Recording, Shelf
from whisper_api.tasks.store import Store
from whisper_api.tasks.task import Status, Task
from whisper_api.workers.messages import UNEXPECTED, Decoded, Loaded, Started
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import NoModelLoaded, OnReport, WorkerRefused

logger = logging.getLogger(__name__)

_TRIES = 2
_INNOCENT_TRIES = 5
_RETRY_AFTER_SECONDS = 30
LOST_TWICE = (
    "The process that transcribes died twice over this recording, so it was given up. It may be damaged, or too "
    "large for the server's memory."
)
SHUTTING_DOWN = "The server was shut down before this recording was done. Send it again later."
CANCELLED = "The task was cancelled."


class Closing(Exception):
    """The server is shutting down and takes nothing more."""


class Unusable(Exception):
    """The upload is not a recording; the message says what is wrong with it."""


class Transcriber(Protocol):
    """What the desk asks of a worker."""

    @property
    def loaded(self) -> Loaded | None: ...
    @property
    def last_loaded(self) -> Loaded | None: ...
    @property
    def trouble(self) -> str | None: ...
    def in_use(self) -> AbstractContextManager[None]: ...
    def load_soon(self) -> None: ...
    async def load(self) -> Loaded: ...
    async def inspect(self, job: str, recording: int) -> float | None: ...
    async def run(self, job: str, recording: int, options: Options, on_report: OnReport) -> None: ...
    async def close(self) -> None: ...


@dataclass
class Intake:
    """An upload on its way in: a place in the queue, and a memory file to write to."""

    place: Place
    recording: Recording


class Desk:
    """Everything between a recording and its text. Run :meth:`work` for as long as it is to serve."""

    def __init__(
        self, *, worker: Transcriber, queue: Queue, store: Store, shelf: Shelf, max_seconds: float | None = None
    ) -> None:
        self.worker = worker
        self.queue = queue
        self._store = store
        self._shelf = shelf
        self._max_seconds = max_seconds
        self._pace = Pace()
        self._current: Task | None = None
        self._serving: asyncio.Task[None] | None = None
        self.closing = False

    @property
    def busy(self) -> bool:
        return self._current is not None and self._current.status is Status.PROCESSING

    @contextmanager
    def intake(self, size: int | None) -> Iterator[Intake]:
        """Make room for an upload of ``size`` bytes, if that is known; unless it is accepted, it is freed.

        Raises Closing, QueueFull, TooLarge or MemoryFull.
        """
        if self.closing:
            raise Closing
        if size is not None:
            self._shelf.check(size)
        with self.queue.reserve() as place:
            recording = self._shelf.new()
            try:
                yield Intake(place, recording)
            finally:
                if place.held:
                    recording.close()

    async def accept(self, intake: Intake, filename: str, options: Options) -> Task:
        """Queue a complete upload. Raises Unusable and Closing."""
        options = replace(options, max_seconds=self._max_seconds)
        task = Task(filename, options, intake.recording)
        with ExitStack() as stack:
            stack.enter_context(self.worker.in_use())
            task.duration = await self._inspect(task)
            if self._max_seconds is not None and (task.duration or 0) > self._max_seconds:
                raise Unusable(str(TooLong(self._max_seconds)))
            if self.closing:
                raise Closing
            stack.callback(task.recording.close)
            task.resources = stack.pop_all()
        self._store.add(task)
        intake.place.fill(task)
        logger.info("Task %s is queued at place %d.", task.id, len(self.queue))
        return task

    def find(self, task_id: str) -> Task:
        """The task of that id. Raises UnknownTask."""
        self._store.sweep()
        return self._store.use(task_id)

    def expires_at(self, task: Task) -> datetime | None:
        return self._store.expires_at(task)

    async def forget(self, task: Task) -> None:
        """Cancel ``task`` if it has not ended, and forget all that is known of it."""
        self._store.forget(task)
        if not task.has_ended:
            logger.info("Task %s was cancelled.", task.id)
            await self._call_off(task, CANCELLED)

    def eta(self, task: Task) -> float | None:
        """Seconds until ``task`` will have ended, as far as that can be known."""
        if task.has_ended:
            return None
        total = 0.0
        ahead = [task] if task is self._current else [*self._before(task), task]
        for other in ahead:
            if other.duration is None:
                return None
            estimate = self._pace.estimate(other.duration)
            if estimate is None:
                return None
            elapsed = other.processing_seconds or 0
            total += estimate * (1 - other.progress) if other.progress else max(0, estimate - elapsed)
        return total

    @property
    def retry_after(self) -> int:
        """Seconds after which a place in the queue may be free."""
        eta = self.eta(self._current) if self._current is not None else None
        return _RETRY_AFTER_SECONDS if eta is None else max(1, round(eta))

    async def work(self) -> None:
        """Serve the head of the queue, one after another, until cancelled."""
        while True:
            await self._take_turn(await self.queue.head())

    async def sweep_every(self, seconds: float) -> None:
        """Forget what has expired, again and again, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            if count := self._store.sweep():
                logger.info("%d results have expired.", count)

    async def close(self, grace: float) -> None:
        """Take nothing more in, and give the task that is processed ``grace`` seconds to end and be read.

        Closing once more gives none.
        """
        grace = 0 if self.closing else grace
        self.closing = True
        current = self._current
        for task in self.queue.clear():
            if task is not current:
                task.fail(SHUTTING_DOWN)
        if current is None:
            return
        try:
            async with asyncio.timeout(grace if current.status is Status.PROCESSING else 0):
                await current.wait()
                await current.collected.wait()
        except TimeoutError:
            if not current.has_ended:
                await self._call_off(current, SHUTTING_DOWN)

    async def _inspect(self, task: Task) -> float | None:
        blamed = innocent = 0
        while blamed < _TRIES and innocent < _INNOCENT_TRIES:
            try:
                return await self.worker.inspect(task.id, task.recording.descriptor)
            except WorkerRefused as error:
                raise Unusable(str(error)) from error
            except WorkerLost as error:
                logger.warning("The worker was lost while it looked at an upload.")
                if error.deliberate:
                    innocent += 1
                else:
                    blamed += 1
        raise Unusable(LOST_TWICE)

    async def _take_turn(self, task: Task) -> None:
        # A method of its own: as a variable of work() the task, and its text, would live until the next one comes.
        self._current = task
        self._serving = asyncio.create_task(self._serve(task), name="serving")
        await asyncio.wait([self._serving])
        if not self._serving.cancelled() and (error := self._serving.exception()):
            logger.error("Task %s failed unexpectedly.", task.id, exc_info=error)
        self.queue.remove(task)
        if not task.has_ended:
            task.fail(UNEXPECTED)
        self._current = self._serving = None

    async def _serve(self, task: Task) -> None:
        blamed = innocent = 0
        while blamed < _TRIES and innocent < _INNOCENT_TRIES:
            try:
                loaded = await self.worker.load()
                self.queue.remove(task)
                task.start(wanted_model=loaded.wanted, used_model=loaded.model, used_device=loaded.device)
                await self.worker.run(task.id, task.recording.descriptor, task.options, partial(self._follow, task))
            except (NoModelLoaded, WorkerRefused) as error:
                task.fail(str(error))
            except WorkerLost as error:
                logger.warning("The worker was lost while it processed task %s.", task.id)
                if error.inspecting or error.deliberate:
                    innocent += 1
                else:
                    blamed += 1
                continue
            else:
                task.finish()
                self._pace.learn(processing_seconds=task.processing_seconds or 0, audio_seconds=task.duration or 0)
            logger.info("Task %s has %s.", task.id, task.status)
            return
        task.fail(LOST_TWICE)
        logger.error("Task %s was given up.", task.id)

    def _follow(self, task: Task, report: Started | Decoded) -> None:
        match report:
            case Started():
                task.language = report.language
                task.duration = report.duration
            case Decoded():
                task.segments.append(report.segment)

    async def _call_off(self, task: Task, reason: str) -> None:
        self.queue.remove(task)
        task.fail(reason)
        task.collected.set()
        if task is self._current and self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])

    def _before(self, task: Task) -> Iterator[Task]:
        if self._current is not None and self._current not in self.queue:
            yield self._current
        for other in self.queue:
            if other is task:
                return
            yield other
