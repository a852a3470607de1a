"""The desk with a worker that takes several recordings at a time."""

import asyncio
import gc
import logging
import math
import weakref
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.tasks.fakes import PATIENCE_SECONDS, segment, until
from tests.tasks.office import Office, is_free, working
from whisper_api.observe.logs import DiscreetFormatter
from whisper_api.tasks import desk as desk_module
from whisper_api.tasks.pace import Pace
from whisper_api.tasks.task import Status, Task
from whisper_api.workers.messages import UNEXPECTED
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import NoModelLoaded, WorkerRefused

AT_ONCE = 3


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office(at_once=AT_ONCE)
    async with working(office):
        yield office


async def in_hand(office: Office, count: int = AT_ONCE) -> list[Task]:
    """So many new tasks in the worker's hands."""
    tasks = [await office.upload() for _ in range(count)]
    for task in tasks:
        await office.job_of(task)
    return tasks


async def finish(office: Office, *tasks: Task) -> None:
    for task in tasks:
        job = await office.job_of(task)
        job.start()
        job.decode(segment(f" {task.id}"))
        job.finish()
        await office.ended(task)


def statuses(*tasks: Task) -> list[Status]:
    return [task.status for task in tasks]


def shown(record: logging.LogRecord) -> str:
    """What a log file would have of it."""
    record.exc_text = None  # pytest's own text
    return DiscreetFormatter().format(record)


def ids(*tasks: Task) -> list[str]:
    return [task.id for task in tasks]


# ---- side by side ----------------------------------------------------------------------------------------------


async def test_as_many_tasks_are_processed_at_once_as_the_worker_takes_and_no_more(office: Office) -> None:
    tasks = [await office.upload() for _ in range(8)]
    await office.worker.jobs_in_hand(AT_ONCE)
    assert statuses(*tasks) == [Status.PROCESSING] * AT_ONCE + [Status.PENDING] * 5

    await finish(office, *tasks)

    assert statuses(*tasks) == [Status.FINISHED] * 8
    assert max(len(job.beside) + 1 for job in office.worker.jobs) == AT_ONCE


async def test_tasks_are_started_in_the_order_in_which_they_came_whatever_order_they_end_in(office: Office) -> None:
    tasks = [await office.upload() for _ in range(8)]
    for left in range(len(tasks), 0, -1):
        (await office.worker.jobs_in_hand(min(AT_ONCE, left)))[-1].finish()

    assert [job.task_id for job in office.worker.jobs] == ids(*tasks)


async def test_whatever_arrives_while_there_is_room_starts_beside_the_others(office: Office) -> None:
    first = await office.upload()
    await office.job_of(first)

    second = await office.upload()

    assert (await office.job_of(second)).beside == [first.id]


@pytest.mark.parametrize("which", range(AT_ONCE))
async def test_the_next_one_starts_when_any_of_those_in_hand_ends(office: Office, which: int) -> None:
    tasks = await in_hand(office)
    following, last = await office.upload(), await office.upload()
    others = [task for task in tasks if task is not tasks[which]]

    await finish(office, tasks[which])

    assert (await office.job_of(following)).beside == ids(*others)
    assert statuses(*others, following, last) == [Status.PROCESSING] * AT_ONCE + [Status.PENDING]


async def test_positions_count_those_that_wait_and_not_those_in_hand(office: Office) -> None:
    office.worker.may_load.clear()
    tasks = [await office.upload() for _ in range(6)]
    await until(lambda: office.worker.loads)
    assert office.positions(*tasks) == [1, 2, 3, 4, 5, 6]

    office.worker.may_load.set()
    await office.worker.jobs_in_hand(AT_ONCE)
    assert office.positions(*tasks) == [None, None, None, 1, 2, 3]

    await finish(office, tasks[1])
    await office.job_of(tasks[3])
    assert office.positions(*tasks) == [None, None, None, None, 1, 2]

    await office.desk.forget(tasks[4])
    assert office.positions(*tasks) == [None, None, None, None, None, 1]


