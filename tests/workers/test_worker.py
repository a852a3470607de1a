"""The worker, with a process at the other end of its socket that says what the test tells it to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from tests.tasks.fakes import PATIENCE_SECONDS, segment, until
from tests.workers.fakes import LOADED, FakeChild, spawning
from whisper_api.speech.options import Options
from whisper_api.tasks.recording import Recording, Shelf
from whisper_api.workers import process
from whisper_api.workers import worker as worker_module
from whisper_api.workers.messages import (
    Cancel,
    Cancelled,
    Decoded,
    Failed,
    Finished,
    Inspected,
    Load,
    LoadFailed,
    Progress,
    Report,
    Run,
    Started,
)
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import NoModelLoaded, Worker, WorkerRefused

MODEL = Load(limit=None, cpu_limit="base", use_gpu=False, ask_hub=False)
JOBS = ("a", "b", "c")


AS_IT_IS = Options()


class Pool:
    """A worker, the processes that it started, and jobs that run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *to_load: Report | None) -> None:
        self.worker = Worker(MODEL, unload_after=None)
        self.children = spawning(monkeypatch, *to_load)
        self.told: dict[str, list[Progress]] = {}
        self.running: dict[str, asyncio.Task[None]] = {}
        self._shelf = Shelf(largest=1000, capacity=1000)
        self._recordings: list[Recording] = []

    def start(self, *jobs: str, options: Options = AS_IT_IS) -> None:
        for job in jobs:
            recording = self._shelf.new()
            recording.write(job.encode())
            self._recordings.append(recording)
            self.told[job] = []
            self.running[job] = asyncio.create_task(
                self.worker.run(job, recording.descriptor, options, self.told[job].append)
            )

    async def started(self, *jobs: str) -> FakeChild:
        """The process, once it has the orders for these jobs."""
        self.start(*jobs)
        await until(lambda: self.children and set(jobs) <= set(self.children[-1].jobs))
        return self.children[-1]

    async def end(self, job: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.running[job]

    async def loss(self, job: str) -> WorkerLost:
        with pytest.raises(WorkerLost) as caught:
            await self.end(job)
        return caught.value

    async def close(self) -> None:
        for task in self.running.values():
            task.cancel()
        await self.worker.close()
        await asyncio.gather(*self.running.values(), return_exceptions=True)
        for recording in self._recordings:
            recording.close()


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    pool = Pool(monkeypatch)
    yield pool
    await pool.close()


async def test_a_model_says_how_many_recordings_it_takes_at_once(pool: Pool) -> None:
    assert await pool.worker.load() == LOADED
    assert pool.worker.last_loaded is not None
    assert pool.worker.last_loaded.recordings_at_once == 3


async def test_many_jobs_run_at_a_time_in_one_process_and_begin_in_their_order(pool: Pool) -> None:
    child = await pool.started(*JOBS)

    assert child.jobs == list(JOBS)
    assert child.contents == {job: job.encode() for job in JOBS}
    assert len(pool.children) == 1


async def test_each_job_is_told_what_concerns_it_and_how_it_ends(pool: Pool) -> None:
    child = await pool.started(*JOBS)
    said = {job: Decoded(job, (segment(f" {job}"), segment(" more")), until=1.5) for job in JOBS}
    started, finished = Started("b", "de", 0.9), Finished("b", 2.5)

    child.say(started, said["c"], said["b"], said["a"], finished)
    await pool.end("b")
    await until(lambda: pool.told["a"])

    assert pool.told == {
        "a": [said["a"]],
        "b": [Started("b", "de", 0.9), said["b"], Finished("b", 2.5)],
        "c": [said["c"]],
    }
    assert not pool.running["a"].done()
    assert not pool.running["c"].done()


async def test_a_job_that_is_refused_leaves_those_beside_it_alone(pool: Pool) -> None:
    child = await pool.started(*JOBS)

    child.say(Failed("b", "It is damaged."), Finished("a", 1), Finished("c", 1))

    with pytest.raises(WorkerRefused, match=r"^It is damaged\.$"):
        await pool.end("b")
    await pool.end("a")
    await pool.end("c")


async def test_a_job_that_is_cancelled_is_called_off_and_those_beside_it_go_on(pool: Pool) -> None:
    child = await pool.started(*JOBS)

    pool.running["b"].cancel()
    await until(lambda: Cancel("b") in child.orders)
    assert not pool.running["b"].done()
    child.say(Cancelled("b"))
    with pytest.raises(asyncio.CancelledError):
        await pool.end("b")

    child.say(Finished("a", 1), Finished("c", 1))
    await pool.end("a")
    await pool.end("c")
    assert not child.is_gone


@pytest.mark.parametrize("ending", [Finished("b", 1), Failed("b", "It is damaged.")], ids=["finished", "failed"])
async def test_a_job_that_ends_as_it_is_cancelled_has_been_called_off(pool: Pool, ending: Finished | Failed) -> None:
    child = await pool.started(*JOBS)

    pool.running["b"].cancel()
    child.say(ending)

    with pytest.raises(asyncio.CancelledError):
        await pool.end("b")
    assert not child.is_gone


async def test_a_job_that_does_not_stop_has_its_worker_killed_which_is_no_fault_of_those_beside_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_CANCEL_PATIENCE_SECONDS", 0.01)
    child = await pool.started(*JOBS)

    pool.running["b"].cancel()
    with pytest.raises(asyncio.CancelledError):
        await pool.end("b")

    losses = [await pool.loss("a"), await pool.loss("c")]
    assert [(loss.deliberate, loss.inspecting) for loss in losses] == [(True, False)] * 2
    assert child.is_gone
    await until(lambda: len(pool.children) == 2 and pool.worker.loaded)


async def test_jobs_that_do_not_stop_cost_one_worker_together(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_CANCEL_PATIENCE_SECONDS", 0)
    await pool.started(*JOBS)

    for task in pool.running.values():
        task.cancel()
    for job in JOBS:
        with pytest.raises(asyncio.CancelledError):
            await pool.end(job)

    child = await pool.started("d")
    assert [each.is_gone for each in pool.children] == [True, False]
    child.say(Finished("d", 1))
    await pool.end("d")


async def test_a_worker_that_dies_is_lost_to_all_of_its_jobs_and_comes_back_for_the_next(pool: Pool) -> None:
    child = await pool.started(*JOBS)

    child.die()

    losses = [await pool.loss(job) for job in JOBS]
    assert [(loss.deliberate, loss.inspecting) for loss in losses] == [(False, False)] * 3
    assert child.kills == 0, "it would take its end from asyncio, which warns of that"
    child = await pool.started("d")
    child.say(Finished("d", 1))
    await pool.end("d")
    assert len(pool.children) == 2


async def test_a_worker_that_dies_while_it_looks_at_an_upload_says_so_to_all_of_its_jobs(pool: Pool) -> None:
    child = await pool.started(*JOBS)
    with Shelf(largest=1, capacity=1).new() as upload:
        looking = asyncio.create_task(pool.worker.inspect("upload", upload.descriptor))
        await until(lambda: len(child.orders) == len(JOBS) + 2)

        child.die()

        assert [(await pool.loss(job)).inspecting for job in JOBS] == [True] * 3
        with pytest.raises(WorkerLost):
            await looking


async def test_uploads_are_looked_at_while_jobs_run(pool: Pool) -> None:
    child = await pool.started(*JOBS)
    with Shelf(largest=1, capacity=1).new() as upload:
        looking = asyncio.create_task(pool.worker.inspect("upload", upload.descriptor))
        await until(lambda: len(child.orders) == len(JOBS) + 2)
        child.say(Inspected("upload", 7.5))

        assert await looking == 7.5


async def test_a_worker_is_not_unloaded_before_its_last_job_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(monkeypatch)
    pool.worker = Worker(MODEL, unload_after=0)
    child = await pool.started(*JOBS)
    for job in JOBS:
        assert not child.is_gone
        child.say(Finished(job, 1))
        await pool.end(job)

    await until(lambda: child.is_gone)
    assert pool.worker.loaded is None
    await pool.close()


async def test_a_worker_that_is_unloaded_is_killed_once(pool: Pool) -> None:
    """Whoever kills it once more may take its end from asyncio, which warns of that."""
    child = await pool.started("a")
    child.say(Finished("a", 1))
    await pool.end("a")

    await pool.worker.unload()

    assert child.kills == 1


async def test_a_worker_that_dies_in_the_middle_of_a_report_has_said_nothing_wrong(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    child = await pool.started("a")
    child.begin_to_say(Finished("a", 1))

    child.die()

    await pool.loss("a")
    assert child.kills == 0
    assert "cannot be read" not in caplog.text


async def test_an_order_to_a_worker_that_has_died_leaves_its_end_to_whoever_waits_for_it(pool: Pool) -> None:
    child = await pool.started("a")
    child.die()

    pool.start("b")  # before anybody has noticed

    assert [(await pool.loss(job)).deliberate for job in ("a", "b")] == [False, False]
    assert child.kills == 0


async def test_a_worker_that_only_hangs_up_is_killed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_DEATH_SECONDS", 0.01)
    child = await pool.started("a")

    child.hang_up()

    await pool.loss("a")
    assert (child.kills, child.is_gone) == (1, True)


async def test_an_order_that_is_larger_than_the_socket_reaches_the_worker_whole(pool: Pool) -> None:
    pool.start("a")
    child = await pool.started("a")
    prompt = "Özdemir " * 200_000

    pool.start("b", options=Options(prompt=prompt))
    pool.start("c")

    await pool.started("a", "b", "c")
    large = next(order for order in child.orders if isinstance(order, Run) and order.job == "b")
    assert large.options.prompt == prompt
    assert child.contents == {"a": b"a", "b": b"b", "c": b"c"}
    child.say(*(Finished(job, 1.0) for job in "abc"))


# ---- no model, and ways back to one --------------------------------------------------------------------------------

TROUBLE = LoadFailed("There is no model. Install one.")


@contextlib.asynccontextmanager
async def pool_that_answers(monkeypatch: pytest.MonkeyPatch, *to_load: Report | None) -> AsyncIterator[Pool]:
    pool = Pool(monkeypatch, *to_load)
    yield pool
    await pool.close()


def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds after which the worker tries again, each time; they pass at once."""
    seen: list[float] = []
    loop = asyncio.get_running_loop()

    def call_later(delay: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        seen.append(delay)
        return loop.call_at(loop.time(), callback)

    monkeypatch.setattr(loop, "call_later", call_later)
    return seen


async def test_where_no_model_can_be_loaded_it_says_why_and_tries_again_later_and_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pool_that_answers(monkeypatch, *[TROUBLE] * 7) as pool:
        waited = waits(monkeypatch)

        with pytest.raises(NoModelLoaded, match=r"^There is no model\. Install one\.$"):
            await pool.worker.load()
        assert pool.worker.trouble == TROUBLE.reason
        await until(lambda: pool.worker.trouble is None)

        assert waited == [60, 120, 240, 480, 900, 900, 900]
        assert [child.is_gone for child in pool.children] == [True] * 7 + [False]


async def test_a_worker_that_dies_while_it_loads_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pool_that_answers(monkeypatch, None) as pool:
        waited = waits(monkeypatch)
        loading = asyncio.create_task(pool.worker.load())
        await until(lambda: pool.children and pool.children[0].orders)

        pool.children[0].die()

        with pytest.raises(WorkerLost) as lost:
            await loading
        assert lost.value.loading
        await until(lambda: pool.worker.loaded)
        assert waited == [60]


@pytest.mark.parametrize(
    ("soon_seconds", "expected"), [(60, [2, 4, 8]), (0, [])], ids=["soon after it was loaded", "after long"]
)
async def test_a_model_that_is_lost_comes_back_at_once_but_again_and_again_only_after_long(
    soon_seconds: float, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_RETRY_SECONDS", soon_seconds)
    async with pool_that_answers(monkeypatch) as pool:
        waited = waits(monkeypatch)
        await pool.worker.load()

        for deaths in range(1, 5):
            pool.children[-1].die()
            await until(lambda: len(pool.children) == deaths + 1 and pool.worker.loaded)  # noqa: B023

        assert waited == expected


async def test_a_worker_that_had_nothing_to_load_is_not_brought_back(pool: Pool) -> None:
    with Shelf(largest=1, capacity=1).new() as upload:
        looking = asyncio.create_task(pool.worker.inspect("upload", upload.descriptor))
        await until(lambda: pool.children and pool.children[0].orders)
        pool.children[0].die()
        with pytest.raises(WorkerLost):
            await looking

    await until(lambda: not pool.worker._background)
    assert len(pool.children) == 1
    assert pool.worker.trouble is None


async def test_a_hub_that_sent_something_else_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pool_that_answers(monkeypatch, LoadFailed("The checksum is wrong.", hub_failed=True)) as pool:
        pool.worker = Worker(replace(MODEL, ask_hub=True), unload_after=None)
        with pytest.raises(NoModelLoaded):
            await pool.worker.load()

        await pool.worker.load()

        orders = [order for child in pool.children for order in child.orders if isinstance(order, Load)]
        assert [order.ask_hub for order in orders] == [True, False]


async def test_a_look_that_takes_too_long_costs_the_worker(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_INSPECT_PATIENCE_SECONDS", 0.01)
    with Shelf(largest=1, capacity=1).new() as upload, pytest.raises(WorkerLost) as lost:
        await pool.worker.inspect("upload", upload.descriptor)

    assert lost.value.inspecting
    assert pool.children[0].kills == 1


async def test_a_worker_that_is_closed_starts_no_process_any_more(pool: Pool) -> None:
    await pool.worker.load()
    await pool.worker.close()

    with pytest.raises(WorkerLost) as lost:
        await pool.worker.load()
    assert lost.value.deliberate
    assert len(pool.children) == 1


async def test_whoever_is_cancelled_while_the_worker_dies_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both may happen in one turn of the loop; whoever took the one for the other would go on for ever."""
    async with pool_that_answers(monkeypatch, None) as pool:
        loading = asyncio.create_task(pool.worker.load())
        await until(lambda: pool.children and pool.children[0].orders)
        process = pool.worker._process
        assert process is not None
        process._loaded.add_done_callback(lambda _: loading.cancel())

        pool.children[0].die()

        with pytest.raises(asyncio.CancelledError):
            await loading


async def test_an_order_to_a_process_that_the_server_ends_is_lost_deliberately(pool: Pool) -> None:
    await pool.worker.load()
    process = pool.worker._process
    assert process is not None
    ending = asyncio.create_task(pool.worker.unload())
    await until(lambda: process.dying)

    with pytest.raises(WorkerLost) as lost:
        process.send(Cancel("a"))

    assert lost.value.deliberate
    await ending
