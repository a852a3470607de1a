"""Recordings become files, a few at a time, whatever happens to one of them."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from whisper_api.cli.display import Display, Watch, clock
from whisper_api.cli.exits import Exit, Unavailable
from whisper_api.cli.inputs import Input, printable
from whisper_api.cli.outputs import InOrder, Job, write
from whisper_api.formats.layout import Layout
from whisper_api.speech.errors import SpeechError
from whisper_api.transcript import Transcript

MOST_AT_ONCE = 8
"""More recordings in hand make nothing faster, and more bars than can be read."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said in a recording, and how many seconds it took to write it down."""

    transcript: Transcript
    seconds: float


class Transcriber(Protocol):
    """What turns recordings into text, ``at_once`` of them at a time."""

    @property
    def at_once(self) -> int: ...

    async def transcribe(self, recording: Input, watch: Watch) -> Heard:
        """The text of a recording, which is called off if this is cancelled.

        Raises SpeechError and OSError for what is wrong with it, and Unavailable if no other can be done either.
        """
        ...


class Workshop:
    """Where jobs are done, whatever happens to one of them.

    A file that is there stays as it is, unless by ``force``. What goes to no file goes to ``stdout``.
    """

    def __init__(self, layout: Layout, display: Display, stdout: BinaryIO, *, force: bool) -> None:
        self._layout = layout
        self._display = display
        self._stdout = stdout
        self._force = force
        self._has_failed = False
        self._has_skipped = False

    @property
    def exit(self) -> Exit:
        """How the command ends."""
        return Exit.FAILED if self._has_failed else Exit.SKIPPED if self._has_skipped else Exit.DONE

    async def do(self, jobs: Sequence[Job], transcriber: Transcriber) -> None:
        """Do all jobs, as many at a time as suits ``transcriber``.

        Raises Unavailable, and BrokenPipeError if nobody reads standard output any more.
        """
        todo = iter(enumerate(jobs))
        printed = InOrder(self._stdout, len(jobs))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(transcriber.at_once, len(jobs))):
                    group.create_task(self._work(todo, transcriber, printed))
        except* (Unavailable, BrokenPipeError) as errors:
            raise errors.exceptions[0] from None

    def skip(self, path: Path) -> None:
        """Leave a file that is there."""
        self._has_skipped = True
        self._display.say(f"{printable(str(path))} is there already: skipped (--force writes it anew).")

    def fail(self, recording: Input, error: Exception) -> None:
        """Say why there is no text."""
        self._has_failed = True
        self._display.complain(f"{recording}: {_reason(error)}")

    async def _work(self, todo: Iterator[tuple[int, Job]], transcriber: Transcriber, printed: InOrder) -> None:
        for index, job in todo:
            text = ""
            try:
                with self._display.watch(job.input) as watch:
                    text = await self._deliver(job, await transcriber.transcribe(job.input, watch))
            except Unavailable:
                raise
            except Exception as error:  # the others are to be done all the same
                self.fail(job.input, error)
            if any(output.path is None for output in job.outputs):
                with self._display.pause():
                    printed.put(index, text)

    async def _deliver(self, job: Job, heard: Heard) -> str:
        """Write the job's files; answers what is to go to standard output. Raises SpeechError and OSError."""
        text, written = "", []
        for output in job.outputs:
            try:
                content = await asyncio.to_thread(output.format.write, heard.transcript, self._layout)
            except ValueError as problem:
                raise SpeechError(str(problem)) from None
            if output.path is None:
                text = content
            elif output.is_there and not self._force:  # since this was planned
                self.skip(output.path)
            else:
                write(output.path, content)
                written.append(printable(str(output.path)))
        names = f" → {', '.join(written)}" if written else ""
        duration, seconds = heard.transcript.duration, max(heard.seconds, 0.001)
        self._display.say(f"{job.input}{names}  {clock(duration)} in {clock(seconds)} ({duration / seconds:.1f}x)")
        return text


def _reason(error: Exception) -> str:
    if isinstance(error, SpeechError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return f"This failed unexpectedly ({type(error).__name__}: {error})."
