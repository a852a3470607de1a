"""Recordings become text in the queue of a running server."""

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2

from whisper_api.cli.display import Watch
from whisper_api.cli.exits import Unavailable
from whisper_api.cli.inputs import Input
from whisper_api.cli.working import MOST_AT_ONCE, Heard
from whisper_api.speech.errors import SpeechError
from whisper_api.speech.options import Options
from whisper_api.transcript import Segment, Transcript, Word

Json = dict[str, Any]

_API = "api/v1"
# The server sends a sign of life every 15 s while it has nothing to tell. An upload is looked at before it is answered.
_TIMEOUT = httpx2.Timeout(60, connect=10, pool=None)
_UPLOAD_TIMEOUT = httpx2.Timeout(60, connect=10, pool=None, read=600)
_LONGEST_PAUSE_SECONDS = 60.0
_FAREWELL_SECONDS = 5.0
_RECONNECTIONS = 5


class Refused(SpeechError):
    """The server does not want this recording, or could not make a text of it."""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the whisper_api server at ``url``. Raises Unavailable if there is none."""
    try:
        async with httpx2.AsyncClient(base_url=url, timeout=_TIMEOUT) as http:
            answer = await http.get(f"{_API}/version")
            if answer.status_code != 200 or "version" not in _json(answer):
                raise Unavailable(
                    f"What answers at {url} is no whisper_api server (status {answer.status_code}).{_advice(url)}"
                )
            yield http
    except httpx2.TransportError as error:
        raise Unavailable(f"The server at {url} cannot be reached: {error or type(error).__name__}.") from None


class Remote:
    """A server, whom ``http`` speaks to. It may choose the beam size itself (None)."""

    at_once = MOST_AT_ONCE

    def __init__(
        self, http: httpx2.AsyncClient, options: Options, *, beam_size: int | None, pause_seconds: float = 1.0
    ) -> None:
        self._http = http
        self._route = f"{_API}/{options.task}"
        self._fields = _fields(options, beam_size)
        self._pause_seconds = pause_seconds

    async def transcribe(self, recording: Input, watch: Watch) -> Heard:
        task_id = await self._send(recording, watch)
        try:
            return await self._follow(task_id, watch)
        finally:
            await self._forget(task_id)

    async def _send(self, recording: Input, watch: Watch) -> str:
        """Queue a recording, as soon as there is a place for it; answers its task's id."""
        while True:
            answer = await self._upload(recording, watch)
            if answer.status_code == 200:
                return str(_json(answer)["task_id"])
            if answer.status_code != 503:
                raise Refused(_sentence(answer))
            await self._go_on_unless_closing(_sentence(answer))
            watch.waits("waits for a place")
            await asyncio.sleep(_retry_after(answer))

    async def _upload(self, recording: Input, watch: Watch) -> httpx2.Response:
        name = "recording" if recording.path is None else f"recording{recording.path.suffix}"
        with _Sent(recording.source, lambda share: watch.waits(f"{share:.0%} sent")) as file:
            sending = asyncio.ensure_future(
                self._http.post(self._route, data=self._fields, files={"file": (name, file)}, timeout=_UPLOAD_TIMEOUT)
            )
            try:
                return await asyncio.shield(sending)
            except asyncio.CancelledError:
                if file.is_complete:  # a task may have been made of it
                    with suppress(TimeoutError, httpx2.HTTPError, KeyError):
                        async with asyncio.timeout(_FAREWELL_SECONDS):
                            await self._forget(str(_json(await sending)["task_id"]))
                raise
            except httpx2.TransportError as error:
                await self._go_on_unless_closing(f"{self._http.base_url} cannot be reached any more.")
                raise Refused(f"The connection was lost while it was sent ({error or type(error).__name__}).") from None
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _follow(self, task_id: str, watch: Watch) -> Heard:
        segments: list[Segment] = []
        last_id, lost = "", 0
        while True:
            try:
                async with self._http.sse(
                    f"{_API}/events",
                    params={"task_id": task_id},
                    headers={"Last-Event-ID": last_id},
                    max_event_size=None,  # the last one has the whole text
                ) as source:
                    if source.response.status_code == 400:
                        raise Refused("The server knows nothing of it any more. Send it again.")
                    async for event in source:
                        last_id, lost = event.id, 0
                        data: Json = json.loads(event.data)
                        match event.event:
                            case "queued":
                                place = data["position_in_queue"]
                                watch.waits(f"place {place} in the queue" if place else "begins")
                            case "started":
                                segments.clear()
                                watch.advances(0)
                            case "segment":
                                segments.append(_segment(data))
                            case "progress":
                                watch.advances(data["progress"], data["eta_seconds"])
                            case "finished":
                                return _heard(data, segments)
                            case "failed":
                                await self._go_on_unless_closing(data["error"])
                                raise Refused(data["error"])
            except httpx2.TransportError:
                pass  # as where the stream ends too early
            lost += 1
            if lost > _RECONNECTIONS:
                raise Unavailable(f"The connection to {self._http.base_url} was lost.")
            await asyncio.sleep(lost * self._pause_seconds)

    async def _forget(self, task_id: str) -> None:
        """Cancel the task, or delete its text: nobody else is to read it."""
        with suppress(TimeoutError, httpx2.HTTPError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._http.delete(f"{_API}/task", params={"task_id": task_id})

    async def _go_on_unless_closing(self, reason: str) -> None:
        """Raise Unavailable, for ``reason``, if the server would do nothing else either."""
        try:
            answer = await self._http.get("readyz")
        except httpx2.TransportError:
            raise Unavailable(reason) from None
        if answer.status_code != 200 and _json(answer).get("status") != "loading the model":
            raise Unavailable(reason)


class _Sent(io.FileIO):
    """A file that tells ``on_read`` how much of it was read, from 0 to 1."""

    def __init__(self, source: Path | int, on_read: Callable[[float], None]) -> None:
        super().__init__(source, closefd=not isinstance(source, int))
        self.seek(0)  # a descriptor stands where it was left
        self._size = os.fstat(self.fileno()).st_size
        self._on_read = on_read

    @property
    def is_complete(self) -> bool:
        return self.tell() >= self._size

    def read(self, size: int | None = -1, /) -> bytes | Any:
        piece = super().read(size)
        if self._size:
            self._on_read(self.tell() / self._size)
        return piece


def _fields(options: Options, beam_size: int | None) -> dict[str, str | list[str]]:
    """The options as the form's fields, those that say nothing left out."""
    fields: dict[str, str | list[str] | None] = {
        "language": options.language,
        "prompt": options.prompt,
        "hotwords": options.hotwords,
        "temperature": str(options.temperature),
        "beam_size": None if beam_size is None else str(beam_size),
        "vad_filter": str(options.vad_filter).lower(),
        "timestamp_granularities[]": ["word"] if options.words else None,
    }
    return {name: value for name, value in fields.items() if value}


def _segment(data: Json) -> Segment:
    words = (Word(word["word"], word["start"], word["end"], word["probability"]) for word in data["words"])
    return Segment(
        start=data["start"],
        end=data["end"],
        text=data["text"],
        avg_logprob=data["avg_logprob"],
        compression_ratio=data["compression_ratio"],
        no_speech_prob=data["no_speech_prob"],
        words=tuple(words),
    )


def _heard(task: Json, segments: list[Segment]) -> Heard:
    transcript = Transcript(
        language="en" if task["task_type"] == "translate" else task["source_language"] or "",
        duration=task["duration"] or 0.0,
        segments=tuple(segments),
    )
    return Heard(transcript, task["processing_duration"] or 0.0)


def _advice(url: str) -> str:
    """What to try where ``url`` is that of an API, as OpenAI's libraries want it, and not that of the server."""
    server, found, _ = url.rstrip("/").rpartition("/v1")
    return f" Try --server {server.removesuffix('/api')}." if found else ""


def _json(answer: httpx2.Response) -> Json:
    """The object that an answer holds; an empty one where it holds none."""
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _sentence(answer: httpx2.Response) -> str:
    """Why the server did not take it."""
    return str(_json(answer).get("detail") or f"The server answered with status {answer.status_code}.")


def _retry_after(answer: httpx2.Response) -> float:
    """Seconds to wait until the server is asked once more."""
    seconds = answer.headers.get("Retry-After", "")
    return min(float(seconds) if seconds.isdecimal() else _LONGEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
