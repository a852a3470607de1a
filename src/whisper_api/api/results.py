"""What was said in a finished task, or what people have made of it, as a file."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from whisper_api.api import corrections
from whisper_api.api.corrections import Correction
from whisper_api.api.errors import BadParameter, unfinished
from whisper_api.api.options import only
from whisper_api.api.schemas import RETRY_AFTER, TASK_PROBLEMS, Problem, TaskId
from whisper_api.api.writer import Writer
from whisper_api.formats import files
from whisper_api.formats.cues import WordsUnknown
from whisper_api.formats.files import FORMATS, Format, LaysOutNothing
from whisper_api.formats.layout import MOST_LINES, WIDEST_LINE, Layout
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task
from whisper_api.transcript import Transcript

FormatName = Literal["txt", "srt", "vtt", "tsv", "json", "ass", "ttml", "lrc", "md"]

_Kind = Annotated[FormatName, Query(description="What kind of file.")]
_LineWidth = Annotated[
    int | None, Query(ge=1, le=WIDEST_LINE, description="Characters in a line; wide ones count double.")
]
_LineCount = Annotated[int | None, Query(ge=1, le=MOST_LINES, description="Lines that a subtitle has at most.")]

_WISHES = ("format", "max_line_width", "max_line_count", "highlight_words")
_FILES = {each.media_type: {"schema": {"type": "string"}} for each in FORMATS.values()}
_CORRECTION_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The client left before it was answered."},
    408: {"model": Problem, "description": "The transcript arrives too slowly."},
    413: {"model": Problem, "description": "Larger than any recording's."},
    422: {"model": Problem, "description": "No transcript, or a parameter that makes no sense."},
    503: {
        "model": Problem,
        "headers": RETRY_AFTER,
        "description": "Too many at once; try again after Retry-After seconds.",
    },
}


def router(desk: Desk, writer: Writer) -> APIRouter:
    """The routes of /api/v1 that answer with files."""
    api = APIRouter(prefix="/api/v1", tags=["Tasks"])
    # Strangers' texts, which may take long on purpose, keep nobody from those that were heard.
    corrections_writer, shelf = Writer(), corrections.shelf()

    async def file(task: Task, name: FormatName, layout: Layout) -> Response:
        if task.status is not Status.FINISHED:
            raise unfinished(task)
        form = _form(name, layout)
        text = await writer.write(_written, form, task.transcript, layout)
        task.collected.set()
        return _answer(text, form, task.filename)

    @api.get(
        "/result",
        response_class=Response,
        responses={**TASK_PROBLEMS, 200: {"content": _FILES}},
        dependencies=[only("task_id", *_WISHES)],
    )
    async def result(
        task_id: TaskId,
        format: _Kind = "txt",  # noqa: A002 - it is in the URL
        max_line_width: _LineWidth = None,
        max_line_count: _LineCount = None,
        highlight_words: Annotated[
            bool, Query(description="Show which word is being said; the upload must have asked for words.")
        ] = False,
    ) -> Response:
        """The text of a finished task as a file, named after the upload."""
        return await file(desk.find(task_id), format, Layout(max_line_width, max_line_count, highlight_words))

    @api.post(
        "/result",
        response_class=Response,
        openapi_extra=corrections.body_schema(),
        responses={**_CORRECTION_PROBLEMS, 200: {"content": _FILES}},
        dependencies=[only(*_WISHES)],
    )
    async def corrected_result(
        request: Request,
        format: _Kind = "txt",  # noqa: A002 - it is in the URL
        max_line_width: _LineWidth = None,
        max_line_count: _LineCount = None,
        highlight_words: Annotated[
            bool, Query(description="Show which word is being said; the transcript must have words.")
        ] = False,
    ) -> Response:
        """A transcript that somebody has corrected as a file: the same as `result` of a task that had heard it so.

        Nothing is kept of it, and no task is needed: it may have been deleted since.
        """
        layout = Layout(max_line_width, max_line_count, highlight_words)
        form = _form(format, layout)
        async with corrections.received(request, shelf) as body:
            text, filename = await corrections_writer.write(_corrected, form, body, layout)
        return _answer(text, form, filename)

    @api.get(
        "/srt", response_class=Response, responses={**TASK_PROBLEMS, 200: {"content": {FORMATS["srt"].media_type: {}}}}
    )
    async def srt(task_id: TaskId) -> Response:
        """The text of a finished task as subtitles: `result` with `format=srt`."""
        return await file(desk.find(task_id), "srt", Layout())

    return api


def _form(name: FormatName, layout: Layout) -> Format:
    """The format of a ``name``. Raises BadParameter where ``layout`` means nothing to it."""
    form = FORMATS[name]
    try:
        files.check(layout, [form])
    except LaysOutNothing as error:
        raise BadParameter(str(error), error.wish) from None
    return form


def _written(form: Format, transcript: Transcript, layout: Layout) -> str:
    try:
        return form.write(transcript, layout)
    except WordsUnknown as error:
        raise BadParameter(str(error), "highlight_words") from None


def _corrected(form: Format, body: bytearray, layout: Layout) -> tuple[str, str]:
    """The file that the ``body`` of a request is to be made into, and the name of its recording."""
    correction = Correction.read(body)
    return _written(form, correction.transcript, layout), correction.filename


def _answer(text: str, form: Format, filename: str) -> Response:
    return Response(text, media_type=form.media_type, headers=_download(filename, form.suffix))


def _download(filename: str, suffix: str) -> dict[str, str]:
    """Headers that save an answer under the upload's name with another suffix (RFC 6266, RFC 5987)."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable())
    stem = name.rpartition(".")[0] or name or "transcript"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " -_.()") else "_" for c in stem)
    encoded = quote(stem + suffix, safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}{suffix}\"; filename*=UTF-8''{encoded}"}
