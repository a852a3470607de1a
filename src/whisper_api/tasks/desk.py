"""The desk: it accepts recordings, follows them through the queue to their text, and calls them off."""

import asyncio
import logging
import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from whisper_api.speech.errors import TooLong
from whisper_api.speech.options import Options
from whisper_api.tasks.gate import Gate
from whisper_api.tasks.pace import Pace, seconds_until_done
from whisper_api.tasks.queue import Place, Queue
from whisper_api.tasks.recording import Recording, Shelf
from whisper_api.tasks.store import Store
from whisper_api.tasks.task import Fault, Task
from whisper_api.workers.messages import UNEXPECTED, Decoded, Detected, Finished, Loaded, Progress, Started
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import NoModelLoaded, OnReport, WorkerRefused

logger = logging.getLogger(__name__)

_TRIES = 2
_INNOCENT_TRIES = 5
_RETRY_AFTER_SECONDS = 30
_NO_WISHES = Options()
_WINDOW_SECONDS = 20.0  # about what a lane takes at a time
_LISTENED_SECONDS = 30.0  # a language is mostly made out in the first window
LOST_TWICE = (
    "The process that transcribes died twice over this recording, so it was given up. It may be damaged, or too "
    "large for the server's memory."
)
LOST_OFTEN = "The process that transcribes died again and again, but not over this recording. Send it again later."
DIES_LOADING = (
    "The process that transcribes dies while it loads the model, perhaps for want of memory. Send the recording again "
    "later."
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
    """Everything between a recording and its text. Run :meth:`work` for as long as it is to serve.

    ``defaults`` are the options of whoever has no wishes.
    """

    def __init__(
        self,
        *,
        worker: Transcriber,
        queue: Queue,
        store: Store,
        shelf: Shelf,
        defaults: Options = _NO_WISHES,
        at_once: int | None = None,
    ) -> None:
        self.worker = worker
        self.queue = queue
        self._store = store
        self._shelf = shelf
        self.defaults = defaults
        self._at_once = at_once
        self._pace = Pace()
        self._learnt_at = 0.0
        self._serving: dict[Task, asyncio.Task[None]] = {}
        self._one_less = asyncio.Event()
        self._suspects: set[Task] = set()
        self._inspections = Gate()
        self._retrying = asyncio.Lock()
        self.closing = False

    @property
    def busy(self) -> bool:
        return bool(self._serving)

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
        task = Task(filename, options, intake.recording)
        with ExitStack() as stack:
            stack.enter_context(self.worker.in_use())
            task.duration = await self._inspect(task)
            if options.max_seconds is not None and (task.duration or 0) > options.max_seconds:
                raise Unusable(str(TooLong(options.max_seconds)))
            if self.closing:
                raise Closing
            stack.callback(task.recording.close)
            task.resources = stack.pop_all()
        self._store.add(task)
        intake.place.fill(task)
        logger.info("Task %s is queued at place %d.", task.id, len(self.queue))
        return task

    def find(self, task_id: str, *, prolongs: bool = True) -> Task:
        """The task of that id, whose life this ``prolongs`` if so set. Raises UnknownTask."""
        self._store.sweep()
        return self._store.use(task_id, prolongs=prolongs)

    def expires_at(self, task: Task) -> datetime | None:
        return self._store.expires_at(task)

    async def forget(self, task: Task) -> None:
        """Cancel ``task`` if it has not ended, and forget all that is known of it."""
        self._store.forget(task)
        if not task.has_ended:
            logger.info("Task %s was cancelled.", task.id)
            await self._call_off(task, CANCELLED)

    def eta(self, task: Task) -> float | None:
        """Seconds until ``task`` will have ended, as far as that can be known.

        A recording that does not say how long it is counts as one like this.
        """
        own = None if task.has_ended else self._remaining(task)
        if own is None:
            return None
        tasks = [*self._serving, *self.queue]
        remaining = [own if (seconds := self._remaining(other)) is None else seconds for other in tasks]
        return seconds_until_done(tasks.index(task), remaining, places=max(len(self._serving), self._most_at_once))

    @property
    def retry_after(self) -> int:
        """Seconds after which a place in the queue may be free."""
        etas = [eta for task in self._serving if (eta := self.eta(task)) is not None]
        return max(1, round(min(etas))) if etas else _RETRY_AFTER_SECONDS

    async def work(self) -> None:
        """Serve the queue in order, as many at a time as the worker takes, until cancelled."""
        while True:
            await self.queue.head()
            await self._room()
            if len(self.queue):
                await self._take_turn(await self.queue.head())

    async def sweep_every(self, seconds: float) -> None:
        """Forget what has expired, again and again, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            if count := self._store.sweep():
                logger.info("%d results have expired.", count)

    async def close(self, grace: float) -> None:
        """Take nothing more in, and give the tasks that are processed ``grace`` seconds to end and be read.

        Closing once more gives none.
        """
        grace = 0 if self.closing else grace
        self.closing = True
        for task in self.queue.clear():
            task.fail(SHUTTING_DOWN, Fault.UNAVAILABLE)
        served = list(self._serving)
        try:
            async with asyncio.timeout(grace):
                for task in served:
                    await task.wait()
                    await task.collected.wait()
        except TimeoutError:
            # All at once: a worker that has to be killed for one of them must not be started again for the next.
            left = [task for task in served if not task.has_ended]
            await asyncio.gather(*(self._call_off(task, SHUTTING_DOWN) for task in left))

    async def _inspect(self, task: Task) -> float | None:
        losses = _Losses()
        while not losses.are_too_many:
            # As in _serve: what may have killed the worker is looked at again with no other upload beside it.
            turn = self._inspections.alone() if losses.blamed else self._inspections.together()
            try:
                async with turn:
                    if self.closing:
                        raise Closing
                    return await self.worker.inspect(task.id, task.recording.descriptor)
            except WorkerRefused as error:
                raise Unusable(str(error)) from error
            except WorkerLost as loss:
                logger.warning("The worker was lost while it looked at an upload.")
                losses.count(innocent=loss.deliberate or loss.loading)
        raise Unusable(losses.reason)

    async def _take_turn(self, task: Task) -> None:
        # A method of its own: as a variable of work() the task, and its text, would live until the next one comes.
        loaded = await self._model_for(task)
        self.queue.remove(task)
        if loaded is None:
            return
        self._start(task, loaded)
        if not self._serving:
            self._learnt_at = time.monotonic()
        self._serving[task] = serving = asyncio.create_task(self._serve(task), name="serving")
        serving.add_done_callback(partial(self._served, task))

    def _start(self, task: Task, loaded: Loaded) -> None:
        task.start(wanted_model=loaded.wanted, used_model=loaded.model, used_device=loaded.device)

    async def _room(self) -> None:
        """Wait until the worker can take one more, and nobody who may kill it is in hand."""
        while self._suspects or len(self._serving) >= self._most_at_once:
            self._one_less.clear()
            await self._one_less.wait()

    @property
    def _most_at_once(self) -> int:
        loaded = self.worker.last_loaded
        suitable = loaded.recordings_at_once if loaded else 1
        return suitable if self._at_once is None else min(suitable, self._at_once)

    def _served(self, task: Task, serving: asyncio.Task[None]) -> None:
        if not serving.cancelled() and (error := serving.exception()):
            logger.error("Task %s failed unexpectedly.", task.id, exc_info=error)
        if not task.has_ended:
            task.fail(UNEXPECTED, Fault.SERVER)
        del self._serving[task]
        self._suspects.discard(task)
        self._one_less.set()

    async def _model_for(self, task: Task) -> Loaded | None:
        """The model that ``task`` will be done with; None where the task has ended before there was one.

        Whatever happens on the way is no fault of its recording.
        """
        losses = _Losses()
        while not task.has_ended:
            try:
                loaded = await self.worker.load()
            except NoModelLoaded as error:
                self._fail(task, str(error), Fault.UNAVAILABLE)
            except WorkerLost as loss:
                logger.warning("The worker was lost while it loaded the model for task %s.", task.id)
                losses.count(innocent=loss.inspecting or loss.deliberate)
                if losses.are_too_many:
                    self._fail(task, DIES_LOADING if losses.blamed else LOST_OFTEN, Fault.UNAVAILABLE)
            except Exception:
                logger.exception("Task %s failed unexpectedly.", task.id)
                self._fail(task, UNEXPECTED, Fault.SERVER)
            else:
                return None if task.has_ended else loaded
        return None

    async def _serve(self, task: Task) -> None:
        losses = _Losses()
        while not task.has_ended:
            # Whoever may have killed the worker tries again with nobody beside it: so none is lost twice to the guilty.
            turn = self._retrying if losses.blamed else nullcontext()
            try:
                async with turn:
                    if losses:
                        loaded = await self._model_for(task)
                        if loaded is None:
                            return
                        self._start(task, loaded)
                        self._learnt_at = time.monotonic()  # loading is not transcribing
                    await self.worker.run(task.id, task.recording.descriptor, task.options, partial(self._follow, task))
            except NoModelLoaded as error:
                self._fail(task, str(error), Fault.UNAVAILABLE)
            except WorkerRefused as error:
                self._fail(task, str(error), Fault.SERVER if str(error) == UNEXPECTED else Fault.RECORDING)
            except WorkerLost as loss:
                logger.warning("The worker was lost while it processed task %s.", task.id)
                losses.count(innocent=loss.inspecting or loss.deliberate or loss.loading)
                if losses.are_too_many:
                    self._fail(task, losses.reason, losses.fault)
                elif not task.has_ended:
                    task.rewind()
                    if losses.blamed:
                        self._suspects.add(task)
            else:
                task.finish()
                logger.info("Task %s has %s.", task.id, task.status)

    def _fail(self, task: Task, reason: str, fault: Fault) -> None:
        if not task.has_ended:
            task.fail(reason, fault)
            logger.info("Task %s has %s.", task.id, task.status)

    def _follow(self, task: Task, report: Progress) -> None:
        match report:
            case Started():
                task.language = report.language
                task.language_probability = report.language_probability
                task.changed()
            case Decoded():
                if task.options.task != "detect_language":  # no text is much less work
                    self._learn(report.until - task.decoded_seconds)
                task.advance(report.until, *report.segments)
            case Detected():
                task.languages = report.languages
                task.language = next(iter(report.languages), None)
            case Finished(duration=duration, peaks=peaks) if duration is not None:
                task.duration = duration
                task.peaks = peaks
                self._learn(duration - task.decoded_seconds)
                task.advance(duration)

    def _learn(self, seconds: float) -> None:
        """So many seconds of audio are done since the last time."""
        now = time.monotonic()
        self._pace.learn(processing_seconds=now - self._learnt_at, audio_seconds=seconds, share=self._share)
        self._learnt_at = now

    @property
    def _share(self) -> float:
        """How much of the machine is busy with the tasks in hand: each lane of it with a window of one of them."""
        loaded = self.worker.last_loaded
        if loaded is None:
            return 1
        windows = sum(math.ceil((task.duration or 0) / _WINDOW_SECONDS) for task in self._serving)
        return min(max(windows, 1) / loaded.lanes, 1)

    async def _call_off(self, task: Task, reason: str) -> None:
        self.queue.remove(task)
        task.fail(reason, Fault.UNAVAILABLE)
        task.collected.set()
        if serving := self._serving.get(task):
            serving.cancel()
            await asyncio.wait([serving])

    def _remaining(self, task: Task) -> float | None:
        if task.duration is None:
            return None
        detects = task.options.task == "detect_language"
        estimate = self._pace.estimate(min(task.duration, _LISTENED_SECONDS) if detects else task.duration)
        return None if estimate is None else estimate * (1 - task.progress)


class _Losses:
    """How often a recording has lost its worker, and whether it may be to blame."""

    def __init__(self) -> None:
        self.blamed = 0
        self._innocent = 0

    def __bool__(self) -> bool:
        return bool(self.blamed or self._innocent)

    @property
    def are_too_many(self) -> bool:
        return self.blamed >= _TRIES or self._innocent >= _INNOCENT_TRIES

    @property
    def reason(self) -> str:
        """Why there are no more tries."""
        return LOST_TWICE if self.blamed >= _TRIES else LOST_OFTEN

    @property
    def fault(self) -> Fault:
        return Fault.RECORDING if self.blamed >= _TRIES else Fault.UNAVAILABLE

    def count(self, *, innocent: bool) -> None:
        if innocent:
            self._innocent += 1
        else:
            self.blamed += 1
