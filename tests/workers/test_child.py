"""The worker process's side of the conversation, with an engine that says what the test tells it to."""

import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.e2e import recordings
from tests.tasks.fakes import PATIENCE_SECONDS, segment
from whisper_api.speech import audio, loading
from whisper_api.speech.batcher import Cancelled as CalledOff
from whisper_api.speech.errors import NoModel, UnreadableRecording, UnsupportedRequest, WrongChecksum
from whisper_api.speech.options import Options
from whisper_api.speech.transcription import Part
from whisper_api.speech.waveform import Waveform
from whisper_api.workers.child import Child
from whisper_api.workers.messages import (
    REPORTS,
    UNEXPECTED,
    Cancel,
    Cancelled,
    Decoded,
    Detected,
    Failed,
    Finished,
    Inspect,
    Inspected,
    Load,
    Loaded,
    LoadFailed,
    Logged,
    Order,
    Report,
    Run,
    Started,
    encode_order,
)

TRANSLATION = Options("translate", "de")
LOAD = Load(limit=None, cpu_limit="base", use_gpu=False, ask_hub=False)
LOADED = Loaded("base", "medium", "cpu", "int8", "Using base.", recordings_at_once=3, lanes=2)


class Speech:
    """What the engine makes of one recording: parts, until the test ends it."""

    def __init__(self, recording: int, options: Options) -> None:
        self.content = os.pread(recording, 1 << 20, 0)
        self.options = options
        self.language: str | None = None
        self.language_probability = 0.9
        self.languages: dict[str, float] = {}
        self.duration: float | None = None
        self.waveform = Waveform()
        self._said: queue.SimpleQueue[Part | Exception | None] = queue.SimpleQueue()

    def say(self, text: str, until: float) -> Part:
        part = Part((segment(text),), until)
        self._said.put(part)
        return part

    def end(self, duration: float) -> None:
        self.duration = duration
        self._said.put(None)

    def end_with(self, error: Exception) -> None:
        self._said.put(error)

    def cancel(self) -> None:
        self.end_with(CalledOff())

    def parts(self) -> Iterator[Part]:
        while (said := self._said.get()) is not None:
            if isinstance(said, Exception):
                raise said
            yield said


class FakeEngine:
    """Hands the speeches that it has begun to the test, in their order."""

    name = LOADED.model
    compute_type = LOADED.compute_type
    plan = SimpleNamespace(recordings_at_once=LOADED.recordings_at_once, lanes=LOADED.lanes)

    def __init__(self) -> None:
        self.refuses: Exception | None = None
        self.begun: queue.SimpleQueue[Speech] = queue.SimpleQueue()

    def transcribe(self, recording: int, options: Options) -> Speech:
        if self.refuses:
            raise self.refuses
        speech = Speech(recording, options)
        self.begun.put(speech)
        return speech


class Conversation:
    """The server's end of a socket at whose other end a child serves."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._ours.settimeout(PATIENCE_SECONDS)
        self._reports = self._ours.makefile("rb")
        self._serving = threading.Thread(target=Child(self._theirs).serve)
        self._serving.start()
        self._speeches: list[Speech] = []

    def order(self, order: Order) -> None:
        self._ours.sendall(encode_order(order))

    def run(self, job: str, options: Options = TRANSLATION) -> None:
        """Order a job whose recording says the job's name."""
        self._order_for(job.encode(), Run(job, options))

    def inspect(self, job: str, content: bytes) -> None:
        self._order_for(content, Inspect(job))

    def _order_for(self, content: bytes, order: Order) -> None:
        recording = os.memfd_create("a recording")
        try:
            os.write(recording, content)
            socket.send_fds(self._ours, [encode_order(order)], [recording])
        finally:
            os.close(recording)

    def report(self) -> Report:
        return REPORTS.validate_json(self._reports.readline())

    def load(self) -> None:
        self.order(LOAD)
        assert self.report() == LOADED

    def started(self, *jobs: str, options: Options = TRANSLATION) -> list[Speech]:
        """What a loaded engine makes of these jobs."""
        self.load()
        for job in jobs:
            self.run(job, options)
            self._speeches.append(self.engine.begun.get(timeout=PATIENCE_SECONDS))
        return self._speeches

    def hang_up(self) -> None:
        for speech in self._speeches:
            speech.cancel()
        for thread in threading.enumerate():
            if thread.name == "job":
                thread.join(PATIENCE_SECONDS)
        self._reports.close()
        self._ours.close()
        self._serving.join(PATIENCE_SECONDS)
        self._theirs.close()
        assert not self._serving.is_alive()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Conversation]:
    engine = FakeEngine()
    device = SimpleNamespace(kind=LOADED.device)
    loaded = SimpleNamespace(engine=engine, device=device, wanted=LOADED.wanted, notes=[LOADED.note], hub_failed=False)
    monkeypatch.setattr(loading, "load", lambda *_, **__: loaded)
    conversation = Conversation(engine)
    yield conversation
    conversation.hang_up()


