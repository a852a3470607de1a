"""Recordings become text in this very process."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from whisper_api.cli.display import Watch
from whisper_api.cli.exits import Unavailable
from whisper_api.cli.inputs import Input
from whisper_api.cli.working import MOST_AT_ONCE, Heard
from whisper_api.settings import Settings
from whisper_api.speech import audio
from whisper_api.speech.engine import Engine
from whisper_api.speech.errors import NoModel
from whisper_api.speech.loading import LoadedEngine, load
from whisper_api.speech.options import Options
from whisper_api.speech.transcription import Transcription
from whisper_api.transcript import Segment, Transcript


def loaded(settings: Settings, *, model: str | None) -> LoadedEngine:
    """The engine that a server with these settings would have, or one with ``model``. Raises Unavailable."""
    limit = model or settings.load_limit
    try:
        return load(limit, settings.cpu_fallback_model, use_gpu=settings.use_gpu_if_available, ask_hub=True)
    except NoModel as error:
        raise Unavailable(str(error)) from None


class Here:
    """An engine, and a thread for each recording in hand: the engine does them together."""

    def __init__(self, engine: Engine, options: Options) -> None:
        self._engine = engine
        self._options = options
        self.at_once = min(engine.plan.recordings_at_once, MOST_AT_ONCE)
        self._threads = ThreadPoolExecutor(self.at_once, thread_name_prefix="recording")

    async def transcribe(self, recording: Input, watch: Watch) -> Heard:
        transcription = self._engine.transcribe(recording.source, self._options)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._follow, transcription, recording.source, watch)
        finally:
            transcription.cancel()

    def close(self) -> None:
        """Wait until nothing runs any more, a few seconds at most."""
        self._engine.close()
        self._threads.shutdown()

    def _follow(self, transcription: Transcription, source: Path | int, watch: Watch) -> Heard:
        began = time.monotonic()
        announced = audio.inspect(source)
        segments: list[Segment] = []
        for part in transcription.parts():
            segments += part.segments
            if announced:
                watch.advances(min(part.until / announced, 1))
        transcript = Transcript(
            language="en" if self._options.task == "translate" else transcription.language or "",
            duration=transcription.duration or 0,
            segments=tuple(segments),
        )
        return Heard(transcript, time.monotonic() - began)
