"""The desk with a worker that does what the test says."""

import asyncio
import gc
import logging
import os
import weakref
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.tasks.fakes import PATIENCE_SECONDS, Job, segment, until
from tests.tasks.office import Office, is_free, working
from whisper_api.speech.options import Options
from whisper_api.tasks import desk as desk_module
from whisper_api.tasks.desk import Closing, Unusable
from whisper_api.tasks.queue import QueueFull
from whisper_api.tasks.recording import MemoryFull, TooLarge
from whisper_api.tasks.store import UnknownTask
from whisper_api.tasks.task import Fault, Status, Task
from whisper_api.workers.messages import UNEXPECTED
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import NoModelLoaded, WorkerRefused


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    async with working(office):
        yield office


async def test_a_recording_becomes_a_text(office: Office) -> None:
    task = await office.upload(b"speech", Options("translate", "de"))
    assert (task.status, task.duration) == (Status.PENDING, 10)

    job = await office.job_of(task)
    assert job.content == b"speech"
    assert job.options == Options("translate", "de")
    assert (task.status, task.wanted_model) == (Status.PROCESSING, "medium")
    assert (task.used_model, task.used_device) == ("base", "cpu")
    assert office.desk.busy

    job.start("de")
    job.decode(segment(" One", 0, 2), segment(" and", 2, 2.5))
    assert (task.language, task.duration, task.progress, task.text) == ("de", 10, 0.25, None)
    job.decode(segment(" two.", 2.5, 8))
    job.finish(duration=9, peaks=(0.5, 0.25))
    await office.ended(task)

    assert (task.status, task.text, task.error) == (Status.FINISHED, "One and two.", None)
    assert (task.duration, task.progress, task.peaks) == (9, 1, (0.5, 0.25))
    assert not office.desk.busy


async def test_of_a_forgotten_task_nothing_is_left(office: Office) -> None:
    task = await office.upload(b"speech")
    job = await office.job_of(task)
    job.decode(segment(" One", 0, 2))
    job.finish(peaks=(0.5, 0.25))
    await office.ended(task)

    await office.desk.forget(task)

    assert (task.segments, task.peaks) == ([], ())


async def test_tasks_are_served_in_the_order_in_which_they_came(office: Office) -> None:
    tasks = [await office.upload() for _ in range(4)]

    for task in tasks:
        (await office.job_of(task)).finish()
        await office.ended(task)

    assert [job.task_id for job in office.worker.jobs] == [task.id for task in tasks]


async def test_one_task_is_processed_at_a_time(office: Office) -> None:
    first, second = await office.upload(), await office.upload()
    await office.job_of(first)

    assert (first.status, second.status) == (Status.PROCESSING, Status.PENDING)
    assert len(office.worker.jobs) == 1
    (await office.job_of(first)).finish()
    assert (await office.job_of(second)).beside == []


async def test_positions_are_right_at_every_moment(office: Office) -> None:
    office.worker.may_load.clear()
    first, second, third = [await office.upload() for _ in range(3)]
    await until(lambda: office.worker.loads)
    assert office.positions(first, second, third) == [1, 2, 3]
    assert first.status is Status.PENDING

    office.worker.may_load.set()
    job = await office.job_of(first)
    assert office.positions(first, second, third) == [None, 1, 2]

    job.finish()
    job = await next_after(office, first)
    assert office.positions(first, second, third) == [None, None, 1]

    await office.desk.forget(third)
    assert office.positions(first, second, third) == [None, None, None]
    job.finish()
    await office.ended(second)
    assert office.positions(second) == [None]


async def next_after(office: Office, task: Task) -> Job:
    await office.ended(task)
    return await office.worker.next_job()


async def test_a_task_in_the_hands_of_the_worker_frees_its_place_in_the_queue() -> None:
    office = Office(limit=1)
    async with working(office):
        first = await office.upload()
        with pytest.raises(QueueFull):
            await office.upload()
        await office.job_of(first)

        second = await office.upload()

        assert office.positions(second) == [1]


async def test_an_upload_that_is_announced_as_too_large_gets_no_place() -> None:
    office = Office(largest=10)

    with pytest.raises(TooLarge), office.desk.intake(11):
        pass

    assert office.shelf.held == 0


async def test_an_upload_for_which_there_is_no_memory_gets_no_place(office: Office) -> None:
    await office.upload(b"x" * 1000)
    await office.upload(b"x" * 600)

    with pytest.raises(MemoryFull), office.desk.intake(401):
        pass
    with pytest.raises(MemoryFull), office.desk.intake(None) as intake:
        intake.recording.write(b"x" * 401)

    assert office.shelf.held == 1600


