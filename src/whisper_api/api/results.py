"""What was said in a finished task, as a file."""

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from whisper_api.api.errors import BadParameter, BadRequest
from whisper_api.api.schemas import TASK_PROBLEMS, TaskId
from whisper_api.api.writer import Writer
from whisper_api.formats.cues import WordsUnknown
from whisper_api.formats.files import FORMATS
from whisper_api.formats.layout import MOST_LINES, WIDEST_LINE, Layout
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task

FormatName = Literal["txt", "srt", "vtt", "tsv", "json", "ass", "ttml", "lrc", "md"]

_FILES = {each.media_type: {"schema": {"type": "string"}} for each in FORMATS.values()}


def router(desk: Desk, writer: Writer) -> APIRouter:
    """The routes of /api/v1 that answer with files."""
    api = APIRouter(prefix="/api/v1", tags=["Tasks"])

    async def file(task: Task, name: FormatName, layout: Layout) -> Response:
        if task.status is not Status.FINISHED:
            raise BadRequest(task.error or "The task is not finished yet. Ask again when its status is finished.")
        form = FORMATS[name]
        try:
            text = await writer.write(form.write, task.transcript, layout)
        except WordsUnknown as error:
            raise BadParameter(str(error), "highlight_words") from None
        task.collected.set()
        return Response(text, media_type=form.media_type, headers=_download(task.filename, form.suffix))

    @api.get("/result", response_class=Response, responses={**TASK_PROBLEMS, 200: {"content": _FILES}})
    async def result(
        task_id: TaskId,
        format: Annotated[FormatName, Query(description="What kind of file.")] = "txt",  # noqa: A002 - it is in the URL
        max_line_width: Annotated[
            int | None, Query(ge=1, le=WIDEST_LINE, description="Characters in a line; wide ones count double.")
        ] = None,
        max_line_count: Annotated[
            int | None, Query(ge=1, le=MOST_LINES, description="Lines that a subtitle has at most.")
        ] = None,
        highlight_words: Annotated[
            bool, Query(description="Show which word is being said; the upload must have asked for words.")
        ] = False,
    ) -> Response:
        """The text of a finished task as a file, named after the upload."""
        return await file(desk.find(task_id), format, Layout(max_line_width, max_line_count, highlight_words))

    @api.get(
        "/srt", response_class=Response, responses={**TASK_PROBLEMS, 200: {"content": {FORMATS["srt"].media_type: {}}}}
    )
    async def srt(task_id: TaskId) -> Response:
        """The text of a finished task as subtitles: `result` with `format=srt`."""
        return await file(desk.find(task_id), "srt", Layout())

    return api


def _download(filename: str, suffix: str) -> dict[str, str]:
    """Headers that save an answer under the upload's name with another suffix (RFC 6266, RFC 5987)."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in name if character.isprintable())
    stem = name.rpartition(".")[0] or name or "transcript"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " -_.()") else "_" for c in stem)
    encoded = quote(stem + suffix, safe="")
    return {"Content-Disposition": f"attachment; filename=\"{plain}{suffix}\"; filename*=UTF-8''{encoded}"}
