"""The whole application in front of a worker that does what the test says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import MakeSettings
from tests.tasks.fakes import FakeWorker
from whisper_api.application import create_app
from whisper_api.settings import Settings
from whisper_api.tasks.desk import Desk

HERE = "http://localhost:3001"


@dataclass
class Server:
    """A running application, its worker, and a client on the same machine."""

    app: FastAPI
    settings: Settings
    worker: FakeWorker
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.client()

    @property
    def desk(self) -> Desk:
        desk = self.app.state.desk
        assert isinstance(desk, Desk)
        return desk

    def client(self, address: str = "127.0.0.1", base_url: str = HERE, **options: Any) -> httpx.AsyncClient:
        """A client that connects from ``address``; close it by ``async with``."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 50_000), raise_app_exceptions=False),
            base_url=base_url,
            **options,
        )

    async def upload(
        self, content: bytes = b"sound", filename: str = "talk.wav", path: str = "transcribe", **query: Any
    ) -> httpx.Response:
        return await self.http.post(f"/api/v1/{path}", files={"file": (filename, content)}, params=query)

    async def task(self, task_id: str) -> dict[str, Any]:
        answer = await self.http.get("/api/v1/status", params={"task_id": task_id})
        assert answer.status_code == 200
        task: dict[str, Any] = answer.json()
        return task

    def log(self) -> str:
        return (self.settings.log_dir / self.settings.log_file).read_text()


Serve = Callable[..., Awaitable[Server]]


def problem(answer: httpx.Response) -> str:
    """The sentence of an error."""
    body = answer.json()
    assert set(body) == {"detail"}
    sentence = body["detail"]
    assert isinstance(sentence, str)
    assert sentence.endswith(".")
    return sentence


@pytest.fixture
async def serve(make_settings: MakeSettings, logging_restored: None) -> AsyncIterator[Serve]:
    """Starts servers with the settings that a test asks for, and stops them at its end."""
    async with AsyncExitStack() as stack:

        async def start(worker: FakeWorker | None = None, **values: Any) -> Server:
            worker = worker or FakeWorker()
            settings = make_settings(**values)
            app = create_app(settings, worker=worker)
            await stack.enter_async_context(app.router.lifespan_context(app))
            server = Server(app, settings, worker)
            await stack.enter_async_context(server.http)
            return server

        yield start


@pytest.fixture
async def server(serve: Serve) -> Server:
    """A server with ordinary settings."""
    return await serve()
