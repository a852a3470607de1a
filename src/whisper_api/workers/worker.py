"""The worker as the queue knows it: it may be asleep, loading, ready or dead, and serves all the same."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from whisper_api.speech.options import Options
from whisper_api.workers.messages import (
    Cancel,
    Cancelled,
    Decoded,
    Detected,
    Failed,
    Finished,
    Inspect,
    Inspected,
    JobReport,
    Load,
    Loaded,
    LoadFailed,
    Progress,
    Run,
    Started,
)
from whisper_api.workers.process import WorkerLost, WorkerProcess

logger = logging.getLogger(__name__)

_CANCEL_PATIENCE_SECONDS = 10.0
_SOON_SECONDS = 1.0
_RETRY_SECONDS = 60.0
_LONGEST_RETRY_SECONDS = 15 * 60.0
_MOST_DOUBLINGS = 10
_INSPECT_PATIENCE_SECONDS = 60.0

OnReport = Callable[[Progress], None]


class WorkerRefused(Exception):
    """The worker cannot do the job; the message is a sentence for whoever asked."""


class NoModelLoaded(Exception):
    """No model can be loaded; the message says why and what to do."""


class Worker:
    """One device's engine, started when it is needed.

    ``unload_after`` seconds without use its process is ended, which gives back all its memory; None keeps it.
    Whoever needs it stays inside :meth:`in_use`.
    """

    def __init__(self, order: Load, *, unload_after: float | None) -> None:
        self._order = order
        self._ask_hub = order.ask_hub
        self._unload_after = unload_after
        self._process: WorkerProcess | None = None
        self._starting = asyncio.Lock()
        self._failed_loads = 0
        self._early_deaths = 0
        self._users = 0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._retry_timer: asyncio.TimerHandle | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._closed = False
        self._last_loaded: Loaded | None = None
        self._trouble: str | None = None

    @property
    def loaded(self) -> Loaded | None:
        """The model in memory, or None."""
        process = self._process
        if process is None or process.ended.is_set():
            return None
        return process.loaded if isinstance(process.loaded, Loaded) else None

    @property
    def last_loaded(self) -> Loaded | None:
        """The model that was last in memory, or None."""
        return self._last_loaded

    @property
    def trouble(self) -> str | None:
        """Why no model could be loaded the last time, or None."""
        return self._trouble

    @property
    def pid(self) -> int | None:
        return None if self._process is None or self._process.ended.is_set() else self._process.pid

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the worker from being unloaded."""
        self._users += 1
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        try:
            yield
        finally:
            self._users -= 1
            self._watch_idleness()

    async def load(self) -> Loaded:
        """Have a model in memory. Raises NoModelLoaded, and WorkerLost where the process dies over it."""
        _, report = await self._ready()
        return report

    async def inspect(self, job: str, recording: int) -> float | None:
        """The duration in seconds that a recording states. Raises WorkerRefused and WorkerLost."""
        with self.in_use():
            process = await self._running()
            inbox = process.open_inbox(job)
            process.inspections.add(job)
            try:
                process.send(Inspect(job), recording)
                async with asyncio.timeout(_INSPECT_PATIENCE_SECONDS):
                    report = await inbox.get()
            except TimeoutError:
                process.kill()  # stuck in native code
                await process.ended.wait()
                raise process.loss from None
            finally:
                process.inspections.discard(job)
                process.close_inbox(job)
        match report:
            case Inspected():
                return report.duration
            case Failed():
                raise WorkerRefused(report.reason)
            case _:
                raise process.loss

    async def run(self, job: str, recording: int, options: Options, on_report: OnReport) -> None:
        """Turn ``recording`` into text, told piece by piece to ``on_report``.

        Many may run at a time. When this is cancelled the worker drops the job; one that does not, since it is stuck
        in native code, is killed after a while.
        Raises WorkerRefused and WorkerLost.
        """
        with self.in_use():
            process, _ = await self._ready()
            inbox = process.open_inbox(job)
            try:
                process.send(Run(job, options), recording)
                while True:
                    match await inbox.get():
                        case Started() | Decoded() | Detected() as report:
                            on_report(report)
                        case Finished() as report:
                            on_report(report)
                            return
                        case Failed(reason=reason):
                            raise WorkerRefused(reason)
                        case _:
                            raise process.loss
            except asyncio.CancelledError:
                await self._stop(process, job, inbox)
                raise
            finally:
                process.close_inbox(job)

    async def unload(self) -> None:
        """End the process, and give its memory back before another one can start."""
        async with self._starting:
            process, self._process = self._process, None
            if process is not None and not process.ended.is_set():
                await process.end()
                logger.info("The model was unloaded.")

    async def close(self) -> None:
        """Unload for good."""
        self._closed = True
        for timer in (self._idle_timer, self._retry_timer):
            if timer is not None:
                timer.cancel()
        for task in self._background:
            task.cancel()
        await self.unload()

    def load_soon(self) -> None:
        """Load without waiting for it; a failure is logged, seen in ``trouble``, and tried again later."""
        self._in_background(self._try_to_load())

    async def _ready(self) -> tuple[WorkerProcess, Loaded]:
        process = await self._running()
        report = await process.load(replace(self._order, ask_hub=self._ask_hub))
        if isinstance(report, LoadFailed):
            if report.hub_failed:
                self._ask_hub = False
            await process.end()
            raise NoModelLoaded(report.reason)
        if process.ended.is_set():
            raise process.loss
        if report is not self._last_loaded:
            self._tell(report)
        return process, report

    async def _try_to_load(self) -> None:
        with self.in_use():
            try:
                await self.load()
            except NoModelLoaded as error:
                logger.error("No model is loaded: %s", error)
            except WorkerLost:
                logger.error("No model is loaded: the worker process died.")
            except OSError as error:
                logger.error("No worker process can be started: %s", error.strerror)
                self._note_failed_load(f"No worker process can be started: {error.strerror}.")

    def _note_failed_load(self, reason: str) -> None:
        self._note_trouble(reason, _RETRY_SECONDS, self._failed_loads)
        self._failed_loads += 1

    def _note_trouble(self, reason: str, seconds: float, before: int) -> None:
        """Remember why there is no model, and try again later, whether anybody sends a recording or not.

        In so many ``seconds``, or twice as many for each of the times ``before``.
        """
        self._trouble = reason
        if self._retry_timer is not None:
            self._retry_timer.cancel()
        delay = min(seconds * 2 ** min(before, _MOST_DOUBLINGS), _LONGEST_RETRY_SECONDS)
        self._retry_timer = asyncio.get_running_loop().call_later(delay, self._retry)

    def _retry(self) -> None:
        if self._trouble and not self._closed:
            self.load_soon()

    async def _running(self) -> WorkerProcess:
        async with self._starting:
            if self._process is not None and self._process.dying:
                await self._process.ended.wait()
            if self._closed:
                raise WorkerLost(deliberate=True)
            if self._process is None or self._process.ended.is_set():
                self._process = await WorkerProcess.spawn()
                self._in_background(self._watch(self._process))
            return self._process

    async def _watch(self, process: WorkerProcess) -> None:
        """Bring a model that was lost back, so that the next person does not wait for it.

        At once for the first time, and later and later where it is lost soon after it was loaded: the kernel may end a
        process as soon as it has its memory, again and again.
        """
        await process.ended.wait()
        if self._closed:
            return
        report = process.loaded
        if isinstance(report, LoadFailed):
            self._note_failed_load(report.reason)
        elif self._process is process:  # and it was not unloaded
            logger.warning("The worker process ended unexpectedly.")
            if report is not None:
                self._bring_back(lived=asyncio.get_running_loop().time() - process.loaded_at)
            elif process.was_to_load:
                self._note_failed_load("The worker process died while it loaded the model.")

    def _bring_back(self, *, lived: float) -> None:
        self._early_deaths = 0 if lived >= _RETRY_SECONDS else self._early_deaths + 1
        if self._early_deaths <= 1:
            self.load_soon()
        else:
            reason = "The worker process died again, soon after it had loaded the model."
            self._note_trouble(reason, _SOON_SECONDS, self._early_deaths - 1)

    async def _stop(self, process: WorkerProcess, job: str, inbox: "asyncio.Queue[JobReport | None]") -> None:
        with suppress(WorkerLost):
            process.send(Cancel(job))
        try:
            async with asyncio.timeout(_CANCEL_PATIENCE_SECONDS):
                while not isinstance(await inbox.get(), Cancelled | Finished | Failed | None):
                    pass
        except TimeoutError:
            if self._process is not process:  # another job that did not stop has ended it
                return
            logger.info("A cancelled job did not stop in time: starting the worker anew.")
            await self.unload()
            if not self._closed:
                self.load_soon()

    def _tell(self, report: Loaded) -> None:
        self._last_loaded = report
        self._failed_loads = 0
        self._trouble = None
        if report.hub_failed:
            self._ask_hub = False
        if report.note:
            logger.warning("%s", report.note)
        logger.info("The model %s is loaded on the %s (%s).", report.model, report.device, report.compute_type)

    def _watch_idleness(self) -> None:
        if self._users or self._closed or self._unload_after is None or self.pid is None:
            return
        self._idle_timer = asyncio.get_running_loop().call_later(
            self._unload_after, lambda: self._in_background(self._unload_if_idle())
        )

    async def _unload_if_idle(self) -> None:
        if not self._users:
            await self.unload()

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
