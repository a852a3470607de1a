"""A task's own story."""

import asyncio
import re
from contextlib import ExitStack

import pytest

from tests.tasks.fakes import segment
from whisper_api.speech.options import Options
from whisper_api.tasks.pace import Pace
from whisper_api.tasks.recording import Shelf
from whisper_api.tasks.task import Status, Task


@pytest.fixture
def task() -> Task:
    recording = Shelf(largest=1, capacity=1).new()
    recording.close()
    return Task("talk.wav", Options(), recording)


def start(task: Task) -> None:
    task.start(wanted_model="medium", used_model="base", used_device="cpu")


def test_ids_are_128_random_bits_in_hexadecimal() -> None:
    recording = Shelf(largest=1, capacity=1).new()
    recording.close()

    ids = {Task("a", Options(), recording).id for _ in range(100)}

    assert len(ids) == 100
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_a_task_has_no_text_before_it_is_finished(task: Task) -> None:
    start(task)
    task.segments.append(segment(" Hello"))
    assert task.text is None

    task.finish()

    assert task.text == "Hello"


def test_a_task_that_failed_has_no_text_but_a_reason(task: Task) -> None:
    start(task)
    task.segments.append(segment())

    task.fail("It was damaged.")

    assert (task.status, task.text, task.error, task.segments) == (Status.FAILED, None, "It was damaged.", [])


def test_starting_again_begins_from_nothing(task: Task) -> None:
    start(task)
    task.segments.append(segment())

    start(task)

    assert task.segments == []
    assert task.status is Status.PROCESSING


def test_progress_goes_from_0_to_1(task: Task) -> None:
    task.duration = 8
    seen = [task.progress]
    start(task)
    seen.append(task.progress)
    for end in (2, 9):
        task.segments.append(segment(end=end))
        seen.append(task.progress)
    task.finish()
    seen.append(task.progress)

    assert seen == [0, 0, 0.25, 1, 1]


@pytest.mark.parametrize("duration", [None, 0])
def test_a_recording_that_does_not_say_how_long_it_is_shows_no_progress(task: Task, duration: float | None) -> None:
    task.duration = duration
    start(task)
    task.segments.append(segment(end=2))

    assert task.progress == 0


def test_processing_seconds_are_counted_from_the_start_to_the_end(task: Task) -> None:
    seen = [task.processing_seconds]
    start(task)
    seen.append(task.processing_seconds)
    task.finish()
    seen.extend([task.processing_seconds, task.processing_seconds])

    before, running, total, later = seen
    assert before is None
    assert 0 <= (running or 0) <= (total or 0)
    assert later == total


@pytest.mark.parametrize("reason", [None, "It was damaged."])
async def test_the_end_frees_what_the_task_held_and_wakes_whoever_waits(task: Task, reason: str | None) -> None:
    freed: list[str] = []
    task.resources = ExitStack()
    task.resources.callback(freed.append, "recording")
    waiting = asyncio.create_task(task.wait())
    await asyncio.sleep(0)
    assert (waiting.done(), task.has_ended, freed) == (False, False, [])

    if reason:
        task.fail(reason)
    else:
        task.finish()

    assert (task.has_ended, freed) == (True, ["recording"])
    await waiting


def test_nobody_knows_the_pace_of_a_machine_that_has_done_nothing() -> None:
    assert Pace().estimate(60) is None


def test_the_first_recording_tells_the_pace() -> None:
    pace = Pace()
    pace.learn(processing_seconds=20, audio_seconds=40)

    assert pace.estimate(60) == 30


def test_a_short_recording_takes_as_long_as_a_whole_window() -> None:
    pace = Pace()
    pace.learn(processing_seconds=15, audio_seconds=3)

    assert pace.estimate(10) == 15
    assert pace.estimate(60) == 30


def test_recent_recordings_weigh_most() -> None:
    pace = Pace()
    pace.learn(processing_seconds=100, audio_seconds=100)
    for _ in range(20):
        pace.learn(processing_seconds=10, audio_seconds=100)

    assert pace.estimate(100) == pytest.approx(10, abs=0.1)


def test_a_recording_without_sound_teaches_nothing() -> None:
    pace = Pace()
    pace.learn(processing_seconds=5, audio_seconds=0)

    assert pace.estimate(60) is None
