"""multipart/form-data as a stream: the file goes piece by piece into memory, and never to a disk.

Starlette's own form parser spools larger files to a temporary file, which is why it is not used.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
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
_MOST_BESIDE = 4_000_000
_PATIENCE_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 1000
_LONGEST_HEADER = 16 * 1024
_SHORTEST_NAMELESS = 1000  # bytes; whoever forgets curl's @ sends the file's name in place of the file

NO_FORM = "Send the recording as multipart/form-data in a field named 'file'."
NO_AT = "The field 'file' holds a few words and no file. With curl, put an @ before its name: -F file=@talk.mp3"
MISPLACED = "A file is in a field not named 'file'. Send the recording in 'file', and all else as text."
NO_FILE = "The form has no file in a field named 'file'."
TOO_MUCH = "The form holds much more than one recording. Send the recording alone."
TOO_SLOW = "The recording arrives too slowly, or not at all. Send it again, as a smaller file perhaps."
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
    form, reader, received = Form(), _Reader(recording), 0
    try:
        with PushMultipartParser(
            boundary, max_header_size=_LONGEST_HEADER, max_segment_count=_MOST_FIELDS, header_charset="latin-1"
        ) as parser:
            async for chunk in _without_stalling(request.stream()):
                for event in parser.parse(chunk) if chunk else ():
                    reader.take(event, form)
                received += len(chunk)
                if received - recording.size > _MOST_BESIDE:
                    raise BadRequest(TOO_MUCH if reader.seen_file else NO_FILE)
    except ParserLimitReached as error:
        raise BadRequest(f"The form has too many fields, or too long ones. {NO_FORM}") from error
    except MultipartError as error:
        raise BadRequest(CUT_OFF) from error
    if not reader.seen_file:
        raise BadRequest(NO_FILE)
    if recording.size == 0:
        raise BadRequest("The file is empty.")
    if not form.filename and recording.size < _SHORTEST_NAMELESS:
        raise BadRequest(NO_AT)
    return form


async def _without_stalling(
    chunks: AsyncIterator[bytes], *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[bytes]:
    """The same chunks, but a client that holds its place in the queue and sends next to nothing is sent away."""
    began, received = clock(), 0
    while True:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HTTPException(408, TOO_SLOW) from None
        received += len(chunk)
        seconds = clock() - began
        if seconds > _PATIENCE_SECONDS and received < seconds * _SLOWEST_BYTES_PER_SECOND:
            raise HTTPException(408, TOO_SLOW)
        yield chunk


def _name(filename: str) -> str:
    """A file's name, of whose bytes the parser made one character each: some programs do not send UTF-8."""
    try:
        return filename.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:  # the parser has decoded it already
        return filename


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
                    form.filename = _name(event.filename or "")
            case None:
                assert self._segment is not None
                if self._segment.name != "file":
                    value = self._value.decode("utf-8", "replace")
                    form.fields.setdefault(self._segment.name, []).append(value)
            case _:
                assert self._segment is not None
                if self._segment.name == "file":
                    self._recording.write(bytes(event))
                elif self._segment.filename:
                    raise BadRequest(MISPLACED)
                elif len(self._value) + len(event) > _LONGEST_FIELD:
                    raise BadRequest(f"The field {self._segment.name[:80]!r} is too long.")
                else:
                    self._value += event