async def test_each_task_gets_what_was_said_in_its_own_recording(office: Office) -> None:
    one, two, three = await in_hand(office)
    jobs = {task: await office.job_of(task) for task in (one, two, three)}
    jobs[one].start("de")
    jobs[three].start("fr")
    jobs[one].decode(segment(" Eins", 0, 2))
    jobs[three].decode(segment(" Un", 0, 5))
    jobs[one].decode(segment(" zwei.", 2, 4))

    assert [task.language for task in (one, two, three)] == ["de", None, "fr"]
    assert [task.progress for task in (one, two, three)] == [0.4, 0, 0.5]

    for job in jobs.values():
        job.finish()
    for task in jobs:
        await office.ended(task)
    assert [task.text for task in (one, two, three)] == ["Eins zwei.", "", "Un"]


async def test_progress_goes_on_where_nobody_speaks(office: Office) -> None:
    task = await office.upload()
    job = await office.job_of(task)
    job.start()
    job.decode(segment(end=1), until=2)
    job.decode(until=7.5)

    assert (task.progress, len(task.segments)) == (0.75, 1)


async def test_a_recording_that_does_not_say_how_long_it_is_has_its_length_in_the_end(office: Office) -> None:
    office.worker.inspections.append(None)
    task = await office.upload()
    job = await office.job_of(task)
    job.start()
    job.decode(segment(end=5))
    assert (task.duration, task.progress) == (None, 0)

    job.finish(duration=7)
    await office.ended(task)

    assert (task.duration, task.progress) == (7, 1)


async def test_the_desk_is_busy_until_the_last_of_those_in_hand_has_ended(office: Office) -> None:
    assert not office.desk.busy
    tasks = await in_hand(office)

    busy = []
    for task in tasks:
        busy.append(office.desk.busy)
        await finish(office, task)

    assert busy == [True] * AT_ONCE
    assert not office.desk.busy


async def test_a_model_that_was_loaded_anew_says_how_many_it_takes() -> None:
    office = Office(at_once=1)
    async with working(office):
        tasks = [await office.upload() for _ in range(5)]
        await office.job_of(tasks[0])
        office.worker.model = replace(office.worker.model, recordings_at_once=2)

        await finish(office, tasks[0])
        assert (await office.job_of(tasks[2])).beside == [tasks[1].id]

        office.worker.model = replace(office.worker.model, recordings_at_once=1)
        await finish(office, tasks[1])
        await office.job_of(tasks[3])
        await finish(office, tasks[2], tasks[3])
        assert (await office.job_of(tasks[4])).beside == []


@pytest.mark.parametrize(("suitable", "allowed", "most"), [(3, 2, 2), (3, 1, 1), (2, 3, 2), (3, None, 3)])
async def test_the_operator_may_allow_fewer_at_once_than_suit_the_worker(
    suitable: int, allowed: int | None, most: int
) -> None:
    office = Office(at_once=suitable, allowed_at_once=allowed)
    async with working(office):
        tasks = [await office.upload() for _ in range(6)]
        await office.worker.jobs_in_hand(most)
        await finish(office, *tasks)

    assert max(len(job.beside) + 1 for job in office.worker.jobs) == most


# ---- one ends badly --------------------------------------------------------------------------------------------


async def test_a_task_that_fails_leaves_those_beside_it_alone(office: Office) -> None:
    one, bad, three = await in_hand(office)
    (await office.job_of(bad)).end_with(WorkerRefused("The model cannot translate."))
    await office.ended(bad)

    assert statuses(one, bad, three) == [Status.PROCESSING, Status.FAILED, Status.PROCESSING]
    assert (bad.error, is_free(office, bad)) == ("The model cannot translate.", True)
    assert office.in_hand == ids(one, three)
    await finish(office, three, one)
    assert statuses(one, three) == [Status.FINISHED] * 2