def open_recordings() -> int:
    descriptors = Path("/proc/self/fd").iterdir()
    return sum("a recording" in os.readlink(each) for each in descriptors if each.is_symlink())


def test_a_job_without_a_model_fails_and_its_recording_is_closed(server: Conversation) -> None:
    server.run("a")

    assert server.report() == Failed("a", "No model is loaded.")
    assert open_recordings() == 0


def test_a_recording_becomes_parts_and_is_closed(server: Conversation) -> None:
    (speech,) = server.started("a")
    assert (speech.content, speech.options) == (b"a", Options("translate", "de"))
    assert open_recordings() == 1

    speech.language = "de"
    parts = [speech.say(" Eins", 1), speech.say(" zwei", 2.5)]
    speech.waveform.add(np.array([0.25, -0.5], np.float32))
    speech.end(duration=3)

    assert [server.report() for _ in range(4)] == [
        Started("a", "de", 0.9),
        *[Decoded("a", part.segments, part.until) for part in parts],
        Finished("a", 3, (0.5,)),
    ]
    assert open_recordings() == 0


def test_a_language_that_proves_to_be_another_is_told_anew(server: Conversation) -> None:
    (speech,) = server.started("a")
    speech.language, speech.language_probability = "en", 0.3
    speech._said.put(Part((), 20.0))
    assert [server.report() for _ in range(2)] == [Started("a", "en", 0.3), Decoded("a", (), 20.0)]

    speech.language, speech.language_probability = "de", 0.4
    part = speech.say(" Guten Tag.", 30.0)
    more = speech.say(" Bis bald.", 40.0)
    speech.end(duration=40)

    assert [server.report() for _ in range(4)] == [
        Started("a", "de", 0.4),
        Decoded("a", part.segments, 30.0),
        Decoded("a", more.segments, 40.0),
        Finished("a", 40),
    ]


def test_how_likely_the_language_is_in_the_end_is_told_once_more(server: Conversation) -> None:
    (speech,) = server.started("a")
    speech.language, speech.language_probability = "de", 0.4
    part = speech.say(" Guten Tag.", 10.0)
    assert [server.report() for _ in range(2)] == [Started("a", "de", 0.4), Decoded("a", part.segments, 10.0)]
    speech.language_probability = 0.7
    more = speech.say(" Bis bald.", 20.0)
    speech.end(duration=20)

    assert [server.report() for _ in range(3)] == [
        Decoded("a", more.segments, 20.0),
        Started("a", "de", 0.7),
        Finished("a", 20),
    ]


