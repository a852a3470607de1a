"""Routes for whoever runs the server."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import StreamingResponse

from whisper_api.api.identity import Doorkeeper
from whisper_api.api.schemas import Problem

_PIECE = 1 << 16
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {}}},
    401: {"model": Problem},
}


def router(
    doorkeeper: Doorkeeper, *, mails: frozenset[str], localhost: bool, logs: Callable[[], list[Path]]
) -> APIRouter:
    """``mails`` (lower case) may read the ``logs``, and so may requests from this machine with ``localhost``."""
    admin = APIRouter(tags=["Server"])

    async def authorized(request: Request) -> None:
        person = doorkeeper.person(request)
        if not ((person.email or "").lower() in mails or (localhost and person.local)):
            raise HTTPException(
                401,
                "Only people in AUTHORIZED_MAILS may read the logs, signed in through the reverse proxy.",
                {"WWW-Authenticate": "Proxy"},
            )

    @admin.get(
        "/logs",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {}}}, 401: {"model": Problem}},
    )
    @admin.get(
        "/api/v1/logs",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/zip": {}}}, 401: {"model": Problem}},
    )
    async def download_logs(_: Annotated[None, Depends(authorized)]) -> StreamingResponse:
        """All log files of this server as one zip, for authorised people."""
        return StreamingResponse(
            _zipped(logs()),
            media_type="application/zip",
            headers={"Content-Disposition": 'attachment; filename="whisper_api-logs.zip"'},
        )

    return admin


class _Sink:
    """A file to write to whose content can be taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def tell(self) -> int:
        raise OSError  # a stream: zipfile then writes sizes behind each file

    def close(self) -> None:
        """Nothing is open."""

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


def _zipped(paths: list[Path]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            try:
                file = path.open("rb")
            except FileNotFoundError:  # rotated away in the meantime
                continue
            with file, archive.open(path.name, "w", force_zip64=True) as entry:
                while data := file.read(_PIECE):
                    entry.write(data)
                    yield sink.take()
    yield sink.take()