async def test_a_recording_that_cannot_be_read_frees_its_place_and_its_memory() -> None:
    office = Office(limit=1)
    office.worker.inspections.append(WorkerRefused("It is a picture."))

    with pytest.raises(Unusable, match=r"^It is a picture\.$"):
        await office.upload()

    assert (office.shelf.held, len(office.queue), len(office.store), office.worker.users) == (0, 0, 0, 0)
    with office.desk.intake(1):
        pass


async def test_an_upload_that_breaks_off_frees_its_place_and_its_memory() -> None:
    office = Office(limit=1)

    async def break_off() -> None:
        with office.desk.intake(None) as intake:
            intake.recording.write(b"half")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await break_off()

    assert office.shelf.held == 0
    with office.desk.intake(1):
        pass


async def test_an_upload_that_is_cancelled_while_it_is_looked_at_frees_everything() -> None:
    office = Office(limit=1)
    office.worker.may_inspect.clear()
    upload = asyncio.create_task(office.upload())
    await until(lambda: office.worker.users)

    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload

    assert (office.shelf.held, len(office.queue), office.worker.users) == (0, 0, 0)


async def test_a_recording_is_looked_at_again_when_the_worker_dies_over_it(office: Office) -> None:
    office.worker.inspections.extend([WorkerLost(inspecting=True), 7.0])

    task = await office.upload()

    assert task.duration == 7


async def test_a_recording_over_which_the_worker_dies_twice_is_refused(office: Office) -> None:
    office.worker.inspections.extend([WorkerLost(inspecting=True)] * 2)

    with pytest.raises(Unusable, match="died twice"):
        await office.upload()

    assert office.shelf.held == 0


