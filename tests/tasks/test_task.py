"""A task's own story."""

import asyncio
import math
import re
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tasks.fakes import segment
from whisper_api.speech.options import Options
from whisper_api.tasks.pace import Pace
from whisper_api.tasks.recording import Shelf
from whisper_api.tasks.task import Fault, Status, Task


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

    task.fail("It was damaged.", Fault.RECORDING)

    assert (task.status, task.text, task.error, task.segments) == (Status.FAILED, None, "It was damaged.", [])


def test_starting_again_begins_from_nothing(task: Task) -> None:
    task.duration = 8
    start(task)
    task.segments.append(segment())
    task.decoded_seconds = 1

    start(task)

    assert task.segments == []
    assert task.progress == 0
    assert task.status is Status.PROCESSING


def test_progress_goes_from_0_to_1(task: Task) -> None:
    task.duration = 8
    seen = [task.progress]
    start(task)
    seen.append(task.progress)
    for decoded in (2, 9):
        task.decoded_seconds = decoded
        seen.append(task.progress)
    task.finish()
    seen.append(task.progress)

    assert seen == [0, 0, 0.25, 1, 1]


def test_progress_is_what_was_listened_to_and_not_where_somebody_spoke_last(task: Task) -> None:
    task.duration = 8
    start(task)
    task.segments.append(segment(end=2))
    task.decoded_seconds = 6

    assert task.progress == 0.75


@pytest.mark.parametrize("duration", [None, 0])
def test_a_recording_that_does_not_say_how_long_it_is_shows_no_progress(task: Task, duration: float | None) -> None:
    task.duration = duration
    start(task)
    task.decoded_seconds = 2

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
        task.fail(reason, Fault.SERVER)
    else:
        task.finish()

    assert (task.has_ended, freed) == (True, ["recording"])
    await waiting


def test_nobody_knows_the_pace_of_a_machine_that_has_done_nothing() -> None:
    assert Pace().estimate(60) is None


def test_the_first_audio_that_is_done_tells_the_pace() -> None:
    pace = Pace()
    pace.learn(processing_seconds=20, audio_seconds=40)

    assert pace.estimate(56) == 30


def test_a_recording_costs_some_seconds_more_than_it_is_long() -> None:
    pace = Pace()
    pace.learn(processing_seconds=10, audio_seconds=10)

    assert [pace.estimate(seconds) for seconds in (0, 1, 60)] == [4, 5, 64]


def test_what_is_done_at_the_same_moment_is_added_up() -> None:
    """Windows of several recordings come out of one batch."""
    pace = Pace()
    pace.learn(processing_seconds=10, audio_seconds=20)
    for _ in range(3):
        pace.learn(processing_seconds=0, audio_seconds=20)

    assert pace.estimate(76) == 10


def test_the_last_minutes_weigh_most() -> None:
    pace = Pace()
    pace.learn(processing_seconds=100, audio_seconds=100)
    estimates = [pace.estimate(96) or 0]
    for _ in range(60):
        pace.learn(processing_seconds=10, audio_seconds=100)
        estimates.append(pace.estimate(96) or 0)

    assert estimates == sorted(estimates, reverse=True)
    assert [estimates[minutes * 6] for minutes in (0, 5, 10)] == pytest.approx([100, 10, 10], rel=0.1)


@given(st.lists(st.tuples(st.floats(0, 3600), st.just(0.0) | st.floats(0.01, 36_000)), max_size=20))
def test_no_history_makes_an_estimate_that_is_no_time(history: list[tuple[float, float]]) -> None:
    pace = Pace()
    for processing, audio in history:
        pace.learn(processing_seconds=processing, audio_seconds=audio)

    estimate = pace.estimate(60)
    assert estimate is None or 0 <= estimate < math.inf


def test_a_recording_without_sound_teaches_nothing() -> None:
    pace = Pace()
    pace.learn(processing_seconds=5, audio_seconds=0)

    assert pace.estimate(60) is None


@pytest.mark.parametrize(
    "happening",
    [
        start,
        Task.rewind,
        Task.finish,
        lambda task: task.advance(1),
        lambda task: task.fail("It was damaged.", Fault.SERVER),
    ],
)
def test_whoever_follows_a_task_hears_of_whatever_happens_to_it(task: Task, happening: Callable[[Task], None]) -> None:
    change = task.next_change
    assert not change.is_set()

    happening(task)

    assert change.is_set()
    assert not task.next_change.is_set()


def test_each_start_is_another_attempt(task: Task) -> None:
    start(task)
    task.advance(3, segment())
    task.rewind()
    assert (task.attempt, task.segments, task.decoded_seconds) == (1, [], 0)

    start(task)

    assert task.attempt == 2


def test_a_transcript_is_what_was_heard_and_in_which_language(task: Task) -> None:
    start(task)
    task.language, task.duration = "de", 8
    task.advance(3, segment(" Hallo."))

    transcript = task.transcript

    assert (transcript.language, transcript.duration) == ("de", 8)
    assert transcript.text == "Hallo."
