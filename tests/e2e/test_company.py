"""Many recordings are worked on together, and nobody suffers from the others."""

from collections.abc import Iterator

import pytest

from .conftest import Start
from .recordings import hello, talk
from .server import Server, eventually, memory_files

MINUTES = 60


@pytest.fixture(scope="module")
def shared_server(start_for_module: Start) -> Server:
    return start_for_module()


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """A server that works on as many recordings as suit the machine. No test may leave a task or a memory file."""
    yield shared_server
    eventually(lambda: not shared_server.decoder_status()["currently_busy"])
    eventually(lambda: memory_files(shared_server.process) == 0)


def test_a_short_clip_overtakes_a_long_file(server: Server) -> None:
    long = server.submit_and_see_it_start(talk(30 * MINUTES))
    eventually(lambda: server.task(long)["progress"] > 0)

    clip = server.transcribe(hello())

    assert "hello" in clip["transcript"].lower()
    assert server.task(long)["status"] == "processing"
    server.cancel(long)


def test_a_recording_says_the_same_in_company_as_alone(server: Server) -> None:
    alone = server.transcribe(talk(1 * MINUTES))["transcript"]

    company = [server.submit(recording) for recording in (talk(1 * MINUTES), hello(), talk(1 * MINUTES), hello())]
    together = [server.ended(task_id)["transcript"] for task_id in company]

    assert together[0] == together[2] == alone
    assert together[1] == together[3]


def test_all_start_before_the_first_has_ended(server: Server) -> None:
    tasks = [server.submit(talk(2 * MINUTES)) for _ in range(4)]

    eventually(lambda: {server.task(task_id)["status"] for task_id in tasks} == {"processing"})

    assert {server.ended(task_id)["status"] for task_id in tasks} == {"finished"}


def test_cancelling_one_leaves_the_others_and_the_worker_alone(server: Server) -> None:
    worker = server.running_worker()
    tasks = [server.submit_and_see_it_start(talk(2 * MINUTES)) for _ in range(3)]
    eventually(lambda: server.task(tasks[1])["progress"] > 0)

    server.cancel(tasks[1])

    assert [server.ended(tasks[index])["status"] for index in (0, 2)] == ["finished", "finished"]
    assert server.worker() == worker


def test_all_are_tried_again_when_their_worker_dies(server: Server) -> None:
    tasks = [server.submit_and_see_it_start(recording) for recording in (talk(1 * MINUTES), talk(2 * MINUTES))]
    eventually(lambda: all(server.task(task_id)["progress"] > 0 for task_id in tasks))

    server.running_worker().kill()

    assert [server.ended(task_id)["status"] for task_id in tasks] == ["finished", "finished"]
    assert all(server.task(task_id)["transcript"].lower().count("lazy dog") >= 2 for task_id in tasks)
