"""Long texts, written beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Writer:
    """Writes one text at a time: an hour of speech takes up to a second of the interpreter that the loop needs too."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def write(self, write: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """What ``write`` answers, once it is its turn."""
        async with self._turn:
            return await asyncio.to_thread(write, *arguments, **options)
