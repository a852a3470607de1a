"""The one queue: first in, first out, for everybody."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from whisper_api.tasks.task import Task


class QueueFull(Exception):
    """As many tasks wait as may wait."""


class Queue:
    """Tasks in order of arrival, at most ``limit`` of them.

    An upload takes its place before its first byte is read, so that nobody sends a long recording in vain.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: list[Task] = []
        self._reserved = 0
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks)

    def __contains__(self, task: Task) -> bool:
        return task in self._tasks

    @contextmanager
    def reserve(self) -> "Iterator[Place]":
        """Hold a place until the block ends or a task takes it. Raises QueueFull."""
        if len(self._tasks) + self._reserved >= self._limit:
            raise QueueFull
        place = Place(self)
        self._reserved += 1
        try:
            yield place
        finally:
            place.give_up()

    async def head(self) -> Task:
        """The task whose turn it is, when there is one. It stays in the queue."""
        while not self._tasks:
            self._filled.clear()
            await self._filled.wait()
        return self._tasks[0]

    def remove(self, task: Task) -> None:
        """Take ``task`` out, wherever it stands; nothing happens where it does not."""
        if task in self._tasks:
            self._tasks.remove(task)
            for other in self._tasks:
                other.changed()

    def position(self, task: Task) -> int | None:
        """1 for the next one, and so on; None for a task that does not wait."""
        return self._tasks.index(task) + 1 if task in self._tasks else None

    def clear(self) -> list[Task]:
        """Take all tasks out."""
        tasks, self._tasks = self._tasks, []
        return tasks


class Place:
    """A place in the queue that is held for an upload."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.held = True

    def fill(self, task: Task) -> None:
        """Put ``task`` at the end of the queue."""
        self.give_up()
        self._queue._tasks.append(task)
        self._queue._filled.set()

    def give_up(self) -> None:
        if self.held:
            self.held = False
            self._queue._reserved -= 1
