"""The native API: /api/v1."""

import asyncio
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from whisper_api import __version__
from whisper_api.api import uploads
from whisper_api.api.errors import BadParameter, BadRequest
from whisper_api.api.identity import Doorkeeper
from whisper_api.api.schemas import EXAMPLE_ID, DecoderStatus, Problem, TaskModel, UserInfo, Version
from whisper_api.formats.srt import srt
from whisper_api.speech import languages
from whisper_api.speech.options import Kind, Options
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task, now

LONGEST_WAIT_SECONDS = 600

TaskId = Annotated[str, Query(description="As the upload was answered.", examples=[EXAMPLE_ID])]
Language = Annotated[
    str | None,
    Query(
        description="The spoken language, as a code or an English name; detected if absent.",
        examples=["de", "german"],
    ),
]
Wait = Annotated[
    float,
    Query(ge=0, le=LONGEST_WAIT_SECONDS, description="Answer when the task has ended, or after so many seconds."),
]

_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "Audio or video: mp3, m4a, wav, ogg, opus, flac, webm, mp4, mkv and more.",
                        }
                    },
                }
            }
        },
    }
}
_UPLOAD_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "No file, no audio in it, or not readable."},
    408: {"model": Problem, "description": "The upload stalled."},
    413: {"model": Problem, "description": "Larger than this server takes."},
    422: {"model": Problem, "description": "An unknown language, or another parameter that makes no sense."},
    503: {
        "model": Problem,
        "description": "Queue or memory full, or shutting down; try again after Retry-After seconds.",
    },
}
_TASK_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Unknown or expired id."},
    422: {"model": Problem, "description": "A parameter that makes no sense."},
}


def router(desk: Desk, doorkeeper: Doorkeeper, *, max_model: str | None) -> APIRouter:
    """The routes of /api/v1; ``max_model`` is what the operator allows at the most."""
    api = APIRouter(prefix="/api/v1")

    async def find(task_id: TaskId) -> Task:
        return desk.find(task_id)

    async def shown(task: Task, wait: float = 0) -> TaskModel:
        with suppress(TimeoutError):
            if wait:
                async with asyncio.timeout(wait):
                    await task.wait()
        if task.has_ended:
            task.collected.set()
        return TaskModel.of(task, desk)

    async def _unless_abandoned(request: Request, task: Task, wait: float) -> TaskModel:
        """The answer; a task whose client leaves before it knows the id is called off: nobody could read it."""
        answering = asyncio.ensure_future(shown(task, wait))
        leaving = asyncio.ensure_future(_departure(request))
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            await desk.forget(task)
        leaving.cancel()
        return await answering

    async def upload(request: Request, task: Kind, language: str | None, wait: float) -> TaskModel:
        options = Options(task, _known(language))
        with desk.intake(uploads.announced_size(request)) as intake:
            form = await uploads.receive(request, intake.recording)
            accepted = await desk.accept(intake, form.filename, options)
        return await _unless_abandoned(request, accepted, wait) if wait else await shown(accepted)

    @api.post("/transcribe", openapi_extra=_UPLOAD, responses=_UPLOAD_PROBLEMS, tags=["Speech to text"])
    async def transcribe(request: Request, language: Language = None, wait: Wait = 0) -> TaskModel:
        """Upload a recording to be written down in the language that is spoken. Answers with the task."""
        return await upload(request, "transcribe", language, wait)

    @api.post("/translate", openapi_extra=_UPLOAD, responses=_UPLOAD_PROBLEMS, tags=["Speech to text"])
    async def translate(request: Request, language: Language = None, wait: Wait = 0) -> TaskModel:
        """Upload a recording to be written down in English. Answers with the task."""
        return await upload(request, "translate", language, wait)

    @api.get("/status", responses=_TASK_PROBLEMS, tags=["Tasks"])
    async def status(task: Annotated[Task, Depends(find)], wait: Wait = 0) -> TaskModel:
        """How far a task is, and its text once it is finished."""
        return await shown(task, wait)

    @api.get(
        "/srt",
        response_class=Response,
        responses={
            **_TASK_PROBLEMS,
            200: {"content": {"application/x-subrip": {"schema": {"type": "string"}}}},
        },
        tags=["Tasks"],
    )
    async def subtitles(task: Annotated[Task, Depends(find)]) -> Response:
        """The text of a finished task as an SRT file, named after the upload."""
        if task.status is not Status.FINISHED:
            raise BadRequest(task.error or "The task is not finished yet. Ask again when its status is finished.")
        task.collected.set()
        return Response(srt(task.segments), media_type="application/x-subrip", headers=_download(task.filename, ".srt"))

    @api.delete("/task", status_code=204, responses=_TASK_PROBLEMS, tags=["Tasks"])
    async def forget(task: Annotated[Task, Depends(find)]) -> None:
        """Cancel a task, or delete its result at once."""
        await desk.forget(task)

    async def decoder_status() -> DecoderStatus:
        """What the part of the server that decodes is doing."""
        loaded, last = desk.worker.loaded, desk.worker.last_loaded
        return DecoderStatus(
            gpu_mode=last is not None and last.device == "cuda",
            max_model_to_use=max_model,
            last_loaded_model_size=last.model if last else None,
            is_model_loaded=loaded is not None,
            tasks_in_queue=len(desk.queue),
            currently_busy=desk.busy,
            received_at=now(),
            used_device=last.device if last else None,
            note=desk.worker.trouble or (last.note if last else None),
        )

    # The server always knows, so that a refreshed status is the same as any.
    api.get("/decoder_status", tags=["Server"])(decoder_status)
    api.get("/decoder_status_refresh", tags=["Server"])(decoder_status)

    @api.get("/version", tags=["Server"])
    async def version() -> Version:
        """The version of this server."""
        return Version(version=__version__)

    @api.get("/userinfo", tags=["Server"])
    async def userinfo(request: Request) -> UserInfo:
        """Who you are, as the reverse proxy in front of this server says."""
        person = doorkeeper.person(request)
        return UserInfo(email=person.email, user=person.user, user_agent=request.headers.get("user-agent"))

    @api.get(
        "/login",
        status_code=307,
        response_class=RedirectResponse,
        responses={422: {"model": Problem, "description": "A parameter that makes no sense."}},
        tags=["Server"],
    )
    async def login(redirect: str = "/") -> RedirectResponse:
        """Go to a path of this site: a reverse proxy asks people to sign in on the way."""
        return RedirectResponse(_own_path(redirect), status_code=307)

    return api


async def _departure(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _known(language: str | None) -> str | None:
    if language is None or not language.strip():
        return None
    code = languages.code_of(language)
    if code is None:
        raise BadParameter(
            "Whisper does not know this language. Give its code, for example 'de' or 'en', or leave it out to have "
            "it detected."
        )
    return code


def _own_path(redirect: str) -> str:
    """``redirect`` where it is a path of this site, else the start page.

    Browsers read a backslash as a slash and pass over control characters, so ``/\\evil`` and ``/<tab>/evil`` would
    leave the site.
    """
    leaves = not redirect.startswith("/") or redirect.startswith("//") or "\\" in redirect
    return "/" if leaves or not redirect.isprintable() else redirect


def _download(filename: str, suffix: str) -> dict[str, str]:
    """Headers that save an answer under the upload's name with another suffix (RFC 6266, RFC 5987)."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable())
    stem = name.rpartition(".")[0] or name or "transcript"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " -_.()") else "_" for c in stem)
    encoded = quote(stem + suffix, safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}{suffix}\"; filename*=UTF-8''{encoded}"}
