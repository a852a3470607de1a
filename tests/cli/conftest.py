"""The command with an engine that says what a test wants."""

import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import click.testing
import pytest

from whisper_api.cli import here
from whisper_api.cli.program import program
from whisper_api.speech.devices import CPU
from whisper_api.speech.engine import Engine
from whisper_api.speech.errors import UnsupportedRequest
from whisper_api.speech.loading import LoadedEngine
from whisper_api.speech.options import Options
from whisper_api.speech.plan import plan_for
from whisper_api.speech.transcription import Part
from whisper_api.transcript import Segment


class FakeTranscription:
    """Hears the name of the file that it is given."""

    duration = 1.0

    def __init__(self, source: Path | int, language: str) -> None:
        self.language = language
        self._text = f" This is {source.name}." if isinstance(source, Path) else " This came through a pipe."
        self.was_cancelled = False

    def parts(self) -> Iterator[Part]:
        yield Part((Segment(0, 1, self._text, avg_logprob=-0.2, compression_ratio=1, no_speech_prob=0),), 1)

    def cancel(self) -> None:
        self.was_cancelled = True


class FakeEngine:
    """An engine that cannot translate."""

    name = "base"
    plan = plan_for(CPU, cores=2)

    def __init__(self) -> None:
        self.language = "en"
        self.options: list[Options] = []
        self.transcriptions: list[FakeTranscription] = []
        self.loads: list[tuple[Any, ...]] = []
        self.is_closed = False

    def check(self, options: Options) -> None:
        if options.task == "translate":
            raise UnsupportedRequest("The model base cannot translate.")

    def transcribe(self, source: Path | int, options: Options) -> FakeTranscription:
        self.options.append(options)
        self.transcriptions.append(FakeTranscription(source, self.language))
        return self.transcriptions[-1]

    def close(self) -> None:
        self.is_closed = True

    def load(self, limit: str | None, cpu_limit: str, **how: bool) -> LoadedEngine:
        self.loads.append((limit, cpu_limit, how["use_gpu"]))
        return LoadedEngine(cast("Engine", self), CPU, "medium", ["medium is not here: using base."])


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(here, "load", engine.load)
    return engine


@pytest.fixture
def folder(bare_environment: Path) -> Path:
    """Where the command is run: nothing is there, and no setting either."""
    return bare_environment


Run = Callable[..., click.testing.Result]


@pytest.fixture
def run() -> Run:
    """Run the command with these arguments."""

    def run(*arguments: str, stdin: bytes | None = None) -> click.testing.Result:
        return click.testing.CliRunner().invoke(program, arguments, input=stdin, prog_name="whisper_api")

    return run


def sound() -> bytes:
    """A second of silence as a wav."""
    import io

    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(bytes(32_000))
    return file.getvalue()


def make(*names: str, content: bytes | None = None) -> None:
    """Recordings under these names: of silence, or what is no recording at all."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(sound() if content is None else content)