async def test_an_unexpected_error_fails_its_own_task_and_is_logged_without_what_it_says(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    one, bad, three = await in_hand(office)
    with caplog.at_level(logging.ERROR, "whisper_api"):
        (await office.job_of(bad)).end_with(ZeroDivisionError("What was said"))
        await office.ended(bad)

    assert (bad.status, bad.error, is_free(office, bad)) == (Status.FAILED, UNEXPECTED, True)
    (logged,) = map(shown, caplog.records)
    assert f"Task {bad.id} failed unexpectedly." in logged
    assert "ZeroDivisionError" in logged
    assert "What was said" not in logged
    await finish(office, one, three, *await in_hand(office, 1))


async def test_an_error_that_nobody_foresaw_while_loading_fails_one_task_and_the_others_are_served(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.worker.load_errors.append(OSError("What was said"))
    bad, good = await office.upload(), await office.upload()
    with caplog.at_level(logging.ERROR, "whisper_api"):
        await office.ended(bad)

    assert (bad.status, bad.error, is_free(office, bad)) == (Status.FAILED, UNEXPECTED, True)
    assert ["What was said" in shown(record) for record in caplog.records] == [False]
    await finish(office, good)


async def test_a_task_that_is_cancelled_leaves_those_beside_it_alone_and_the_next_one_starts(office: Office) -> None:
    one, cancelled, three = await in_hand(office)
    following = await office.upload()
    jobs = [await office.job_of(task) for task in (one, cancelled, three)]

    await office.desk.forget(cancelled)

    assert [job.called_off for job in jobs] == [False, True, False]
    assert is_free(office, cancelled)
    assert (await office.job_of(following)).beside == ids(one, three)
    await finish(office, one, three, following)


async def test_a_cancelled_task_makes_room_only_when_the_worker_has_stopped(office: Office) -> None:
    one, cancelled, three = await in_hand(office)
    following = await office.upload()
    office.worker.may_stop.clear()

    forgetting = asyncio.create_task(office.desk.forget(cancelled))
    await until(lambda: cancelled.has_ended)
    await finish(office, one)
    last = await office.upload()
    await office.job_of(following)
    assert (last.status, forgetting.done()) == (Status.PENDING, False)

    office.worker.may_stop.set()
    await forgetting
    assert (await office.job_of(last)).beside == ids(three, following)


async def test_all_tasks_in_hand_can_be_cancelled_at_the_same_moment(office: Office) -> None:
    tasks = await in_hand(office)
    following = await office.upload()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*map(office.desk.forget, tasks))

    assert [task.error for task in tasks] == [desk_module.CANCELLED] * AT_ONCE
    assert (await office.job_of(following)).beside == []
    assert office.worker.users == 1


# ---- the worker dies -------------------------------------------------------------------------------------------


async def test_tasks_that_may_have_killed_the_worker_are_tried_again_from_the_start_one_after_another(
    office: Office,
) -> None:
    tasks = await in_hand(office)
    for task in tasks:
        (await office.job_of(task)).decode(segment(" Half"))
    office.worker.die()

    await finish(office, *tasks)

    assert [task.text for task in tasks] == ids(*tasks)
    assert [(job.task_id, job.beside) for job in office.worker.jobs[AT_ONCE:]] == [(task.id, []) for task in tasks]


@pytest.mark.parametrize("guilty", range(AT_ONCE))
async def test_a_task_that_kills_the_worker_twice_is_given_up_and_those_beside_it_finish(
    office: Office, guilty: int
) -> None:
    tasks = await in_hand(office)
    office.worker.die()
    for task in tasks:
        if task is tasks[guilty]:
            await office.job_of(task)
            office.worker.die()
            await office.ended(task)
        else:
            await finish(office, task)

    assert (tasks[guilty].status, tasks[guilty].error) == (Status.FAILED, desk_module.LOST_TWICE)
    assert is_free(office, tasks[guilty])
    assert statuses(*tasks).count(Status.FINISHED) == AT_ONCE - 1
    assert len(office.worker.jobs) == 2 * AT_ONCE


async def test_nobody_is_put_beside_a_suspect(office: Office) -> None:
    guilty, innocent = await in_hand(office, 2)
    office.worker.die()
    await office.job_of(guilty)

    newcomer = await office.upload()
    office.worker.die()
    await office.ended(guilty)
    (await office.job_of(innocent)).finish()
    await office.ended(innocent)
    await finish(office, newcomer)

    assert guilty.error == desk_module.LOST_TWICE
    assert statuses(innocent, newcomer) == [Status.FINISHED] * 2
    assert [job.beside for job in office.worker.jobs if job.task_id == newcomer.id] == [[]]


@pytest.mark.parametrize("reason", ["inspecting", "deliberate"])
async def test_a_loss_that_nobody_in_hand_is_to_blame_for_has_all_tried_again_at_once(
    office: Office, reason: str
) -> None:
    tasks = await in_hand(office)
    for _ in range(3):
        office.worker.die(**{reason: True})
        await office.worker.jobs_in_hand(AT_ONCE)

    await finish(office, *tasks)

    assert statuses(*tasks) == [Status.FINISHED] * AT_ONCE
    assert len(office.worker.jobs) == 4 * AT_ONCE


async def test_a_loss_that_nobody_is_to_blame_for_does_not_use_up_the_second_try(office: Office) -> None:
    (task,) = await in_hand(office, 1)
    for deliberate in (True, False, True):
        await office.job_of(task)
        office.worker.die(deliberate=deliberate)

    await finish(office, task)

    assert task.status is Status.FINISHED


async def test_a_suspect_that_waits_for_its_second_try_can_be_cancelled(office: Office) -> None:
    one, cancelled, three = await in_hand(office)
    office.worker.die()
    await office.job_of(one)

    await office.desk.forget(cancelled)

    assert (cancelled.error, is_free(office, cancelled)) == (desk_module.CANCELLED, True)
    await finish(office, one, three)
    assert len(office.worker.jobs) == AT_ONCE + 2


async def test_a_suspect_that_is_cancelled_in_its_second_try_lets_the_next_one_try(office: Office) -> None:
    cancelled, two, three = await in_hand(office)
    office.worker.die()
    await office.job_of(cancelled)

    await office.desk.forget(cancelled)

    await finish(office, two, three)


async def test_a_suspect_whose_second_try_ends_unexpectedly_lets_the_next_one_try(office: Office) -> None:
    bad, two, three = await in_hand(office)
    office.worker.die()
    (await office.job_of(bad)).end_with(ZeroDivisionError())

    await finish(office, two, three)

    assert bad.error == UNEXPECTED


async def test_where_the_model_cannot_be_loaded_again_the_task_fails_with_the_reason(office: Office) -> None:
    unlucky, two, three = await in_hand(office)
    office.worker.load_errors.append(NoModelLoaded("There is no model. Install one."))
    office.worker.die()

    await finish(office, two, three)

    assert unlucky.error == "There is no model. Install one."


async def test_a_task_that_ends_while_its_worker_is_lost_is_not_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may say that it is lost where it was to say that it was called off."""
    (task,) = await in_hand(office, 1)
    run = office.worker.run

    async def lost(*arguments: object) -> None:
        try:
            await run(*arguments)  # type: ignore[arg-type]
        except asyncio.CancelledError:
            raise WorkerLost from None

    monkeypatch.setattr(office.worker, "run", lost)
    office.worker.die(deliberate=True)
    await office.job_of(task)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await office.desk.forget(task)

    assert (task.status, task.error) == (Status.FAILED, desk_module.CANCELLED)
    assert len(office.worker.jobs) == 2


# ---- shutting down ---------------------------------------------------------------------------------------------


async def test_closing_with_grace_lets_all_tasks_in_hand_end_and_be_read(office: Office) -> None:
    running = await in_hand(office)
    waiting = await office.upload()

    closing = asyncio.create_task(office.desk.close(10_000))
    await until(lambda: waiting.has_ended)
    assert waiting.error == desk_module.SHUTTING_DOWN
    for task in reversed(running):
        await finish(office, task)
    for task in running:
        assert not closing.done()
        task.collected.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await closing
    assert [task.text for task in running] == ids(*running)


async def test_when_grace_ends_what_was_finished_stays_and_the_rest_fails(office: Office) -> None:
    finished, *late = await in_hand(office)
    jobs = [await office.job_of(task) for task in late]
    await finish(office, finished)

    await office.desk.close(0.01)

    assert finished.text == finished.id
    assert [task.error for task in late] == [desk_module.SHUTTING_DOWN] * 2
    assert all(job.called_off for job in jobs)
    assert office.shelf.held == 0
    assert not office.desk.busy


async def test_all_tasks_in_hand_are_called_off_together_when_grace_ends(office: Office) -> None:
    tasks = await in_hand(office)
    jobs = [await office.job_of(task) for task in tasks]
    office.worker.may_stop.clear()

    closing = asyncio.create_task(office.desk.close(0))
    try:
        await until(lambda: all(job.called_off for job in jobs))
        assert not closing.done()
    finally:
        office.worker.may_stop.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await closing


async def test_closing_ends_suspects_that_wait_for_their_second_try(office: Office) -> None:
    tasks = await in_hand(office)
    office.worker.die()
    await office.job_of(tasks[0])

    await office.desk.close(0)

    assert [task.error for task in tasks] == [desk_module.SHUTTING_DOWN] * AT_ONCE
    assert len(office.worker.jobs) == AT_ONCE + 1


async def test_a_worker_that_dies_within_the_grace_costs_no_task(office: Office) -> None:
    tasks = await in_hand(office)
    closing = asyncio.create_task(office.desk.close(10_000))
    await until(lambda: office.desk.closing)
    office.worker.die()
    await finish(office, *tasks)
    for task in tasks:
        task.collected.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await closing
    assert statuses(*tasks) == [Status.FINISHED] * AT_ONCE


# ---- the time left ---------------------------------------------------------------------------------------------


@pytest.fixture
def paced(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A desk whose worker does two seconds of audio a second."""
    monkeypatch.setattr(office.desk._pace, "estimate", lambda seconds: seconds / 2)
    return office


async def test_what_is_processed_waits_for_no_more_of_the_others_than_it_takes_itself(paced: Office) -> None:
    paced.worker.inspections.extend([10.0, 20.0, 60.0])
    short, middle, long = await in_hand(paced)

    assert [paced.desk.eta(task) for task in (short, middle, long)] == [5 + 5 + 5, 5 + 10 + 10, 5 + 10 + 30]


async def test_what_waits_takes_the_place_of_the_first_that_is_done(paced: Office) -> None:
    """The first is done after 15 s; the next has a place until 12 s later, and then comes the last."""
    paced.worker.inspections.extend([10.0, 20.0, 60.0, 8.0, 2.0])
    await in_hand(paced)
    following, last = await paced.upload(), await paced.upload()

    assert [paced.desk.eta(task) for task in (following, last)] == [15 + 3 * 4, 15 + 3 * 4 + 3 * 1]


async def test_the_time_left_shrinks_with_everybodys_progress(paced: Office) -> None:
    paced.worker.inspections.extend([10.0, 20.0, 8.0, 2.0])
    one, two, three = await in_hand(paced)
    last = await paced.upload()

    (await paced.job_of(two)).decode(segment(end=1), until=15)
    assert [paced.desk.eta(task) for task in (one, two, three)] == [5 + 2.5 + 4 + 1, 2.5 + 2.5 + 2.5, 4 + 2.5 + 4 + 1]
    assert paced.desk.eta(last) == 3 * 2.5 + 3 * 1

    await finish(paced, one)
    await paced.job_of(last)
    assert [paced.desk.eta(task) for task in (one, two, three, last)] == [None, 2.5 + 2.5 + 1, 2.5 + 4 + 1, 1 + 1 + 1]


async def test_who_does_not_say_how_long_it_is_counts_as_long_as_the_other(paced: Office) -> None:
    paced.worker.inspections.extend([10.0, None])
    known, unknown = await in_hand(paced, 2)

    assert (paced.desk.eta(known), paced.desk.eta(unknown)) == (10, None)


async def test_a_place_may_be_free_when_the_first_of_those_in_hand_ends(paced: Office) -> None:
    assert paced.desk.retry_after == 30
    paced.worker.inspections.extend([60.0, 10.0, 20.0])
    tasks = await in_hand(paced)
    assert paced.desk.retry_after == 15

    for task in tasks:
        (await paced.job_of(task)).decode(segment(), until=task.duration)
    assert paced.desk.retry_after == 1


async def test_nobody_knows_when_a_place_is_free_where_no_length_is_known(paced: Office) -> None:
    paced.worker.inspections.append(None)
    await in_hand(paced, 1)

    assert paced.desk.retry_after == 30


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(desk_module, "time", SimpleNamespace(monotonic=lambda: self.now))


def learnt(*steps: tuple[float, float]) -> float | None:
    """What is expected of ten seconds of audio after so many seconds of processing brought so many of audio."""
    pace = Pace()
    for processing, audio in steps:
        pace.learn(processing_seconds=processing, audio_seconds=audio)
    return pace.estimate(10)


async def expected(office: Office) -> float | None:
    """The time left for a recording of ten seconds that has the worker for itself."""
    await until(lambda: not office.desk.busy)
    return office.desk.eta(await office.upload())


async def test_the_pace_is_that_of_all_tasks_together(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    office.worker.inspections.extend([60.0, 60.0])
    one, two = await in_hand(office, 2)
    jobs = [await office.job_of(task) for task in (one, two)]

    clock.now += 5
    jobs[0].decode(segment(), until=20)
    jobs[1].decode(segment(), until=10)
    clock.now += 5
    jobs[0].decode(segment(), until=30)
    clock.now += 10
    jobs[1].finish(duration=60)
    jobs[0].finish(duration=65)

    assert await expected(office) == learnt((5, 20), (0, 10), (5, 10), (10, 50), (0, 35))


async def test_time_in_which_nothing_was_in_hand_does_not_count(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    for _ in range(2):
        clock.now += 10_000
        (task,) = await in_hand(office, 1)
        clock.now += 5
        (await office.job_of(task)).finish(duration=10)
        await office.ended(task)

    assert await expected(office) == learnt((5, 10), (5, 10))


@pytest.mark.parametrize(("duration", "share"), [(10.0, 0.25), (50.0, 0.75), (3600.0, 1.0)])
async def test_a_clip_that_leaves_lanes_idle_tells_that_the_machine_could_do_more(
    office: Office, monkeypatch: pytest.MonkeyPatch, duration: float, share: float
) -> None:
    clock = Clock(monkeypatch)
    office.worker.model = replace(office.worker.model, lanes=4)
    office.worker.inspections.append(duration)
    (task,) = await in_hand(office, 1)
    clock.now += 8
    (await office.job_of(task)).finish(duration)
    await office.ended(task)

    assert await expected(office) == learnt((8 * share, duration))


async def test_what_had_to_be_done_twice_counts_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    (task,) = await in_hand(office, 1)
    for _ in range(2):
        job = await office.job_of(task)
        clock.now += 5
        job.decode(segment(), until=8)
        office.worker.die(deliberate=True)
    job = await office.job_of(task)
    clock.now += 5
    job.finish(duration=10)

    assert await expected(office) == learnt((5, 8), (5, 8), (5, 10))


async def test_whatever_was_done_the_time_left_is_a_time(office: Office) -> None:
    """As real clocks have it, hardly any time passes here."""
    for duration in (10, 0.5, 0):
        (task,) = await in_hand(office, 1)
        (await office.job_of(task)).finish(duration)
    eta = await expected(office)

    assert eta is not None
    assert 0 <= eta < math.inf


# ---- forgetting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["finished", "cancelled", "refused", "failed unexpectedly", "lost", "lost twice"])
async def test_nothing_holds_on_to_a_task_that_was_forgotten_while_others_are_in_hand(
    office: Office, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module.logger, "disabled", True)  # pytest keeps what is logged, errors included
    await in_hand(office, 1)
    task = await office.upload()
    job = await office.job_of(task)
    job.start()
    job.decode(segment(" Confidential."))
    match how:
        case "finished":
            job.finish()
        case "refused":
            job.end_with(WorkerRefused("No."))
        case "failed unexpectedly":
            job.end_with(ZeroDivisionError("Confidential."))
        case "lost":
            job.end_with(WorkerLost())
            await finish(office, task)
        case "lost twice":
            job.end_with(WorkerLost())
            (await office.job_of(task)).end_with(WorkerLost())
    if how != "cancelled":
        await office.ended(task)
    await office.desk.forget(task)
    office.worker.jobs = office.worker.in_hand

    # Not even until Python looks for cycles, which it may do much later: nothing happens on an idle server.
    gc.disable()
    try:
        remains = weakref.ref(task)
        del task, job
        assert remains() is None
    finally:
        gc.enable()
    assert len(office.worker.in_hand) == 1


async def test_nothing_holds_on_to_the_last_task_when_there_is_nothing_to_do(office: Office) -> None:
    remains = [weakref.ref(task) for task in await in_hand(office, 2)]
    for job in office.worker.in_hand:
        job.decode(segment(" Confidential."))
        job.finish()
    del job
    await until(lambda: not office.desk.busy)
    for task in list(office.store):
        await office.desk.forget(task)
    office.worker.jobs.clear()
    del task

    assert [task() for task in remains] == [None, None]
