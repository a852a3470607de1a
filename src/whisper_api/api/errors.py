"""Every error as JSON with a sentence that says what to do: the one place where exceptions become HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from whisper_api.tasks.desk import Closing, Desk, Unusable
from whisper_api.tasks.queue import QueueFull
from whisper_api.tasks.recording import MemoryFull, TooLarge
from whisper_api.tasks.store import UnknownTask
from whisper_api.tasks.task import Fault, Task

MB = 1_000_000
_SOON_SECONDS = 60

# For what Starlette itself answers with the name of the status alone.
_PLAIN = {
    404: "There is nothing at this address. What there is, /docs shows.",
    405: "This address does not take this method. Which one it takes, /docs shows.",
}


class Answer(JSONResponse):
    """An error; ``text`` is its JSON."""

    @property
    def text(self) -> str:
        return bytes(self.body).decode()


def answer(
    path: str,
    status: int,
    sentence: str,
    headers: Mapping[str, str] | None = None,
    *,
    parameter: str | None = None,
    code: str | None = None,
) -> Answer:
    """An error as clients of ``path`` expect it; under /v1 that is OpenAI's shape, which knows no status 422."""
    if not path.startswith("/v1/"):
        return Answer({"detail": sentence}, status, headers)
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": sentence, "type": kind, "param": parameter, "code": code}
    return Answer({"error": error}, 400 if status == 422 else status, headers)


def of_task(path: str, task: Task) -> Answer:
    """The answer to whoever waits for a text that will not come."""
    assert task.error is not None
    match task.fault:
        case Fault.UNAVAILABLE:
            return answer(path, 503, task.error, {"Retry-After": str(_SOON_SECONDS)})
        case Fault.SERVER:
            return answer(path, 500, task.error)
        case _:
            return answer(path, 400, task.error)


def install(app: FastAPI, desk: Desk) -> None:
    """Answer every error that the rooms below raise."""

    def unavailable(request: Request, sentence: str, seconds: int) -> JSONResponse:
        return answer(request.url.path, 503, sentence, {"Retry-After": str(seconds)})

    async def queue_full(request: Request, _: Exception) -> JSONResponse:
        return unavailable(request, "The queue is full. Send the recording again a little later.", desk.retry_after)

    async def memory_full(request: Request, _: Exception) -> JSONResponse:
        return unavailable(
            request,
            "The server's memory for recordings is full. Send the recording again a little later.",
            desk.retry_after,
        )

    async def closing(request: Request, _: Exception) -> JSONResponse:
        return unavailable(request, "The server is shutting down. Send the recording again in a minute.", _SOON_SECONDS)

    async def too_large(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TooLarge)
        return answer(
            request.url.path, 413, f"The file is larger than {error.limit / MB:g} MB, the most that this server takes. "
            "Send its sound alone, as mp3 or opus, or in parts."
        )  # fmt: skip

    async def unusable(request: Request, error: Exception) -> JSONResponse:
        return answer(request.url.path, 400, str(error))

    async def unknown_task(request: Request, _: Exception) -> JSONResponse:
        return answer(
            request.url.path,
            400,
            "There is no task of this id. Results are deleted some time after they were finished or last read.",
        )

    async def client_gone(request: Request, _: Exception) -> JSONResponse:
        # for nobody to read
        return answer(request.url.path, 400, "The client left before it was answered. Send the recording again.")

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(request.url.path, 422, sentence_of(error.errors()))

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StarletteHTTPException)
        sentence = _PLAIN.get(error.status_code) if isinstance(error.detail, str) else None
        own = isinstance(error, HTTPException)
        parameter, code = (error.parameter, error.code) if isinstance(error, BadParameter) else (None, None)
        return answer(
            request.url.path,
            error.status_code,
            error.detail if own or not sentence else sentence,
            error.headers,
            parameter=parameter,
            code=code,
        )

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


def sentence_of(problems: Sequence[Mapping[str, Any]]) -> str:
    """What pydantic finds wrong with a request, in a sentence.

    Without what was sent: an answer that repeats its input ends up in other people's logs.
    """
    named = [f"{'.'.join(str(part) for part in problem['loc'][1:])}: {problem['msg']}" for problem in problems]
    return f"The request is not understood: {'; '.join(named)}. See /docs."


class BadParameter(HTTPException):
    """A parameter makes no sense; ``sentence`` says which values do. ``parameter`` is its name where it has one."""

    def __init__(
        self, sentence: str, parameter: str | None = None, *, status: int = 422, code: str | None = None
    ) -> None:
        super().__init__(status, sentence)
        self.parameter = parameter
        self.code = code


class BadRequest(HTTPException):
    """The request cannot be understood; ``sentence`` says what is missing."""

    def __init__(self, sentence: str) -> None:
        super().__init__(400, sentence)


def unfinished(task: Task) -> BadRequest:
    """What to raise where a task is to be finished and is not."""
    return BadRequest(task.error or "The task is not finished yet. Ask again when its status is finished.")
