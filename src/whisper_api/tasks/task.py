"""One person's recording on its way to text."""

import asyncio
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from whisper_api.speech.options import Options
from whisper_api.tasks.recording import Recording
from whisper_api.transcript import Segment, Transcript, joined


class Status(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    FINISHED = "finished"
    FAILED = "failed"


class Fault(StrEnum):
    """Whose fault it is that a task has failed: would the same recording fail again?"""

    RECORDING = "recording"
    SERVER = "server"
    UNAVAILABLE = "unavailable"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class Task:
    """What is known of one upload. Times are in UTC, durations in seconds.

    ``resources`` are held until the task ends, the ``recording`` first of all; ``segments`` grow while it is
    processed, and ``decoded_seconds`` of the recording are done. If a worker is lost it is processed anew,
    which ``attempt`` counts. Once it is finished ``peaks`` tell how loud it is all along, from 0 to 1. ``languages``
    and how likely they are come of detecting them. ``collected`` is set when somebody has read how it ended.
    """

    filename: str
    options: Options
    recording: Recording
    resources: ExitStack = field(default_factory=ExitStack)
    duration: float | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    status: Status = Status.PENDING
    uploaded_at: datetime = field(default_factory=now)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    language: str | None = None
    language_probability: float | None = None
    languages: dict[str, float] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list, repr=False)
    peaks: tuple[float, ...] = field(default=(), repr=False)
    decoded_seconds: float = 0.0
    wanted_model: str | None = None
    used_model: str | None = None
    used_device: str | None = None
    error: str | None = None
    fault: Fault | None = None
    collected: asyncio.Event = field(default_factory=asyncio.Event)
    is_forgotten: bool = False
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _next_change: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def next_change(self) -> asyncio.Event:
        """Set as soon as anything is different from now."""
        return self._next_change

    def changed(self) -> None:
        """Tell all who follow it."""
        self._next_change.set()
        self._next_change = asyncio.Event()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    @property
    def text(self) -> str | None:
        """The whole text, once it is whole."""
        return joined(self.segments) if self.status is Status.FINISHED else None

    @property
    def transcript(self) -> Transcript:
        """What was said, as far as it was heard; a translation is in English."""
        spoken = self.language or self.options.language or ""
        return Transcript(
            language="en" if self.options.task == "translate" else spoken,
            duration=self.duration or 0.0,
            segments=tuple(self.segments),
        )

    @property
    def processing_seconds(self) -> float | None:
        if self.started_at is None:
            return None
        return ((self.finished_at or now()) - self.started_at).total_seconds()

    @property
    def progress(self) -> float:
        """How much of the recording has been decoded, from 0 to 1."""
        if self.status is Status.FINISHED:
            return 1.0
        return min(self.decoded_seconds / self.duration, 1.0) if self.duration else 0.0

    def start(self, *, wanted_model: str, used_model: str, used_device: str) -> None:
        """Begin, or begin again after a worker was lost."""
        self.status = Status.PROCESSING
        self.attempt += 1
        self.started_at = now()
        self.wanted_model = wanted_model
        self.used_model = used_model
        self.used_device = used_device
        self.rewind()

    def rewind(self) -> None:
        """Forget what was decoded so far: it will be decoded again."""
        self.segments = []
        self.decoded_seconds = 0.0
        self.changed()

    def advance(self, until: float, *segments: Segment) -> None:
        """So far it was decoded, and this was said."""
        self.segments.extend(segments)
        self.decoded_seconds = until
        self.changed()

    def finish(self) -> None:
        self._end(Status.FINISHED)

    def fail(self, reason: str, fault: Fault) -> None:
        """End without a text; ``reason`` is a sentence for whoever sent the recording."""
        self.segments = []
        self.error = reason
        self.fault = fault
        self._end(Status.FAILED)

    def forget(self) -> None:
        """Let go of what was said; whoever still follows it is told nothing more."""
        self.is_forgotten = True
        self.segments = []
        self.peaks = ()
        self.languages = {}
        self.collected.set()
        self.changed()

    async def wait(self) -> None:
        """Return when the task has ended, one way or the other."""
        await self._ended.wait()

    def _end(self, status: Status) -> None:
        self.status = status
        self.finished_at = now()
        self.resources.close()
        self._ended.set()
        self.changed()
