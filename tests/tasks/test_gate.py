"""Many at a time, or one alone."""

import asyncio
from contextlib import AbstractAsyncContextManager

from tests.tasks.fakes import until
from whisper_api.tasks.gate import Gate


class Visitors:
    """Who is within a gate, and who has been sent through it."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.within: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._leave: dict[str, asyncio.Event] = {}

    def send(self, name: str, *, alone: bool = False) -> None:
        self._leave[name] = asyncio.Event()
        way = self.gate.alone() if alone else self.gate.together()
        self._tasks[name] = asyncio.create_task(self._visit(name, way))

    async def _visit(self, name: str, way: AbstractAsyncContextManager[None]) -> None:
        async with way:
            self.within.append(name)
            try:
                await self._leave[name].wait()
            finally:
                self.within.remove(name)

    async def leave(self, name: str, *, cancelled: bool = False) -> None:
        self._leave[name].set()
        if cancelled:
            self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)

    async def settled(self) -> list[str]:
        for _ in range(20):
            await asyncio.sleep(0)
        return self.within


async def test_many_are_within_together() -> None:
    visitors = Visitors()
    for name in "abc":
        visitors.send(name)

    assert await visitors.settled() == ["a", "b", "c"]


async def test_one_that_is_alone_waits_for_those_within_and_newcomers_wait_for_it() -> None:
    visitors = Visitors()
    visitors.send("a")
    visitors.send("b")
    visitors.send("loner", alone=True)
    visitors.send("c")
    visitors.send("other loner", alone=True)
    assert await visitors.settled() == ["a", "b"]

    await visitors.leave("a")
    assert await visitors.settled() == ["b"]
    await visitors.leave("b")
    assert await visitors.settled() == ["loner"]
    await visitors.leave("loner")
    assert await visitors.settled() == ["c"]
    await visitors.leave("c")
    assert await visitors.settled() == ["other loner"]


async def test_whoever_is_cancelled_leaves_the_gate_as_it_was() -> None:
    visitors = Visitors()
    visitors.send("a")
    visitors.send("loner", alone=True)
    visitors.send("b")
    await visitors.settled()

    await visitors.leave("loner", cancelled=True)
    await until(lambda: visitors.within == ["a", "b"])
    await visitors.leave("a", cancelled=True)
    await visitors.leave("b", cancelled=True)
    visitors.send("last", alone=True)

    assert await visitors.settled() == ["last"]
