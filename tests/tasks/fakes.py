"""A worker that does what a test tells it to, and ways to wait for it."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from whisper_api.speech.options import Options
from whisper_api.transcript import Segment
from whisper_api.workers.messages import Decoded, Loaded, Started
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
    """One call of ``run``, which lasts until the test says how it ends."""

    def __init__(self, task_id: str, recording: int, options: Options, on_report: OnReport) -> None:
        self.task_id = task_id
        self.content = os.pread(recording, 1 << 20, 0)
        self.options = options
        self.called_off = False
        self._on_report = on_report
        self.ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, language: str = "en", duration: float = 10) -> None:
        self._on_report(Started(self.task_id, language, 0.9, duration))

    def decode(self, *segments: Segment) -> None:
        for decoded in segments:
            self._on_report(Decoded(self.task_id, decoded))

    def finish(self) -> None:
        self.ending.set_result(None)

    def end_with(self, error: Exception) -> None:
        self.ending.set_exception(error)


class FakeWorker:
    """Fulfils the desk's Transcriber. With ``says`` every job ends at once with these segments."""

    def __init__(self, *says: Segment) -> None:
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
        self.load_errors: deque[Exception] = deque()
        self.inspections: deque[float | Exception | None] = deque()
        self.inspected: list[bytes] = []
        self.says = says
        self.job: Job | None = None
        self.jobs: list[Job] = []

    @property
    def is_idle(self) -> bool:
        """Whether there is no job that the test has yet to end."""
        return self.job is None or self.job.ending.done()

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
        self.loaded = self.last_loaded = MODEL
        return MODEL

    async def inspect(self, job: str, recording: int) -> float | None:
        await self.may_inspect.wait()
        self.inspected.append(os.pread(recording, 1 << 20, 0))
        answer = self.inspections.popleft() if self.inspections else 10.0
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run(self, job: str, recording: int, options: Options, on_report: OnReport) -> None:
        running = self.job = Job(job, recording, options, on_report)
        self.jobs.append(running)
        if self.says:
            running.start()
            running.decode(*self.says)
            running.finish()
        try:
            await running.ending
        except asyncio.CancelledError:
            running.called_off = True
            raise
        finally:
            self.job = None

    async def close(self) -> None:
        self.closed = True

    async def next_job(self) -> Job:
        """The job in hand, as soon as there is one."""
        await until(lambda: not self.is_idle)
        assert self.job is not None
        return self.job
