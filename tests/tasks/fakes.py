"""A worker that does what a test tells it to, and ways to wait for it."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from whisper_api.speech.options import Options
from whisper_api.transcript import Segment
from whisper_api.workers.messages import Decoded, Detected, Finished, Loaded, Started
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import OnReport

PATIENCE_SECONDS = 20
MODEL = Loaded("base", "medium", "cpu", "int8", "medium is not here: using base.")


async def until(condition: Callable[[], object]) -> None:
    """Let everything else run until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - each turn of the loop is a step of whatever runs, no time passes
            await asyncio.sleep(0)


def segment(text: str = " Hello.", start: float = 0, end: float = 1) -> Segment:
    return Segment(start, end, text, avg_logprob=-0.25, compression_ratio=1.5, no_speech_prob=0.125)


class Job:
    """One call of ``run``, which lasts until the test says how it ends; ``beside`` are the jobs in hand as it began."""

    def __init__(
        self, task_id: str, recording: int, options: Options, on_report: OnReport, *, beside: list[str]
    ) -> None:
        self.task_id = task_id
        self.content = os.pread(recording, 1 << 20, 0)
        self.options = options
        self.beside = beside
        self.called_off = False
        self.errors: list[Exception] = []
        self._on_report = on_report
        self.ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def has_ended(self) -> bool:
        return self.ending.done()

    def start(self, language: str = "en") -> None:
        self._on_report(Started(self.task_id, language, 0.9))

    def decode(self, *segments: Segment, until: float | None = None) -> None:
        """A window brings ``segments``, and is done up to the end of the last one if not said otherwise."""
        self._on_report(Decoded(self.task_id, segments, segments[-1].end if until is None else until))

    def finish(self, duration: float = 10, peaks: tuple[float, ...] = ()) -> None:
        self._on_report(Finished(self.task_id, duration, peaks))
        self.ending.set_result(None)

    def detect(self, languages: dict[str, float]) -> None:
        """It was only asked for the language, after the first seconds."""
        self._on_report(Decoded(self.task_id, (), 3))
        self._on_report(Detected(self.task_id, languages))
        self._on_report(Finished(self.task_id, None))
        self.ending.set_result(None)

    def end_with(self, error: Exception) -> None:
        # Not as the future's exception, which would hold the frames that it passes through, and so the task, too.
        self.errors.append(error)
        self.ending.set_result(None)


class FakeWorker:
    """Fulfils the desk's Transcriber. With ``says`` every job ends at once with these segments."""

    def __init__(self, *says: Segment, recordings_at_once: int = 1) -> None:
        self.model = replace(MODEL, recordings_at_once=recordings_at_once)
        self.loaded: Loaded | None = None
        self.last_loaded: Loaded | None = None
        self.trouble: str | None = None
        self.users = 0
        self.loads = 0
        self.load_requested = False
        self.closed = False
        self.may_load = asyncio.Event()
        self.may_load.set()
        self.may_inspect = asyncio.Event()
        self.may_inspect.set()
        self.may_stop = asyncio.Event()
        self.may_stop.set()
        self.load_errors: deque[Exception] = deque()
        self.inspections: deque[float | Exception | None] = deque()
        self.inspected: list[bytes] = []
        self.says = says
        self.jobs: list[Job] = []

    @property
    def in_hand(self) -> list[Job]:
        """The jobs that the test has yet to end, in the order in which they began."""
        return [job for job in self.jobs if not job.has_ended]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1

    def load_soon(self) -> None:
        self.load_requested = True

    async def load(self) -> Loaded:
        self.loads += 1
        await self.may_load.wait()
        if self.load_errors:
            raise self.load_errors.popleft()
        self.loaded = self.last_loaded = self.model
        return self.model

    async def inspect(self, job: str, recording: int) -> float | None:
        await self.may_inspect.wait()
        self.inspected.append(os.pread(recording, 1 << 20, 0))
        answer = self.inspections.popleft() if self.inspections else 10.0
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run(self, job: str, recording: int, options: Options, on_report: OnReport) -> None:
        running = Job(job, recording, options, on_report, beside=[each.task_id for each in self.in_hand])
        self.jobs.append(running)
        if self.says:
            running.start()
            running.decode(*self.says)
            running.finish()
        try:
            await running.ending
        except asyncio.CancelledError:
            running.called_off = True
            await self.may_stop.wait()
            raise
        if running.errors:
            raise running.errors.pop()

    async def close(self) -> None:
        self.closed = True

    def die(self, *, inspecting: bool = False, deliberate: bool = False) -> None:
        """Lose all jobs in hand, and the model."""
        self.loaded = None
        for job in self.in_hand:
            job.end_with(WorkerLost(inspecting=inspecting, deliberate=deliberate))

    async def next_job(self) -> Job:
        """The first of the jobs in hand, as soon as there is one."""
        return (await self.jobs_in_hand(1))[0]

    async def jobs_in_hand(self, count: int) -> list[Job]:
        """The jobs in hand, as soon as there are so many."""
        await until(lambda: len(self.in_hand) >= count)
        return self.in_hand
