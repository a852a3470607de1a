"""Every error as JSON with a sentence that says what to do: the one place where exceptions become HTTP."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from whisper_api.tasks.desk import Closing, Desk, Unusable
from whisper_api.tasks.queue import QueueFull
from whisper_api.tasks.recording import MemoryFull, TooLarge
from whisper_api.tasks.store import UnknownTask

MB = 1_000_000

# For what Starlette itself answers with the name of the status alone.
_PLAIN = {
    404: "There is nothing at this address. What there is, /docs shows.",
    405: "This address does not take this method. Which one it takes, /docs shows.",
}


def answer(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status, headers)


def install(app: FastAPI, desk: Desk) -> None:
    """Answer every error that the rooms below raise."""

    def unavailable(sentence: str, seconds: int) -> JSONResponse:
        return answer(503, sentence, {"Retry-After": str(seconds)})

    async def queue_full(_: Request, __: Exception) -> JSONResponse:
        return unavailable("The queue is full. Send the recording again a little later.", desk.retry_after)

    async def memory_full(_: Request, __: Exception) -> JSONResponse:
        return unavailable(
            "The server's memory for recordings is full. Send the recording again a little later.",
            desk.retry_after,
        )

    async def closing(_: Request, __: Exception) -> JSONResponse:
        return unavailable("The server is shutting down. Send the recording again in a minute.", 60)

    async def too_large(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TooLarge)
        return answer(
            413, f"The file is larger than {error.limit / MB:g} MB, the most that this server takes. Send its sound "
            "alone, as mp3 or opus, or in parts."
        )  # fmt: skip

    async def unusable(_: Request, error: Exception) -> JSONResponse:
        return answer(400, str(error))

    async def unknown_task(_: Request, __: Exception) -> JSONResponse:
        return answer(
            400,
            "There is no task of this id. Results are deleted some time after they were finished or last read.",
        )

    async def client_gone(_: Request, __: Exception) -> JSONResponse:
        return answer(400, "The upload ended before it was complete. Send it again.")  # for nobody to read

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # Without what was sent: an answer that repeats its input ends up in other people's logs.
        problems = [f"{'.'.join(str(part) for part in e['loc'][1:])}: {e['msg']}" for e in error.errors()]
        return answer(422, f"The request is not understood: {'; '.join(problems)}. See /docs.")

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StarletteHTTPException)
        sentence = _PLAIN.get(error.status_code) if isinstance(error.detail, str) else None
        own = isinstance(error, HTTPException)
        return answer(error.status_code, error.detail if own or not sentence else sentence, error.headers)

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]] = {
        QueueFull: queue_full,
        MemoryFull: memory_full,
        Closing: closing,
        TooLarge: too_large,
        Unusable: unusable,
        UnknownTask: unknown_task,
        ClientDisconnect: client_gone,
        RequestValidationError: invalid,
        StarletteHTTPException: http,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


class BadParameter(HTTPException):
    """A parameter makes no sense; ``sentence`` says which values do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(422, sentence)


class BadRequest(HTTPException):
    """The request cannot be understood; ``sentence`` says what is missing."""

    def __init__(self, sentence: str) -> None:
        super().__init__(400, sentence)
