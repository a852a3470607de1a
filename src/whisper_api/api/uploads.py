"""multipart/form-data as a stream: the file goes piece by piece into memory, and never to a disk.

Starlette's own form parser spools larger files to a temporary file, which is why it is not used.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import HTTPException
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from starlette.requests import Request

from whisper_api.api.errors import BadRequest
from whisper_api.tasks.recording import Recording

_MOST_FIELDS = 64
_LONGEST_FIELD = 64 * 1024
_PATIENCE_SECONDS = 60.0
_LONGEST_HEADER = 16 * 1024

NO_FORM = "Send the recording as multipart/form-data in a field named 'file'."
NO_FILE = "The form has no file in a field named 'file'."
CUT_OFF = "The form is not complete, or not well-formed. Send the recording again."


@dataclass
class Form:
    """What came beside the recording: its file's name, and the form's other fields."""

    filename: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)


def announced_size(request: Request) -> int | None:
    """Bytes that the recording has at the least, as far as the request says how long its body is."""
    length = request.headers.get("content-length", "")
    return max(0, int(length) - _LONGEST_FIELD) if length.isascii() and length.isdecimal() else None


async def receive(request: Request, recording: Recording) -> Form:
    """Read the form of ``request``, its field ``file`` into ``recording``.

    Raises BadRequest, what :meth:`Recording.write` raises, and ClientDisconnect.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get("boundary")
    if content_type != "multipart/form-data" or not boundary:
        raise BadRequest(NO_FORM)
    form, reader = Form(), _Reader(recording)
    try:
        with PushMultipartParser(boundary, max_header_size=_LONGEST_HEADER, max_segment_count=_MOST_FIELDS) as parser:
            async for chunk in _without_stalling(request.stream()):
                if chunk and not parser.closed:
                    for event in parser.parse(chunk):
                        reader.take(event, form)
    except ParserLimitReached as error:
        raise BadRequest(f"The form has too many fields, or too long ones. {NO_FORM}") from error
    except MultipartError as error:
        raise BadRequest(CUT_OFF) from error
    if not reader.seen_file:
        raise BadRequest(NO_FILE)
    if recording.size == 0:
        raise BadRequest("The file is empty.")
    return form


async def _without_stalling(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks, but a client that holds its place in the queue and sends nothing is sent away."""
    while True:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HTTPException(
                408, f"Nothing arrived for {_PATIENCE_SECONDS:g} seconds. Send the file again."
            ) from None
        yield chunk


class _Reader:
    """Sends each part of a form to where it belongs."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._segment: MultipartSegment | None = None
        self._value = bytearray()
        self.seen_file = False

    def take(self, event: MultipartSegment | bytes | bytearray | None, form: Form) -> None:
        match event:
            case MultipartSegment():
                self._segment = event
                self._value.clear()
                if event.name == "file":
                    if self.seen_file:
                        raise BadRequest("The form has several files. Send one recording a request.")
                    self.seen_file = True
                    form.filename = event.filename or ""
            case None:
                assert self._segment is not None
                if self._segment.name != "file":
                    value = self._value.decode("utf-8", "replace")
                    form.fields.setdefault(self._segment.name, []).append(value)
            case _:
                assert self._segment is not None
                if self._segment.name == "file":
                    self._recording.write(bytes(event))
                elif len(self._value) + len(event) > _LONGEST_FIELD:
                    raise BadRequest(f"The field {self._segment.name[:80]!r} is too long.")
                else:
                    self._value += event
