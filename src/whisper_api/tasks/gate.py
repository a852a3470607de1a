"""A gate that lets many through at a time, or one alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Whoever wants to be alone waits for those within to leave, and newcomers wait for it in turn."""

    def __init__(self) -> None:
        self._entrance = asyncio.Lock()
        self._within = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        async with self._entrance:
            self._within += 1
            self._empty.clear()
        try:
            yield
        finally:
            self._within -= 1
            if not self._within:
                self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._entrance:
            await self._empty.wait()
            yield
