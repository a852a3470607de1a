"""Several recordings at a time, some of which fail."""

import asyncio
import io
from pathlib import Path

import pytest

from tests.cli.fakes import FakeDisplay, FakeTranscriber, recording, transcript
from tests.tasks.fakes import until
from whisper_api.cli.exits import Exit, Unavailable
from whisper_api.cli.outputs import Job, plan
from whisper_api.cli.working import Workshop
from whisper_api.formats.files import FORMATS
from whisper_api.formats.layout import Layout
from whisper_api.speech.errors import UnreadableRecording


class Work:
    """A workshop, with everything around it in the hands of a test."""

    def __init__(self, folder: Path, *, at_once: int = 2, force: bool = False, layout: Layout | None = None) -> None:
        self.folder = folder
        self.display = FakeDisplay()
        self.stdout = io.BytesIO()
        self.transcriber = FakeTranscriber(at_once=at_once)
        self.workshop = Workshop(layout or Layout(), self.display, self.stdout, force=force)

    def jobs(self, *names: str, formats: str = "txt", stdout: bool = False) -> list[Job]:
        recordings = [recording(self.folder / name) for name in names]
        return plan(recordings, [FORMATS[name] for name in formats.split(",")], None, stdout=stdout)

    def start(self, *names: str, formats: str = "txt", stdout: bool = False) -> "asyncio.Task[None]":
        jobs = self.jobs(*names, formats=formats, stdout=stdout)
        return asyncio.create_task(self.workshop.do(jobs, self.transcriber))

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


async def test_a_recording_becomes_the_files_that_were_asked_for(work: Work) -> None:
    work.transcriber.end("a.mp3", transcript(" Hello", " world.", duration=754))

    await work.start("a.mp3", formats="txt,srt")

    assert (work.folder / "a.txt").read_text() == "Hello\nworld.\n"
    assert "-->" in (work.folder / "a.srt").read_text()
    assert work.files == ["a.srt", "a.txt"]
    assert work.workshop.exit is Exit.DONE


async def test_what_was_done_is_said_with_how_long_it_is_and_how_fast_it_was(work: Work) -> None:
    work.transcriber.end("a.mp3", transcript(" Hello", duration=754))

    await work.start("a.mp3")

    assert work.display.said == [f"{work.folder}/a.mp3 → {work.folder}/a.txt  12:34 in 0:02 (377.0x)"]


async def test_as_many_are_in_hand_as_suit_the_transcriber(work: Work) -> None:
    doing = work.start("a.mp3", "b.mp3", "c.mp3")

    await until(lambda: len(work.transcriber.begun) == 2)
    work.transcriber.end("b.mp3", transcript(" b"))
    await until(lambda: len(work.transcriber.begun) == 3)

    assert work.files == ["b.txt"]
    work.transcriber.end("a.mp3", transcript(" a"))
    work.transcriber.end("c.mp3", transcript(" c"))
    await doing
    assert work.display.most_in_hand == 2
    assert work.files == ["a.txt", "b.txt", "c.txt"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnreadableRecording("File has no audio track."), "File has no audio track."),
        (PermissionError(13, "Permission denied", "b.mp3"), "Permission denied."),
        (RuntimeError("boom"), "This failed unexpectedly (RuntimeError: boom)."),
    ],
)
async def test_one_that_fails_stops_no_other_and_is_said_with_its_reason(
    work: Work, error: Exception, reason: str
) -> None:
    work.transcriber.end("a.mp3", transcript(" a"))
    work.transcriber.end("b.mp3", error)
    work.transcriber.end("c.mp3", transcript(" c"))

    await work.start("a.mp3", "b.mp3", "c.mp3")

    assert work.files == ["a.txt", "c.txt"]
    assert work.display.complaints == [f"{work.folder}/b.mp3: {reason}"]
    assert work.workshop.exit is Exit.FAILED


async def test_a_format_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    work = Work(tmp_path, layout=Layout(highlight_words=True))
    work.transcriber.end("a.mp3", transcript(" Nobody told when each word was said."))

    await work.start("a.mp3", formats="srt")

    assert "words" in work.display.complaints[0]
    assert work.files == []


async def test_a_file_that_has_come_meanwhile_stays(work: Work) -> None:
    doing = work.start("a.mp3")
    await until(lambda: work.transcriber.begun)
    (work.folder / "a.txt").write_text("mine")
    work.transcriber.end("a.mp3", transcript(" Hello"))

    await doing

    assert (work.folder / "a.txt").read_text() == "mine"
    assert "skipped" in work.display.said[0]
    assert work.workshop.exit is Exit.SKIPPED


async def test_force_writes_it_anew(tmp_path: Path) -> None:
    work = Work(tmp_path, force=True)
    (tmp_path / "a.txt").write_text("old")
    work.transcriber.end("a.mp3", transcript(" new"))

    await work.start("a.mp3")

    assert (tmp_path / "a.txt").read_text() == "new\n"
    assert work.workshop.exit is Exit.DONE


async def test_a_failure_counts_for_more_than_what_was_skipped(work: Work) -> None:
    work.workshop.skip(Path("a.txt"))
    work.workshop.fail(recording("b.mp3"), UnreadableRecording("No."))

    assert work.workshop.exit is Exit.FAILED


async def test_standard_output_has_texts_alone_in_the_order_of_the_recordings(work: Work) -> None:
    doing = work.start("a.mp3", "b.mp3", "c.mp3", stdout=True)
    work.transcriber.end("b.mp3", transcript(" b"))
    await until(lambda: "c.mp3" in work.transcriber.begun)
    assert work.stdout.getvalue() == b""
    work.transcriber.end("a.mp3", UnreadableRecording("No."))
    work.transcriber.end("c.mp3", transcript(" c"))

    await doing

    assert work.stdout.getvalue() == b"b\nc\n"
    assert work.display.pauses == 3  # nothing moves on the terminal meanwhile
    assert work.files == []


async def test_without_a_server_nothing_else_is_tried(work: Work) -> None:
    work.transcriber.end("a.mp3", transcript(" a"))
    doing = work.start("a.mp3", "b.mp3", "c.mp3", "d.mp3")
    await until(lambda: len(work.transcriber.begun) == 3)
    work.transcriber.end("b.mp3", Unavailable("It is closing."))

    with pytest.raises(Unavailable, match="It is closing"):
        await doing

    assert work.transcriber.called_off == ["c.mp3"]
    assert work.files == ["a.txt"]


async def test_a_reader_that_has_gone_ends_it(work: Work) -> None:
    class Closed(io.BytesIO):
        def write(self, _: object) -> int:
            raise BrokenPipeError

    work.workshop = Workshop(Layout(), work.display, Closed(), force=False)
    work.transcriber.end("a.mp3", transcript(" a"))

    with pytest.raises(BrokenPipeError):
        await work.start("a.mp3", "b.mp3", stdout=True)

    assert work.transcriber.called_off == ["b.mp3"]


async def test_who_is_interrupted_calls_off_what_is_in_hand(work: Work) -> None:
    doing = work.start("a.mp3", "b.mp3", "c.mp3")
    await until(lambda: len(work.transcriber.begun) == 2)

    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing

    assert sorted(work.transcriber.called_off) == ["a.mp3", "b.mp3"]
    assert work.files == []
