"""A task as a stream of events."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from whisper_api.api.schemas import (
    Duration,
    Eta,
    LanguageProbability,
    Place,
    Reason,
    SegmentModel,
    Share,
    SourceLanguage,
    TaskModel,
    UsedDevice,
    UsedModel,
)
from whisper_api.api.streams import Events, event
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task

_END = "end"


class Queued(BaseModel):
    """Where the task stands in the queue."""

    position_in_queue: Place
    eta_seconds: Eta


class Started(BaseModel):
    """What was heard before it, in case of a second one, is void: the worker was lost and it all begins anew."""

    duration: Duration
    used_model_size: UsedModel
    used_device: UsedDevice


class Progress(BaseModel):
    """How far the task is."""

    progress: Share
    eta_seconds: Eta
    source_language: SourceLanguage
    language_probability: LanguageProbability


class Failed(BaseModel):
    """There will be no text."""

    error: Reason


EVENTS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("queued", Queued),
    ("started", Started),
    ("segment", SegmentModel),
    ("progress", Progress),
    ("finished", TaskModel),
    ("failed", Failed),
)
"""All events there are, and their data; ``finished`` has the task without its segments."""


@dataclass
class Follower:
    """Somebody who is told what happens to a task, from ``attempt`` and as many segments of it as were ``heard``."""

    task: Task
    desk: Desk
    attempt: int = 0
    heard: int = 0
    position: int | None = None
    progress: float = 0.0
    knows_the_end: bool = False

    @classmethod
    def after(cls, last_event_id: str, task: Task, desk: Desk) -> "Follower | None":
        """One who goes on after an event; None where that was the last one there is.

        An id that is none of ours counts as none.
        """
        if task.has_ended and last_event_id == _id(task.attempt, _END):
            return None
        attempt, _, heard = last_event_id.partition(".")
        is_ours = len(last_event_id) <= 20 and all(part.isascii() and part.isdecimal() for part in (attempt, heard))
        return cls(task, desk, int(attempt), int(heard)) if is_ours else cls(task, desk)

    async def events(self) -> Events:
        """Everything that happens, up to the end of the task."""
        while not self.knows_the_end:
            change = self.task.next_change
            for each in self._news():  # the task may change between two of them, and then there is more to tell
                yield each
            if not self.knows_the_end:
                await change.wait()
        self.task.collected.set()

    def _news(self) -> Iterator[bytes]:
        task = self.task
        if task.status is Status.PENDING and self.position != (position := self.desk.queue.position(task)):
            self.position = position
            yield event(Queued(position_in_queue=position, eta_seconds=self.desk.eta(task)), name="queued")
        if task.attempt != self.attempt:
            self.attempt, self.heard, self.progress = task.attempt, 0, 0.0
            yield event(
                Started(duration=task.duration, used_model_size=task.used_model, used_device=task.used_device),
                name="started",
                id=_id(self.attempt, 0),
            )
        while task.attempt == self.attempt and self.heard < len(task.segments):
            self.heard += 1
            segment = SegmentModel.of(task.segments[self.heard - 1])
            yield event(segment, name="segment", id=_id(self.attempt, self.heard))
        if task.attempt == self.attempt and task.progress != self.progress and not task.is_forgotten:
            self.progress = task.progress
            progress = Progress(
                progress=task.progress,
                eta_seconds=self.desk.eta(task),
                source_language=task.language or task.options.language,
                language_probability=task.language_probability,
            )
            yield event(progress, name="progress")
        if task.has_ended and task.attempt == self.attempt:
            yield from self._end()

    def _end(self) -> Iterator[bytes]:
        self.knows_the_end = True
        end = _id(self.attempt, _END)
        if self.task.status is Status.FAILED:
            yield event(Failed(error=self.task.error), name="failed", id=end)
        elif not self.task.is_forgotten:
            whole = TaskModel.of(self.task, self.desk, with_segments=False)
            yield event(whole.model_dump_json(exclude={"segments"}), name="finished", id=end)


def _id(attempt: int, heard: int | str) -> str:
    return f"{attempt}.{heard}"