@pytest.mark.parametrize(
    ("error", "report"),
    [
        (NoModel("There is none."), LoadFailed("There is none.")),
        (WrongChecksum("It is another."), LoadFailed("It is another.", hub_failed=True)),
        (ZeroDivisionError("/a/path"), LoadFailed("The model could not be loaded: ZeroDivisionError.")),
    ],
)
def test_a_model_that_cannot_be_loaded_is_told(
    server: Conversation, error: Exception, report: LoadFailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(loading, "load", load)
    server.order(LOAD)

    assert server.report() == report


def test_an_upload_is_looked_at_without_a_model(server: Conversation) -> None:
    second = recordings.wav(np.zeros(16_000, np.float32), rate=16_000)
    for content, report in ((second, Inspected("a", 1.0)), (b"no recording", Failed("a", audio.UNREADABLE))):
        server.inspect("a", content)

        assert server.report() == report
        assert open_recordings() == 0


def test_where_nobody_speaks_no_language_is_told(server: Conversation) -> None:
    (speech,) = server.started("a")
    speech.end(duration=3)

    assert server.report() == Finished("a", 3)


def test_jobs_run_side_by_side_and_end_in_any_order(server: Conversation) -> None:
    one, two, three = server.started("a", "b", "c")
    assert [speech.content for speech in (one, two, three)] == [b"a", b"b", b"c"]

    for job, speech in (("c", three), ("a", one), ("b", two)):
        part = speech.say(f" {job}", 1)
        assert server.report() == Decoded(job, part.segments, 1)
    for job, speech in (("b", two), ("a", one), ("c", three)):
        speech.end(duration=1)
        assert server.report() == Finished(job, 1)
    assert open_recordings() == 0


def test_a_job_is_cancelled_at_once_and_those_beside_it_go_on(server: Conversation) -> None:
    one, _, three = server.started("a", "b", "c")

    server.order(Cancel("b"))

    assert server.report() == Cancelled("b")
    assert open_recordings() == 2
    for job, speech in (("a", one), ("c", three)):
        speech.end(duration=1)
        assert server.report() == Finished(job, 1)


def test_cancelling_what_has_ended_or_never_was_changes_nothing(server: Conversation) -> None:
    one, two = server.started("a", "b")
    one.end(duration=1)
    assert server.report() == Finished("a", 1)

    server.order(Cancel("a"))
    server.order(Cancel("unheard of"))

    two.end(duration=2)
    assert server.report() == Finished("b", 2)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(UnreadableRecording("It is damaged."), "It is damaged."), (ZeroDivisionError("What was said"), UNEXPECTED)],
)
def test_a_job_that_fails_says_why_and_those_beside_it_go_on(
    server: Conversation, error: Exception, reason: str
) -> None:
    one, two = server.started("a", "b")

    one.end_with(error)

    assert server.report() == Failed("a", reason)
    assert open_recordings() == 1
    two.end(duration=2)
    assert server.report() == Finished("b", 2)


def test_a_job_whose_end_nobody_knows_is_not_left_without_an_answer(server: Conversation) -> None:
    (speech,) = server.started("a")

    speech._said.put(None)  # no duration

    assert server.report() == Failed("a", UNEXPECTED)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnsupportedRequest("The model cannot translate."), "The model cannot translate."),
        (ZeroDivisionError("What was said"), UNEXPECTED),
    ],
)
def test_a_job_that_the_engine_does_not_take_fails_alone(server: Conversation, error: Exception, reason: str) -> None:
    (one,) = server.started("a")
    server.engine.refuses = error

    server.run("b")

    assert server.report() == Failed("b", reason)
    assert open_recordings() == 1
    one.end(duration=1)
    assert server.report() == Finished("a", 1)


def test_a_thread_that_fails_ends_the_process_for_the_server_to_start_anew() -> None:
    """Whoever waits for the thread, in this process or in the server, would wait for ever."""
    program = """
import sys
from whisper_api.speech import loading
from whisper_api.workers import child

def load(*_, **__):
    raise KeyboardInterrupt

loading.load = load
child.main(int(sys.argv[1]))
"""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        arguments = [sys.executable, "-c", program, str(theirs.fileno())]
        with subprocess.Popen(arguments, pass_fds=[theirs.fileno()]) as process:
            theirs.close()
            ours.sendall(encode_order(LOAD))
            with ours.makefile("rb") as reports:
                (line,) = reports
            assert process.wait(PATIENCE_SECONDS) == 1

    report = REPORTS.validate_json(line)
    assert isinstance(report, Logged)
    assert "A thread of the worker failed." in report.message


def test_a_job_that_asks_for_the_language_alone_is_told_all_of_them(server: Conversation) -> None:
    (speech,) = server.started("a", options=Options("detect_language"))
    speech.languages = {"de": 0.75, "nl": 0.2}

    speech._said.put(Part((), 20.0))
    speech._said.put(None)

    assert server.report() == Decoded("a", (), 20.0)
    assert server.report() == Detected("a", {"de": 0.75, "nl": 0.2})
    assert server.report() == Finished("a", None)