async def test_an_upload_that_kills_the_worker_costs_no_other_upload_its_second_try(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking: list[bytes] = []
    looks: list[list[bytes]] = []
    deaths = 0

    async def inspect(_: str, recording: int) -> float:
        nonlocal deaths
        content, before = os.pread(recording, 100, 0), deaths
        looking.append(content)
        try:
            if content == b"poison":
                await until(lambda: len(looking) == (3 if deaths == 0 else 1))
                deaths += 1
            await until(lambda: deaths)
            looks.append(sorted(looking))
            if deaths > before:
                raise WorkerLost(inspecting=True)
            return 1.0
        finally:
            looking.remove(content)

    monkeypatch.setattr(office.worker, "inspect", inspect)
    uploads = [asyncio.create_task(office.upload(content)) for content in (b"one", b"poison", b"other")]

    one, poison, other = await asyncio.gather(*uploads, return_exceptions=True)

    assert isinstance(poison, Unusable)
    assert isinstance(one, Task)
    assert isinstance(other, Task)
    assert [len(look) for look in looks[3:]] == [1, 1, 1], "each alone"


async def test_a_desk_that_closes_looks_at_nothing_again(office: Office) -> None:
    office.worker.may_inspect.clear()
    office.worker.inspections.append(WorkerLost(deliberate=True))
    upload = asyncio.create_task(office.upload())
    await until(lambda: office.worker.users)

    await office.desk.close(0)
    office.worker.may_inspect.set()

    with pytest.raises(Closing):
        await upload
    assert len(office.worker.inspected) == 1


async def test_a_recording_is_freed_when_its_task_ends(office: Office) -> None:
    task = await office.upload(b"speech")
    job = await office.job_of(task)
    assert office.shelf.held == 6
    assert not is_free(office, task)

    job.finish()
    await office.ended(task)

    assert office.shelf.held == 0
    assert is_free(office, task)


async def test_the_worker_is_in_use_from_acceptance_until_the_end(office: Office) -> None:
    office.worker.may_inspect.clear()
    upload = asyncio.create_task(office.upload())
    await until(lambda: office.worker.users == 1)
    office.worker.may_inspect.set()
    task = await upload
    assert office.worker.users == 1

    job = await office.job_of(task)
    second = await office.upload()
    assert office.worker.users == 2

    job.end_with(WorkerRefused("No."))
    await office.ended(task)
    assert office.worker.users == 1
    await office.desk.forget(second)
    assert office.worker.users == 0


async def test_a_task_that_waits_can_be_cancelled(office: Office) -> None:
    first, second, third = [await office.upload() for _ in range(3)]
    job = await office.job_of(first)

    await office.desk.forget(second)

    assert (second.status, second.error) == (Status.FAILED, desk_module.CANCELLED)
    assert is_free(office, second)
    assert office.positions(third) == [1]
    with pytest.raises(UnknownTask):
        office.desk.find(second.id)
    job.finish()
    await next_after(office, first)
    assert third.status is Status.PROCESSING
    assert second.id not in [each.task_id for each in office.worker.jobs]


async def test_a_task_that_is_processed_can_be_cancelled_and_the_next_one_begins(office: Office) -> None:
    first, second = await office.upload(), await office.upload()
    job = await office.job_of(first)

    await office.desk.forget(first)

    assert job.called_off
    assert first.status is Status.FAILED
    assert is_free(office, first)
    with pytest.raises(UnknownTask):
        office.desk.find(first.id)
    await office.job_of(second)


async def test_a_task_can_be_cancelled_while_its_model_loads(office: Office) -> None:
    office.worker.may_load.clear()
    first = await office.upload()
    await until(lambda: office.worker.loads)

    await office.desk.forget(first)
    office.worker.may_load.set()
    second = await office.upload()
    await office.job_of(second)

    assert first.status is Status.FAILED
    assert len(office.worker.jobs) == 1


async def test_cancelling_a_task_that_has_just_finished_only_forgets_it(office: Office) -> None:
    task = await office.upload()
    (await office.job_of(task)).finish()
    await office.ended(task)

    await office.desk.forget(task)

    assert task.status is Status.FINISHED
    with pytest.raises(UnknownTask):
        office.desk.find(task.id)


async def test_two_people_may_cancel_the_same_task_at_once(office: Office) -> None:
    task = await office.upload()
    await office.job_of(task)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(office.desk.forget(task), office.desk.forget(task))

    assert task.status is Status.FAILED
    (await office.job_of(await office.upload())).finish()


async def test_a_task_whose_worker_was_lost_is_tried_once_more_from_the_start(office: Office) -> None:
    task = await office.upload()
    job = await office.job_of(task)
    job.start()
    job.decode(segment(" Half"))
    job.end_with(WorkerLost())

    job = await office.job_of(task)
    assert len(office.worker.jobs) == 2
    assert job.content == b"sound"
    assert task.status is Status.PROCESSING
    assert task.segments == []
    job.start()
    job.decode(segment(" Whole."))
    job.finish()
    await office.ended(task)

    assert task.text == "Whole."


async def test_a_task_over_which_the_worker_dies_twice_is_given_up_and_the_others_run(office: Office) -> None:
    poison, healthy = await office.upload(), await office.upload()
    for _ in range(2):
        (await office.job_of(poison)).end_with(WorkerLost())

    job = await office.job_of(healthy)

    assert (poison.status, poison.error) == (Status.FAILED, desk_module.LOST_TWICE)
    assert poison.fault is Fault.RECORDING
    assert is_free(office, poison)
    job.finish()
    await office.ended(healthy)
    assert healthy.status is Status.FINISHED


@pytest.mark.parametrize("loss", [{"inspecting": True}, {"loading": True}], ids=str)
async def test_a_worker_that_died_over_something_else_is_not_held_against_the_task_in_hand(
    office: Office, loss: dict[str, bool]
) -> None:
    task = await office.upload()
    for _ in range(3):
        (await office.job_of(task)).end_with(WorkerLost(**loss))

    (await office.job_of(task)).finish()
    await office.ended(task)

    assert task.status is Status.FINISHED


async def test_even_an_innocent_task_is_not_tried_for_ever(office: Office) -> None:
    task = await office.upload()
    while not task.has_ended:
        (await office.job_of(task)).end_with(WorkerLost(inspecting=True))
        await until(lambda: task.has_ended or office.worker.in_hand)
        assert len(office.worker.jobs) < 20

    assert (task.error, task.fault) == (desk_module.LOST_OFTEN, Fault.UNAVAILABLE)


async def test_a_worker_that_dies_while_it_loads_is_no_fault_of_the_recording(office: Office) -> None:
    office.worker.load_errors.extend([WorkerLost(), WorkerLost()])
    task = await office.upload()
    await office.ended(task)

    assert (task.error, task.fault) == (desk_module.DIES_LOADING, Fault.UNAVAILABLE)
    assert len(office.queue) == 0
    (await office.job_of(await office.upload())).finish()


async def test_a_worker_that_dies_as_it_is_loaded_again_is_no_fault_of_the_recording(office: Office) -> None:
    task = await office.upload()
    job = await office.job_of(task)
    office.worker.load_errors.extend([WorkerLost(), WorkerLost()])

    job.end_with(WorkerLost())
    await office.ended(task)

    assert (task.error, task.fault) == (desk_module.DIES_LOADING, Fault.UNAVAILABLE)


async def test_where_no_model_can_be_loaded_the_task_fails_with_the_reason(office: Office) -> None:
    office.worker.load_errors.append(NoModelLoaded("There is no model. Install one."))
    first, second = await office.upload(), await office.upload()
    await office.ended(first)

    assert (first.status, first.error) == (Status.FAILED, "There is no model. Install one.")
    assert is_free(office, first)
    (await office.job_of(second)).finish()


async def test_what_the_worker_refuses_fails_with_its_reason(office: Office) -> None:
    task = await office.upload()
    (await office.job_of(task)).end_with(WorkerRefused("The model cannot translate."))
    await office.ended(task)

    assert (task.status, task.error) == (Status.FAILED, "The model cannot translate.")
    assert len(office.worker.jobs) == 1


async def test_an_unexpected_error_fails_the_task_and_the_desk_goes_on(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await office.upload(), await office.upload()
    with caplog.at_level(logging.ERROR, "whisper_api"):
        (await office.job_of(first)).end_with(ZeroDivisionError("What was said"))
        await office.ended(first)

    assert (first.status, first.error) == (Status.FAILED, UNEXPECTED)
    assert is_free(office, first)
    assert [record.exc_info is not None for record in caplog.records] == [True]
    (await office.job_of(second)).finish()
    await office.ended(second)
    assert second.status is Status.FINISHED


async def test_an_unexpected_error_while_loading_leaves_no_task_in_the_queue(office: Office) -> None:
    office.worker.load_errors.append(ZeroDivisionError())
    task = await office.upload()
    await office.ended(task)

    assert task.error == UNEXPECTED
    assert len(office.queue) == 0


async def test_an_expired_result_is_unknown_and_forgotten_at_any_access(office: Office) -> None:
    old, young = await office.upload(), await office.upload()
    for task in (old, young):
        (await office.job_of(task)).finish()
        await office.ended(task)
    assert old.finished_at
    old.finished_at -= timedelta(hours=2)

    assert office.desk.find(young.id) is young

    assert list(office.store) == [young]
    with pytest.raises(UnknownTask):
        office.desk.find(old.id)


async def test_expired_results_are_swept_again_and_again() -> None:
    office = Office(lifetime=0)
    async with working(office):
        sweeping = asyncio.create_task(office.desk.sweep_every(0))
        for _ in range(2):
            task = await office.upload()
            job = await office.job_of(task)
            await asyncio.sleep(0)
            assert len(office.store) == 1
            job.finish()
            await until(lambda: len(office.store) == 0)

        assert not sweeping.done()
        sweeping.cancel()


async def test_nothing_holds_on_to_a_task_that_was_forgotten(office: Office) -> None:
    task = await office.upload()
    job = await office.job_of(task)
    job.decode(segment(" Confidential."))
    job.finish()
    await office.ended(task)
    await office.desk.forget(task)

    remains = weakref.ref(task)
    office.worker.jobs.clear()
    del task, job
    gc.collect()

    assert remains() is None


async def test_the_time_left_is_unknown_before_anything_was_transcribed(office: Office) -> None:
    task = await office.upload()

    assert office.desk.eta(task) is None
    assert office.desk.retry_after == 30


async def test_the_time_left_counts_everybody_ahead(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.desk._pace, "estimate", lambda seconds: seconds / 2)
    first, second, third = [await office.upload() for _ in range(3)]
    job = await office.job_of(first)
    assert [office.desk.eta(task) for task in (first, second, third)] == pytest.approx([5, 10, 15], abs=0.5)

    job.start()
    job.decode(segment(end=8))

    assert [office.desk.eta(task) for task in (first, second, third)] == pytest.approx([1, 6, 11], abs=0.5)
    assert office.desk.retry_after == 1
    job.finish()
    await office.ended(first)
    assert office.desk.eta(first) is None


async def test_a_finished_recording_teaches_the_pace(office: Office) -> None:
    task = await office.upload()
    (await office.job_of(task)).finish()
    await office.ended(task)

    eta = office.desk.eta(await office.upload())

    assert eta is not None
    assert eta >= 0


async def test_a_closing_desk_takes_nothing_in(office: Office) -> None:
    await office.desk.close(0)

    with pytest.raises(Closing), office.desk.intake(5):
        pass


async def test_an_upload_that_was_under_way_when_the_desk_closed_is_turned_away(office: Office) -> None:
    office.worker.may_inspect.clear()
    upload = asyncio.create_task(office.upload())
    await until(lambda: office.worker.users)

    await office.desk.close(0)
    office.worker.may_inspect.set()

    with pytest.raises(Closing):
        await upload
    assert (office.shelf.held, office.worker.users, len(office.store)) == (0, 0, 0)


async def test_closing_without_grace_calls_the_task_in_hand_off(office: Office) -> None:
    running, waiting = await office.upload(), await office.upload()
    job = await office.job_of(running)

    await office.desk.close(0)

    assert job.called_off
    assert running.error == waiting.error == desk_module.SHUTTING_DOWN
    assert office.shelf.held == 0
    assert len(office.queue) == 0


async def test_closing_with_grace_lets_the_task_in_hand_end_and_be_read(office: Office) -> None:
    running, waiting = await office.upload(), await office.upload()
    job = await office.job_of(running)

    closing = asyncio.create_task(office.desk.close(60))
    await until(lambda: waiting.has_ended)
    assert waiting.error == desk_module.SHUTTING_DOWN
    assert not running.has_ended
    job.finish()
    await running.wait()
    assert not closing.done()
    running.collected.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await closing
    assert running.status is Status.FINISHED


async def test_grace_ends_and_the_task_in_hand_with_it(office: Office) -> None:
    running = await office.upload()
    job = await office.job_of(running)

    await office.desk.close(0.01)

    assert job.called_off
    assert running.error == desk_module.SHUTTING_DOWN


async def test_grace_is_not_spent_on_a_task_that_only_waits_for_its_model(office: Office) -> None:
    office.worker.may_load.clear()
    task = await office.upload()
    await until(lambda: office.worker.loads)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await office.desk.close(10_000)

    assert task.error == desk_module.SHUTTING_DOWN


async def test_closing_an_idle_desk_takes_no_time(office: Office) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await office.desk.close(10_000)


async def test_a_result_that_nobody_reads_does_not_hold_the_shutdown_up_for_longer_than_its_grace(
    office: Office,
) -> None:
    task = await office.upload()
    job = await office.job_of(task)
    job.finish()

    await office.desk.close(0.01)

    assert task.status is Status.FINISHED


async def test_a_recording_that_says_to_be_too_long_is_refused_at_once() -> None:
    office = Office(max_seconds=60)
    office.worker.inspections.append(61.0)
    async with working(office):
        with pytest.raises(Unusable, match="longer than a minute"):
            await office.upload()

        assert office.shelf.held == 0
        office.worker.inspections.append(59.0)
        assert (await office.upload()).options.max_seconds == 60


async def test_a_worker_that_was_ended_for_another_job_is_no_fault_of_the_task(office: Office) -> None:
    task = await office.upload()
    for _ in range(3):
        (await office.job_of(task)).end_with(WorkerLost(deliberate=True))
    (await office.job_of(task)).finish()
    await office.ended(task)

    assert task.status is Status.FINISHED


async def test_the_languages_of_a_recording_are_kept(office: Office) -> None:
    task = await office.upload(options=Options("detect_language"))

    (await office.job_of(task)).detect({"de": 0.75, "nl": 0.2})
    await office.ended(task)

    assert (task.status, task.language, task.languages) == (Status.FINISHED, "de", {"de": 0.75, "nl": 0.2})
    assert task.text == ""


async def test_a_recording_in_which_nobody_speaks_has_no_languages(office: Office) -> None:
    task = await office.upload(options=Options("detect_language"))

    (await office.job_of(task)).detect({})
    await office.ended(task)

    assert (task.status, task.language, task.languages) == (Status.FINISHED, None, {})


async def test_detecting_a_language_teaches_nothing_about_the_pace_of_texts(office: Office) -> None:
    task = await office.upload(options=Options("detect_language"))
    (await office.job_of(task)).detect({"de": 0.75})
    await office.ended(task)

    assert office.desk.eta(await office.upload()) is None


@pytest.mark.parametrize(
    ("failure", "fault"),
    [
        (WorkerRefused("File has no audio track."), Fault.RECORDING),
        (WorkerRefused(UNEXPECTED), Fault.SERVER),
        (NoModelLoaded("There is no model."), Fault.UNAVAILABLE),
    ],
)
async def test_a_failure_says_whose_fault_it_is(office: Office, failure: Exception, fault: Fault) -> None:
    task = await office.upload()

    (await office.job_of(task)).end_with(failure)
    await office.ended(task)

    assert (task.status, task.fault) == (Status.FAILED, fault)
