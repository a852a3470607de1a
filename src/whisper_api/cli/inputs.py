"""Which recordings are meant by what stands on a command line."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from whisper_api.speech import memory
from whisper_api.speech.errors import SpeechError
from whisper_api.tasks.recording import MemoryFull, Recording, Shelf, TooLarge

STANDARD_INPUT = "-"

# Of the containers that speech/audio.py opens. Other files are taken where they are named themselves.
SUFFIXES = frozenset((
    "3g2", "3ga", "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf", "dts",
    "eac3", "ec3", "f4v", "flac", "flv", "m2ts", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpc",
    "mpeg", "mpg", "mts", "mxf", "nut", "oga", "ogg", "ogv", "oma", "opus", "ra", "rm", "rmvb", "snd", "spx", "ts",
    "tta", "vob", "voc", "w64", "wav", "webm", "wma", "wmv", "wv",
))  # fmt: skip

_PIECE_BYTES = 1 << 20
_WILDCARDS = set("*?[")


class NoRecordings(ValueError):
    """The message says of each name that stands for no recording why, a line each."""


class Unreceivable(SpeechError):
    """What comes through standard input cannot be taken."""


@dataclass(frozen=True, slots=True)
class Input:
    """One recording; ``path`` is None for what comes through standard input, which has to be ``received`` first.

    ``place`` is the path from the folder that was named to the file, or the file's name alone.
    """

    path: Path | None
    place: Path
    received: Recording | None = None

    @property
    def source(self) -> Path | int:
        """What to open: a path, or the descriptor of what was received."""
        if self.path is not None:
            return self.path
        assert self.received is not None
        return self.received.descriptor

    def __str__(self) -> str:
        return "standard input" if self.path is None else printable(str(self.path))


def find(names: Iterable[str]) -> list[Input]:
    """The recordings that ``names`` stand for: files, patterns, folders with all that is below them, or ``-``.

    Each is there once, wherever it was named first. Raises NoRecordings.
    """
    found: dict[Path | None, Input] = {}
    problems = []
    for name in names:
        try:
            for each in _meant_by(name):
                found.setdefault(each.path and each.path.resolve(), each)
        except NoRecordings as problem:
            problems.append(str(problem))
    if problems:
        raise NoRecordings("\n".join(problems))
    return list(found.values())


def shelf() -> Shelf:
    """Room for a recording in memory: half of what is free."""
    capacity = memory.at_hand() // 2
    return Shelf(largest=capacity, capacity=capacity)


def receive(stream: BinaryIO, shelf: Shelf) -> Recording:
    """All of ``stream``, in a memory file as uploads are: it has no name and is on no disk. Raises Unreceivable."""
    recording = shelf.new()
    try:
        while piece := stream.read(_PIECE_BYTES):
            recording.write(piece)
    except (TooLarge, MemoryFull):
        recording.close()
        raise Unreceivable(
            f"This is larger than the {shelf.capacity // 1_000_000} MB of memory that it may take. "
            "Save it to a file, and name that."
        ) from None
    except BaseException:
        recording.close()
        raise
    if not recording.size:
        recording.close()
        raise Unreceivable("Nothing came through it.")
    return recording


def printable(name: str) -> str:
    """A file's name without what would move a terminal's cursor."""
    return "".join(character if character.isprintable() else "�" for character in name)


def _meant_by(name: str) -> Iterator[Input]:
    if name == STANDARD_INPUT:
        yield Input(None, Path("stdin"))
    elif os.path.exists(name):
        yield from _on_disk(Path(name))
    else:
        # Not all shells do it themselves, and none does within quotes.
        matches = sorted(glob.glob(name, recursive=True)) if _WILDCARDS & set(name) else []
        if not matches:
            raise NoRecordings(f"There is no {printable(name)}.")
        for match in matches:
            yield from _on_disk(Path(match))


def _on_disk(path: Path) -> Iterator[Input]:
    if path.is_dir():
        files = list(_media_below(path))
        if not files:
            raise NoRecordings(f"The folder {printable(str(path))} has no audio or video in it.")
        for file in files:
            yield Input(file, file.relative_to(path))
    elif path.is_file():
        yield Input(path, Path(path.name))
    else:
        raise NoRecordings(f"{printable(str(path))} is not a file. Send what comes out of it through '-'.")


def _media_below(folder: Path) -> Iterator[Path]:
    """Sorted by their paths; without what is hidden, and what is behind links to folders, which may lead in circles."""
    for directory, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(directory, name)
            if not name.startswith(".") and path.suffix[1:].lower() in SUFFIXES and path.is_file():
                yield path
