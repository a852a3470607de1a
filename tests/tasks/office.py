"""A desk at work with a worker that does what the test says."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta

from tests.tasks.fakes import PATIENCE_SECONDS, FakeWorker, Job, until
from whisper_api.speech.options import Options
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.queue import Queue
from whisper_api.tasks.recording import Shelf
from whisper_api.tasks.store import Store
from whisper_api.tasks.task import Task


class Office:
    """A desk at work, and all that it works with."""

    def __init__(
        self,
        *,
        limit: int = 8,
        largest: int = 1000,
        capacity: int = 2000,
        lifetime: int = 3600,
        max_seconds: float | None = None,
        at_once: int = 1,
        allowed_at_once: int | None = None,
    ) -> None:
        self.worker = FakeWorker(recordings_at_once=at_once)
        self.queue = Queue(limit)
        self.store = Store(lifetime=timedelta(seconds=lifetime), refresh=True)
        self.shelf = Shelf(largest=largest, capacity=capacity)
        self.desk = Desk(
            worker=self.worker,
            queue=self.queue,
            store=self.store,
            shelf=self.shelf,
            defaults=Options(max_seconds=max_seconds),
            at_once=allowed_at_once,
        )

    async def upload(self, content: bytes = b"sound", options: Options | None = None) -> Task:
        with self.desk.intake(len(content)) as intake:
            intake.recording.write(content)
            return await self.desk.accept(intake, "talk.wav", options or self.desk.defaults)

    async def job_of(self, task: Task) -> Job:
        """The job of ``task`` that the test has yet to end, as soon as there is one."""
        await until(lambda: task.id in self.in_hand)
        return next(job for job in self.worker.in_hand if job.task_id == task.id)

    @property
    def in_hand(self) -> list[str]:
        """The ids of the tasks in the worker's hands, in the order in which their jobs began."""
        return [job.task_id for job in self.worker.in_hand]

    async def ended(self, task: Task) -> None:
        """Wait until ``task`` has ended and the desk has put it away."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task.wait()
        await until(lambda: task not in self.desk._serving and task not in self.queue)

    def positions(self, *tasks: Task) -> list[int | None]:
        return [self.queue.position(task) for task in tasks]


@contextlib.asynccontextmanager
async def working(office: Office) -> AsyncIterator[None]:
    work = asyncio.create_task(office.desk.work())
    try:
        yield
        assert not work.done(), "the desk has stopped working"
    finally:
        await office.desk.close(0)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


def is_free(office: Office, task: Task) -> bool:
    try:
        os.fstat(task.recording.descriptor)
    except OSError:
        return True
    return False
