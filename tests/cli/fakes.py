"""What a command works with, replaced by what a test can see and steer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from whisper_api.cli.display import Watch
from whisper_api.cli.inputs import Input
from whisper_api.cli.working import Heard
from whisper_api.transcript import Segment, Transcript


def transcript(*texts: str, duration: float = 10) -> Transcript:
    segments = [
        Segment(number, number + 1, text, avg_logprob=-0.25, compression_ratio=1.5, no_speech_prob=0.1)
        for number, text in enumerate(texts)
    ]
    return Transcript("en", duration, tuple(segments))


def recording(path: str | Path) -> Input:
    return Input(Path(path), Path(Path(path).name))


@dataclass
class Seen:
    """Fulfils Watch."""

    states: list[str | float] = field(default_factory=list)

    def waits(self, why: str) -> None:
        self.states.append(why)

    def advances(self, progress: float, seconds_left: float | None = None) -> None:
        self.states.append(progress)


@dataclass
class FakeDisplay:
    """Fulfils Display."""

    said: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    in_hand: int = 0
    most_in_hand: int = 0
    pauses: int = 0

    def say(self, line: str) -> None:
        self.said.append(line)

    def complain(self, line: str) -> None:
        self.complaints.append(line)

    def remark(self, line: str) -> None:
        self.remarks.append(line)

    @contextmanager
    def watch(self, recording: Input) -> Iterator[Watch]:
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            yield Seen()
        finally:
            self.in_hand -= 1

    @contextmanager
    def pause(self) -> Iterator[None]:
        self.pauses += 1
        yield


class FakeTranscriber:
    """Fulfils Transcriber: a recording is done when the test says so, or at once if it says so beforehand."""

    def __init__(self, *, at_once: int = 2) -> None:
        self.at_once = at_once
        self.begun: list[str] = []
        self.called_off: list[str] = []
        self._endings: dict[str, asyncio.Future[Transcript]] = {}

    def end(self, name: str, ending: Transcript | Exception) -> None:
        future = self._ending(name)
        if isinstance(ending, Exception):
            future.set_exception(ending)
        else:
            future.set_result(ending)

    async def transcribe(self, recording: Input, watch: Watch) -> Heard:
        name = str(recording.place)
        self.begun.append(name)
        try:
            return Heard(await self._ending(name), seconds=2)
        except asyncio.CancelledError:
            self.called_off.append(name)
            raise

    def _ending(self, name: str) -> "asyncio.Future[Transcript]":
        return self._endings.setdefault(name, asyncio.get_running_loop().create_future())
