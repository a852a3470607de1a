"""Whoever waits for a task, and may leave before it has ended."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Task


async def wait_for(task: Task, desk: Desk, request: Request, *, seconds: float | None = None) -> None:
    """Return when ``task`` has ended, or after so many seconds.

    A task whose client leaves meanwhile is called off: nobody could read it. Raises ClientDisconnect then.
    """
    ending = asyncio.ensure_future(task.wait())
    leaving = asyncio.ensure_future(_departure(request))
    try:
        await asyncio.wait([ending, leaving], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        has_left = leaving.done()
    finally:
        ending.cancel()
        leaving.cancel()
    if has_left and not task.has_ended:
        await desk.forget(task)
        raise ClientDisconnect


async def _departure(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
