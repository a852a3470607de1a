"""What becomes of each recording: files beside it or elsewhere, whole or not at all, or text on standard output."""

import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from whisper_api.cli.inputs import SUFFIXES, Input, printable
from whisper_api.formats.files import Format


class Clash(ValueError):
    """The message says which outputs cannot be made, and why."""


@dataclass(frozen=True, slots=True)
class Output:
    """One format of one recording; ``path`` is None for standard output."""

    format: Format
    path: Path | None

    @property
    def is_there(self) -> bool:
        return self.path is not None and os.path.lexists(self.path)


@dataclass(frozen=True, slots=True)
class Job:
    """One recording, and what is to be made of it."""

    input: Input
    outputs: tuple[Output, ...]


def plan(inputs: Sequence[Input], formats: Sequence[Format], directory: Path | None, *, stdout: bool) -> list[Job]:
    """What to make of each input: beside it, or in ``directory`` with its sub-folders, or on standard output.

    What came through standard input goes to standard output, unless there is a directory. Raises Clash where an output
    would take another one's place or a recording's, or where several would have to share standard output.
    """
    jobs = []
    for recording in inputs:
        if stdout or (recording.path is None and directory is None):
            if len(formats) > 1:
                raise Clash("Standard output takes one format at a time. Name one, or a folder with -o.")
            jobs.append(Job(recording, (Output(formats[0], None),)))
        else:
            named = recording.path if directory is None and recording.path else (directory or Path()) / recording.place
            jobs.append(Job(recording, tuple(Output(each, _named_after(named, each)) for each in formats)))
    _refuse_clashes(jobs)
    return jobs


def missing(jobs: Iterable[Job]) -> tuple[list[Job], list[Path]]:
    """What of ``jobs`` is left to do, and the files that are there already."""
    left, there = [], []
    for job in jobs:
        there += [output.path for output in job.outputs if output.path and output.is_there]
        if outputs := tuple(output for output in job.outputs if not output.is_there):
            left.append(replace(job, outputs=outputs))
    return left, there


def make_folders(jobs: Iterable[Job]) -> None:
    """Make the folders that the outputs go to, before any work is done in vain. Raises Clash."""
    for folder in sorted({output.path.parent for job in jobs for output in job.outputs if output.path}):
        try:
            if not folder.is_dir():
                folder.mkdir(parents=True)
        except OSError as error:
            raise Clash(f"{printable(str(folder))} is no folder to write to: {error.strerror}.") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Clash(f"{printable(str(folder))} is no folder to write to: Permission denied. Name another with -o.")


def write(path: Path, text: str) -> None:
    """Write a file whole: nobody ever sees a part of it, and if this is interrupted nothing is left. Raises OSError."""
    unfinished = path.with_name(f".whisper_api-{secrets.token_hex(8)}")
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # before the name: a machine that loses power would keep the name alone
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


class InOrder:
    """Texts for standard output, which leave in the order of their recordings, whichever is done first."""

    def __init__(self, stream: BinaryIO, count: int) -> None:
        self._stream = stream
        self._texts: list[str | None] = [None] * count
        self._next = 0

    def put(self, index: int, text: str) -> None:
        """What becomes of the recording of that index; an empty text where nothing does."""
        self._texts[index] = text
        while self._next < len(self._texts) and (ready := self._texts[self._next]) is not None:
            self._texts[self._next] = ""
            self._next += 1
            self._stream.write(ready.encode())
        self._stream.flush()


def _named_after(recording: Path, made: Format) -> Path:
    """``talk.mp3`` becomes ``talk.srt``; where what follows the last dot is no suffix of a recording, it stays."""
    is_suffix = recording.suffix[1:].lower() in SUFFIXES
    return recording.with_name((recording.stem if is_suffix else recording.name) + made.suffix)


def _refuse_clashes(jobs: Iterable[Job]) -> None:
    taken: dict[Path, Input] = {}
    recordings = {_real(job.input.path) for job in jobs if job.input.path}
    for job in jobs:
        for output in job.outputs:
            if output.path is None:
                continue
            place = _real(output.path)
            if place in recordings:
                raise Clash(f"{printable(str(output.path))} is a recording itself. Name another folder with -o.")
            if place in taken:
                raise Clash(
                    f"{taken[place]} and {job.input} would both become {printable(str(output.path))}. "
                    "Do them one after the other, with another folder for each (-o)."
                )
            taken[place] = job.input


def _real(path: Path) -> Path:
    """Where ``path`` really is, without following it if it is a link itself: that is what a rename replaces."""
    return path.parent.resolve() / path.name
