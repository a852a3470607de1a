"""The store of tasks, which forgets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from whisper_api.tasks.task import Task, now


class UnknownTask(Exception):
    """There is no task of that id: there never was, it was forgotten, or its result has expired."""


@dataclass(slots=True)
class _Entry:
    task: Task
    expires: datetime | None = None


class Store:
    """Tasks by id. One that has ended is kept for ``lifetime`` from its end, or with ``refresh`` from its last use.

    A task that waits or is processed never expires, however long that takes.
    """

    def __init__(self, *, lifetime: timedelta, refresh: bool, clock: Callable[[], datetime] = now) -> None:
        self._lifetime = lifetime
        self._refresh = refresh
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Task]:
        return iter([entry.task for entry in self._entries.values()])

    def add(self, task: Task) -> None:
        self._entries[task.id] = _Entry(task)

    def use(self, task_id: str, *, prolongs: bool = True) -> Task:
        """The task, whose life this ``prolongs`` if so set. Raises UnknownTask, also for one that has just expired."""
        entry = self._entries.get(task_id)
        if entry is None:
            raise UnknownTask(task_id)
        expires = self._expiry(entry)
        if expires is not None:
            if expires <= self._clock():
                self.forget(entry.task)
                raise UnknownTask(task_id)
            if self._refresh and prolongs:
                entry.expires = self._clock() + self._lifetime
        return entry.task

    def expires_at(self, task: Task) -> datetime | None:
        """When the task will be forgotten; None where it has not ended."""
        entry = self._entries.get(task.id)
        return self._expiry(entry) if entry else None

    def forget(self, task: Task) -> None:
        self._entries.pop(task.id, None)
        task.forget()

    def sweep(self) -> int:
        """Forget everything that has expired, and say how many that were."""
        moment = self._clock()
        expired = [
            entry.task
            for entry in self._entries.values()
            if (expires := self._expiry(entry)) is not None and expires <= moment
        ]
        for task in expired:
            self.forget(task)
        return len(expired)

    def _expiry(self, entry: _Entry) -> datetime | None:
        if entry.expires is None and entry.task.finished_at is not None:
            entry.expires = entry.task.finished_at + self._lifetime
        return entry.expires
