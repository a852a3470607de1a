"""The store: it keeps what somebody may still ask for, and forgets the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from whisper_api.speech.options import Options
from whisper_api.tasks.recording import Shelf
from whisper_api.tasks.store import Store, UnknownTask
from whisper_api.tasks.task import Fault, Task

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Clock:
    """Stands still until it is set forward."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, time: timedelta) -> None:
        self.now += time

    def finish(self, task: Task) -> None:
        task.finish()
        task.finished_at = self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def uploaded(store: Store, clock: Clock) -> Task:
    task = Task("talk.wav", Options(), Shelf(largest=1, capacity=1).new(), uploaded_at=clock.now)
    task.recording.close()
    store.add(task)
    return task


def knows(store: Store, task: Task) -> bool:
    try:
        return store.use(task.id) is task
    except UnknownTask:
        return False


def test_an_id_that_was_never_given_is_unknown() -> None:
    with pytest.raises(UnknownTask):
        Store(lifetime=HOUR, refresh=True).use("0" * 32)


def test_a_task_that_waits_never_expires(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=False, clock=clock)
    task = uploaded(store, clock)

    clock.forward(1000 * HOUR)

    assert store.sweep() == 0
    assert knows(store, task)
    assert store.expires_at(task) is None


def test_a_result_expires_its_lifetime_after_it_was_finished_and_not_after_its_upload(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=False, clock=clock)
    task = uploaded(store, clock)
    clock.forward(5 * HOUR)
    clock.finish(task)

    assert store.expires_at(task) == clock.now + HOUR
    clock.forward(HOUR - MINUTE)
    assert knows(store, task)
    clock.forward(MINUTE)
    assert not knows(store, task)


def test_a_failed_task_expires_as_well(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=False, clock=clock)
    task = uploaded(store, clock)
    task.fail("It was damaged.", Fault.RECORDING)
    task.finished_at = clock.now

    clock.forward(HOUR)

    assert store.sweep() == 1


def test_reading_a_result_starts_its_time_anew(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=True, clock=clock)
    task = uploaded(store, clock)
    clock.finish(task)
    for _ in range(5):
        clock.forward(HOUR - MINUTE)
        assert knows(store, task)
        assert store.expires_at(task) == clock.now + HOUR

    clock.forward(HOUR)
    assert not knows(store, task)


def test_reading_does_not_prolong_a_life_unless_it_is_set(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=False, clock=clock)
    task = uploaded(store, clock)
    clock.finish(task)
    clock.forward(HOUR - MINUTE)
    assert knows(store, task)

    clock.forward(MINUTE)
    assert not knows(store, task)


def test_asking_when_a_result_expires_and_a_use_that_does_not_count_prolong_nothing(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=True, clock=clock)
    task = uploaded(store, clock)
    clock.finish(task)
    end = clock.now + HOUR

    clock.forward(HOUR - MINUTE)

    assert store.use(task.id, prolongs=False) is task
    assert store.expires_at(task) == end


def test_use_of_a_task_that_waits_does_not_count_against_its_result(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=True, clock=clock)
    task = uploaded(store, clock)
    assert knows(store, task)
    clock.forward(2 * HOUR)
    clock.finish(task)

    assert store.expires_at(task) == clock.now + HOUR


def test_an_expired_result_is_gone_at_access_without_a_sweep(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=True, clock=clock)
    task = uploaded(store, clock)
    clock.finish(task)
    clock.forward(HOUR)
    assert len(store) == 1

    assert not knows(store, task)

    assert len(store) == 0
    assert store.expires_at(task) is None


def test_a_sweep_forgets_what_has_expired_and_nothing_else(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=True, clock=clock)
    old, young, waiting = (uploaded(store, clock) for _ in range(3))
    clock.finish(old)
    clock.forward(HOUR - MINUTE)
    clock.finish(young)
    clock.forward(MINUTE)

    assert store.sweep() == 1

    assert list(store) == [young, waiting]
    assert store.sweep() == 0


def test_a_forgotten_task_is_unknown(clock: Clock) -> None:
    store = Store(lifetime=HOUR, refresh=True, clock=clock)
    task, other = uploaded(store, clock), uploaded(store, clock)

    store.forget(task)
    store.forget(task)

    assert not knows(store, task)
    assert knows(store, other)
