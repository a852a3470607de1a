"""OpenAI's API for speech to text (https://platform.openai.com/docs/api-reference/audio), through the one queue."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from whisper_api.api import errors, streams, uploads
from whisper_api.api.deltas import deltas, logprobs
from whisper_api.api.errors import BadParameter
from whisper_api.api.following import wait_for
from whisper_api.api.openai_schemas import (
    ANY_MODEL,
    Delta,
    Done,
    Json,
    Model,
    Models,
    OpenAIProblem,
    Transcription,
    Translation,
    Usage,
    VerboseJson,
)
from whisper_api.api.options import form_schema, only
from whisper_api.api.schemas import RETRY_AFTER
from whisper_api.api.streams import EventStream
from whisper_api.api.writer import Writer
from whisper_api.formats.files import FORMATS
from whisper_api.speech.options import Kind
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task
from whisper_api.transcript import joined

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The text, in the format that was asked for.",
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            **streams.described([(None, Delta), (None, Done)]),
        },
    },
    400: {
        "model": OpenAIProblem,
        "description": "No file, no audio in it, not readable, or a field that makes no sense.",
    },
    404: {"model": OpenAIProblem, "description": "There is no such model; the message says which ones there are."},
    408: {"model": OpenAIProblem, "description": "The upload stalled."},
    413: {"model": OpenAIProblem, "description": "Larger than this server takes."},
    500: {"model": OpenAIProblem, "description": "The server failed over this recording; its log says why."},
    503: {
        "model": OpenAIProblem,
        "headers": RETRY_AFTER,
        "description": "Queue or memory full, or no model; try again after Retry-After seconds.",
    },
}


# Not as a parameter of a function: FastAPI would promise a status 422 then, and any name may be asked for.
_MODEL = {
    "name": "model",
    "in": "path",
    "required": True,
    "description": "Its id.",
    "schema": {"type": "string", "examples": [ANY_MODEL]},
}


def router(desk: Desk, writer: Writer, *, configured_model: str | None) -> APIRouter:
    """The routes of /v1; ``configured_model`` is the name that the server's model has before it was loaded."""
    api = APIRouter(prefix="/v1", tags=["OpenAI"])

    def models() -> list[Model]:
        loaded = desk.worker.last_loaded
        own = loaded.model if loaded else configured_model
        return [Model(id=name) for name in dict.fromkeys((ANY_MODEL, own)) if name is not None]

    def model_named(name: str) -> Model:
        there = models()
        for model in there:
            if model.id == name:
                return model
        names = " or ".join(repr(model.id) for model in there)
        raise BadParameter(
            f"The model {name[:80]!r} does not exist here. Take {names}.", "model", status=404, code="model_not_found"
        )

    async def answer(request: Request, kind: Kind, form_type: type[Translation]) -> Response:
        with desk.intake(uploads.announced_size(request)) as intake:
            form = await uploads.receive(request, intake.recording)
            fields = form_type.read(form)
            model_named(fields.model)
            task = await desk.accept(intake, form.filename, fields.options(kind, desk.defaults))
        if isinstance(fields, Transcription) and fields.stream:
            return EventStream(deltas(task, fields, request.url.path), when_closed=partial(desk.forget, task))
        await wait_for(task, desk, request)
        try:
            if task.status is Status.FAILED:
                return errors.of_task(request.url.path, task)
            return await writer.write(_written, task, fields)
        finally:
            await desk.forget(task)  # nobody else knows of it

    @api.post(
        "/audio/transcriptions",
        openapi_extra=form_schema(Transcription),
        responses=_ANSWERS,
        response_model=Json | VerboseJson,
        dependencies=[only()],
    )
    async def transcriptions(request: Request) -> Response:
        """A recording in, its text out, in the language that is spoken."""
        return await answer(request, "transcribe", Transcription)

    @api.post(
        "/audio/translations",
        openapi_extra=form_schema(Translation),
        responses=_ANSWERS,
        response_model=Json | VerboseJson,
        dependencies=[only()],
    )
    async def translations(request: Request) -> Response:
        """A recording in, its text out, in English."""
        return await answer(request, "translate", Translation)

    @api.get("/models")
    async def list_models() -> Models:
        """The names that the server's model goes by."""
        return Models(data=models())

    @api.get("/models/{model}", responses={404: _ANSWERS[404]}, openapi_extra={"parameters": [_MODEL]})
    async def retrieve_model(request: Request) -> Model:
        """One of them."""
        return model_named(request.path_params["model"])

    return api


def _written(task: Task, fields: Translation) -> Response:
    """The text of a finished task in the format that was asked for."""
    match fields.response_format:
        case "text":
            return PlainTextResponse(joined(task.segments) + "\n")
        case "srt" | "vtt" as name:
            return PlainTextResponse(FORMATS[name].write(task.transcript))
        case "verbose_json":
            verbose = VerboseJson.of(task, fields.timestamp_granularities)
            return Response(verbose.model_dump_json(exclude_none=True), media_type="application/json")
        case "json":
            wanted = logprobs(fields, task.segments) if isinstance(fields, Transcription) else None
            answer = Json(text=joined(task.segments), usage=Usage.of(task), logprobs=wanted)
            return JSONResponse(answer.model_dump(exclude_none=True))
