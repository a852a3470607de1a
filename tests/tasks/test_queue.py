"""The queue: fair, bounded, and with a place for everybody."""

import asyncio
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisper_api.speech.options import Options
from whisper_api.tasks.queue import Place, Queue, QueueFull
from whisper_api.tasks.recording import Shelf
from whisper_api.tasks.task import Task

SHELF = Shelf(largest=1000, capacity=1000)


def task() -> Task:
    recording = SHELF.new()
    recording.close()
    return Task("talk.wav", Options(), recording)


def put(queue: Queue) -> Task:
    new = task()
    with queue.reserve() as place:
        place.fill(new)
    return new


async def test_the_first_to_come_is_the_first_to_go() -> None:
    queue = Queue(3)
    tasks = [put(queue) for _ in range(3)]

    served = []
    for _ in tasks:
        served.append(await queue.head())
        queue.remove(served[-1])

    assert served == tasks


async def test_the_head_stays_in_the_queue_until_it_is_removed() -> None:
    queue = Queue(3)
    first = put(queue)

    assert await queue.head() is await queue.head() is first
    assert queue.position(first) == 1


async def test_whoever_asks_for_the_head_of_an_empty_queue_waits_for_one() -> None:
    queue = Queue(3)
    waiting = asyncio.create_task(queue.head())
    await asyncio.sleep(0)
    assert not waiting.done()

    first = put(queue)

    assert await waiting is first


async def test_a_queue_that_was_emptied_waits_again() -> None:
    queue = Queue(3)
    queue.remove(put(queue))
    waiting = asyncio.create_task(queue.head())
    await asyncio.sleep(0)
    assert not waiting.done()

    second = put(queue)

    assert await waiting is second


def test_positions_count_from_1_and_move_up_whoever_leaves() -> None:
    queue = Queue(4)
    first, second, third, fourth = (put(queue) for _ in range(4))
    assert [queue.position(each) for each in (first, second, third, fourth)] == [1, 2, 3, 4]

    queue.remove(second)
    assert [queue.position(each) for each in (first, second, third, fourth)] == [1, None, 2, 3]

    queue.remove(first)
    assert [queue.position(each) for each in (first, second, third, fourth)] == [None, None, 1, 2]


def test_a_task_that_never_waited_has_no_position() -> None:
    queue = Queue(1)

    assert queue.position(task()) is None


def test_removing_a_task_that_does_not_wait_changes_nothing() -> None:
    queue = Queue(2)
    first = put(queue)

    queue.remove(task())

    assert list(queue) == [first]


def test_no_more_tasks_wait_than_may_wait() -> None:
    queue = Queue(2)
    put(queue)
    put(queue)

    with pytest.raises(QueueFull), queue.reserve():
        pass

    assert len(queue) == 2


def test_a_place_that_is_held_counts_as_taken() -> None:
    queue = Queue(1)

    with queue.reserve():
        assert len(queue) == 0
        with pytest.raises(QueueFull), queue.reserve():
            pass


def test_a_place_that_nobody_took_is_free_again() -> None:
    queue = Queue(1)
    with queue.reserve():
        pass

    assert put(queue) in queue


def test_a_place_is_free_again_when_the_upload_fails() -> None:
    queue = Queue(1)
    with pytest.raises(RuntimeError), queue.reserve():
        raise RuntimeError

    assert put(queue) in queue


def test_an_upload_queues_up_when_it_is_complete_and_not_when_it_began() -> None:
    queue = Queue(2)
    slow, fast = task(), task()

    with queue.reserve() as early:
        with queue.reserve() as late:
            late.fill(fast)
        early.fill(slow)

    assert list(queue) == [fast, slow]


def test_clearing_hands_out_all_tasks_and_leaves_none() -> None:
    queue = Queue(3)
    tasks = [put(queue), put(queue)]

    assert queue.clear() == tasks
    assert len(queue) == 0


@given(st.lists(st.sampled_from(["reserve", "give up", "fill", "remove"]), max_size=40), st.integers(1, 4))
def test_whatever_happens_the_limit_holds_and_no_place_is_lost(steps: list[str], limit: int) -> None:
    queue = Queue(limit)
    held: list[tuple[ExitStack, Place]] = []
    for step in steps:
        full = len(queue) + len(held) == limit
        match step:
            case "reserve":
                stack = ExitStack()
                try:
                    place = stack.enter_context(queue.reserve())
                except QueueFull:
                    assert full
                else:
                    assert not full
                    held.append((stack, place))
            case "give up" if held:
                held.pop()[0].close()
            case "fill" if held:
                stack, place = held.pop()
                place.fill(task())
                stack.close()
            case "remove" if len(queue):
                queue.remove(next(iter(queue)))
        assert [queue.position(each) for each in queue] == list(range(1, len(queue) + 1))


async def test_whoever_waits_hears_that_somebody_before_them_has_left() -> None:
    queue = Queue(3)
    first, second = put(queue), put(queue)
    change = second.next_change

    queue.remove(first)

    assert change.is_set()
