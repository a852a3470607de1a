"""What is seen of the work while it is done. Nothing of it goes to standard output."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import click

from whisper_api.cli.inputs import Input


class Watch(Protocol):
    """Is told, from any thread, how far one recording is."""

    def waits(self, why: str) -> None:
        """Nobody is listening to it yet."""

    def advances(self, progress: float, seconds_left: float | None = None) -> None:
        """So much of it is done, from 0 to 1; how long the rest takes, if somebody knows."""


class Display(Protocol):
    """Shows lines, and how far the recordings are that are being watched."""

    def say(self, line: str) -> None:
        """What was done."""

    def complain(self, line: str) -> None:
        """What could not be done."""

    def remark(self, line: str) -> None:
        """What only somebody who sits there wants to know."""

    def watch(self, recording: Input) -> AbstractContextManager[Watch]: ...

    def pause(self) -> AbstractContextManager[None]:
        """Nothing moves meanwhile, so that others may write to the terminal."""


class Lines:
    """Lines and nothing that moves, for a log or another program; the ``quiet`` ones are complaints alone."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def say(self, line: str) -> None:
        if not self._quiet:
            click.echo(line, err=True)

    def complain(self, line: str) -> None:
        click.echo(line, err=True)

    def remark(self, line: str) -> None:
        """Nobody sits there."""

    def watch(self, recording: Input) -> AbstractContextManager[Watch]:  # noqa: ARG002
        return nullcontext(_Unseen())

    def pause(self) -> AbstractContextManager[None]:
        return nullcontext()


class _Unseen:
    def waits(self, why: str) -> None:
        """Nobody looks."""

    def advances(self, progress: float, seconds_left: float | None = None) -> None:
        """Nobody looks."""


@contextmanager
def display(*, recordings: int, quiet: bool) -> Iterator[Display]:
    """Bars where standard error is a terminal, else lines."""
    if quiet or not sys.stderr.isatty():
        yield Lines(quiet=quiet)
        return
    # Not above: whoever looks at no terminal does without it.
    from whisper_api.cli.bars import bars

    with bars(recordings=recordings) as shown:
        yield shown or Lines(quiet=False)


def clock(seconds: float) -> str:
    """A duration as players show it: 0:07, 12:34 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
