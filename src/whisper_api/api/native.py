"""The native API: /api/v1."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from whisper_api import __version__
from whisper_api.api import errors, streams, uploads
from whisper_api.api.errors import BadParameter
from whisper_api.api.events import EVENTS, Follower
from whisper_api.api.following import wait_for
from whisper_api.api.identity import Doorkeeper
from whisper_api.api.options import Fields, Wishes, form_schema, known, only
from whisper_api.api.schemas import (
    RETRY_AFTER,
    TASK_PROBLEMS,
    DecoderStatus,
    DetectedLanguage,
    Problem,
    TaskId,
    TaskModel,
    UserInfo,
    Version,
    WaveformModel,
)
from whisper_api.api.streams import EventStream
from whisper_api.speech.options import Kind
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task, now

LONGEST_WAIT_SECONDS = 600

Language = Annotated[
    str | None,
    Query(
        description="The spoken language, as a code or an English name. Absent: detected among the LANGUAGES here.",
        examples=["de", "german"],
    ),
]
Wait = Annotated[
    float,
    Query(ge=0, le=LONGEST_WAIT_SECONDS, description="Answer when the task has ended, or after so many seconds."),
]

_UPLOAD = form_schema(Wishes)
_UPLOAD_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "No file, no audio in it, or not readable."},
    408: {"model": Problem, "description": "The upload stalled."},
    413: {"model": Problem, "description": "Larger than this server takes."},
    422: {"model": Problem, "description": "An unknown language, or another parameter that makes no sense."},
    503: {
        "model": Problem,
        "headers": RETRY_AFTER,
        "description": "Queue or memory full, or shutting down; try again after Retry-After seconds.",
    },
}


def router(desk: Desk, doorkeeper: Doorkeeper, *, max_model: str | None) -> APIRouter:
    """The routes of /api/v1; ``max_model`` is what the operator allows at the most."""
    api = APIRouter(prefix="/api/v1")

    async def find(task_id: TaskId) -> Task:
        return desk.find(task_id)

    def shown(task: Task) -> TaskModel:
        if task.has_ended:
            task.collected.set()
        return TaskModel.of(task, desk)

    async def upload(request: Request, kind: Kind, language: str | None, wait: float) -> TaskModel:
        code = _known(language)
        with desk.intake(uploads.announced_size(request)) as intake:
            form = await uploads.receive(request, intake.recording)
            options = Wishes.read(form).options(kind, desk.defaults)
            if code and options.language not in (None, code):
                raise BadParameter("The form and the address name different languages. Send one of them.", "language")
            task = await desk.accept(intake, form.filename, replace(options, language=options.language or code))
        if wait:
            await wait_for(task, desk, request, seconds=wait)
        return shown(task)

    as_parameters = only("language", "wait")

    @api.post(
        "/transcribe",
        openapi_extra=_UPLOAD,
        responses=_UPLOAD_PROBLEMS,
        dependencies=[as_parameters],
        tags=["Speech to text"],
    )
    async def transcribe(request: Request, language: Language = None, wait: Wait = 0) -> TaskModel:
        """Upload a recording to be written down in the language that is spoken. Answers with the task."""
        return await upload(request, "transcribe", language, wait)

    @api.post(
        "/translate",
        openapi_extra=_UPLOAD,
        responses=_UPLOAD_PROBLEMS,
        dependencies=[as_parameters],
        tags=["Speech to text"],
    )
    async def translate(request: Request, language: Language = None, wait: Wait = 0) -> TaskModel:
        """Upload a recording to be written down in English. Answers with the task."""
        return await upload(request, "translate", language, wait)

    @api.post(
        "/detect_language",
        openapi_extra=form_schema(Fields),
        responses={**_UPLOAD_PROBLEMS, 500: {"model": Problem, "description": "The server failed; its log says why."}},
        response_model=DetectedLanguage,
        dependencies=[only()],
        tags=["Speech to text"],
    )
    async def detect_language(request: Request) -> DetectedLanguage | JSONResponse:
        """Upload a recording to learn which language of all is spoken in it. Waits in the queue like all others."""
        with desk.intake(uploads.announced_size(request)) as intake:
            form = await uploads.receive(request, intake.recording)
            Fields.read(form)
            task = await desk.accept(
                intake, form.filename, replace(desk.defaults, task="detect_language", languages=())
            )
        await wait_for(task, desk, request)
        try:
            if task.status is Status.FAILED:
                return errors.of_task(request.url.path, task)
            return DetectedLanguage.of(task.languages)
        finally:
            await desk.forget(task)  # nobody else knows of it

    @api.get("/status", responses=TASK_PROBLEMS, tags=["Tasks"])
    async def status(task: Annotated[Task, Depends(find)], wait: Wait = 0) -> TaskModel:
        """How far a task is, and its text once it is finished."""
        with suppress(TimeoutError):
            if wait:
                async with asyncio.timeout(wait):
                    await task.wait()
        return shown(task)

    @api.get("/waveform", responses=TASK_PROBLEMS, tags=["Tasks"])
    async def waveform(task_id: TaskId) -> WaveformModel:
        """How loud the recording of a finished task is all along: enough to draw it, and nothing to hear.

        It does not count as a use of the result, which is kept no longer for it.
        """
        task = desk.find(task_id, prolongs=False)
        if task.status is not Status.FINISHED:
            raise errors.unfinished(task)
        return WaveformModel(duration=task.duration or 0.0, peaks=list(task.peaks))

    @api.get(
        "/events",
        response_class=Response,
        responses={
            **TASK_PROBLEMS,
            200: {"content": streams.described(EVENTS), "description": "Server-sent events."},
            204: {"description": "All was told before the event in Last-Event-ID."},
        },
        tags=["Tasks"],
    )
    async def events(
        task: Annotated[Task, Depends(find)],
        last_event_id: Annotated[str, Header(description="What came up to this event is not told again.")] = "",
    ) -> Response:
        """What happens to a task, as it happens, and before that all that has happened already.

        `queued` (again whenever its place changes), `started`, a `segment` for each stretch of speech, `progress`,
        and at the end `finished`, with the task but for its segments, or `failed`. If it is `started` again, what was
        told before is void: the process that transcribes was lost, and it all begins anew.
        """
        follower = Follower.after(last_event_id, task, desk)
        return Response(status_code=204) if follower is None else EventStream(follower.events())

    @api.delete("/task", status_code=204, response_class=Response, responses=TASK_PROBLEMS, tags=["Tasks"])
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
    async def login(redirect: Annotated[str, Query(description="The path.")] = "/") -> RedirectResponse:
        """Go to a path of this site: a reverse proxy asks people to sign in on the way."""
        return RedirectResponse(_own_path(redirect), status_code=307)

    return api


def _known(language: str | None) -> str | None:
    try:
        return known(language) if language is not None and language.strip() else None
    except ValueError as error:
        raise BadParameter(str(error), "language") from None


def _own_path(redirect: str) -> str:
    """``redirect`` where it is a path of this site, else the start page.

    Browsers read a backslash as a slash and pass over control characters, so ``/\\evil`` and ``/<tab>/evil`` would
    leave the site.
    """
    leaves = not redirect.startswith("/") or redirect.startswith("//") or "\\" in redirect
    return "/" if leaves or not redirect.isprintable() else redirect
