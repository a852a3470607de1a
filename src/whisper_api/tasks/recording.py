"""Recordings in memory: anonymous files that have no name, are on no disk, and vanish when they are closed."""

import os
from types import TracebackType


class TooLarge(Exception):
    """The recording is larger than one may be; ``limit`` in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class MemoryFull(Exception):
    """All recordings together fill the memory set aside for them."""


class Recording:
    """One upload, in an anonymous memory file (memfd_create(2)) that other processes can be handed."""

    def __init__(self, shelf: "Shelf") -> None:
        self._shelf = shelf
        self.descriptor = os.memfd_create("recording", os.MFD_CLOEXEC)
        self.size = 0
        self._closed = False

    def write(self, data: bytes) -> None:
        """Append. Raises TooLarge or MemoryFull; the recording is useless afterwards."""
        self._shelf.take(len(data), self.size)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def close(self) -> None:
        """Free its memory, at once where no worker holds it."""
        if not self._closed:
            self._closed = True
            os.close(self.descriptor)
            self._shelf.give_back(self.size)

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Shelf:
    """All recordings that are in memory, and the limits that keep the machine alive; sizes in bytes."""

    def __init__(self, *, largest: int, capacity: int) -> None:
        self.largest = largest
        self.capacity = capacity
        self.held = 0

    def check(self, size: int) -> None:
        """Raise what an upload of ``size`` bytes would run into."""
        if size > self.largest:
            raise TooLarge(self.largest)
        if self.held + size > self.capacity:
            raise MemoryFull

    def new(self) -> Recording:
        return Recording(self)

    def take(self, more: int, already: int) -> None:
        if already + more > self.largest:
            raise TooLarge(self.largest)
        if self.held + more > self.capacity:
            raise MemoryFull
        self.held += more

    def give_back(self, size: int) -> None:
        self.held -= size
