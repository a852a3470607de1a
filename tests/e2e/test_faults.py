"""What goes wrong costs nobody else anything: workers die, servers stop, people change their minds, queues fill."""

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from .conftest import Start
from .recordings import hello, talk
from .server import Json, Server, eventually, form, has_ended, memory_files, upload_head

MINUTES = 60
LOST_TWICE = (
    "The process that transcribes died twice over this recording, so it was given up. It may be damaged, or too large "
    "for the server's memory."
)
SHUTTING_DOWN = "The server was shut down before this recording was done. Send it again later."
QUEUE_FULL = "The queue is full. Send the recording again a little later."
PLACES = 4


@pytest.fixture(scope="module")
def shared_server(start_for_module: Start) -> Server:
    return start_for_module(MAX_TASK_QUEUE_SIZE=str(PLACES), RECORDINGS_AT_ONCE="1")


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """A server whose queue has few places, and which works on one recording at a time.

    No test may leave a task or a memory file.
    """
    yield shared_server
    eventually(lambda: not _busy(shared_server))
    eventually(lambda: shared_server.memory_files() == 0)


def _busy(server: Server) -> bool:
    status = server.decoder_status()
    return bool(status["currently_busy"] or status["tasks_in_queue"])


def _decode_a_little(server: Server, task_id: str) -> None:
    eventually(lambda: server.task(task_id)["progress"] > 0)


# ---- the worker dies ---------------------------------------------------------------------------------------


def test_a_task_whose_worker_is_killed_runs_once_more_and_finishes(server: Server) -> None:
    task_id = server.submit(talk(1 * MINUTES))
    _decode_a_little(server, task_id)
    worker = server.running_worker()
    worker.kill()
    assert server.client.get("/healthz").status_code == 200
    eventually(lambda: server.worker() not in (None, worker))
    task = server.ended(task_id)
    assert task["status"] == "finished"
    assert task["transcript"].lower().count("lazy dog") >= 2
    assert task["duration"] == pytest.approx(1 * MINUTES, abs=1)


def test_a_task_whose_worker_is_killed_twice_fails_with_a_reason_and_the_next_one_finishes(server: Server) -> None:
    unlucky = server.submit_and_see_it_start(talk(6 * MINUTES))
    following = server.submit(hello())
    first = server.running_worker()
    _decode_a_little(server, unlucky)
    first.kill()
    eventually(lambda: server.worker() not in (None, first))
    eventually(lambda: server.task(unlucky)["progress"] == 0)
    _decode_a_little(server, unlucky)
    server.running_worker().kill()
    task = server.ended(unlucky)
    assert (task["status"], task["error"], task["transcript"], task["segments"]) == ("failed", LOST_TWICE, None, [])
    assert "hello" in server.ended(following)["transcript"].lower()


def test_a_worker_that_is_stopped_in_the_middle_of_an_upload_costs_the_upload_nothing(server: Server) -> None:
    body = form(hello(), boundary="x")
    with server.connect() as connection:
        connection.sendall(upload_head(len(body), boundary="x") + body[:1000])
        eventually(lambda: server.memory_files() == 1)
        server.running_worker().kill()
        connection.sendall(body[1000:])
        answer = _read_answer(connection)
    assert answer.startswith(b"HTTP/1.1 200")


# ---- people change their minds -----------------------------------------------------------------------------


@pytest.mark.parametrize("decoding", [False, True], ids=["at its start", "while it is decoded"])
def test_a_cancelled_task_stops_within_two_seconds_and_frees_its_memory(server: Server, decoding: bool) -> None:
    task_id = server.submit_and_see_it_start(talk(6 * MINUTES))
    if decoding:
        _decode_a_little(server, task_id)
    worker = server.running_worker()
    assert server.memory_files() > 0
    began = time.monotonic()
    server.cancel(task_id)
    eventually(lambda: has_ended(worker) or _rests(worker), within=2 - (time.monotonic() - began))
    eventually(lambda: server.memory_files() == 0, within=2)
    answer = server.client.get("/api/v1/status", params={"task_id": task_id})
    assert answer.status_code == 400
    assert server.decoder_status()["currently_busy"] is False
    assert "hello" in server.transcribe(hello())["transcript"].lower()


def test_a_finished_task_can_be_forgotten_at_once(server: Server) -> None:
    task_id = server.transcribe(hello())["task_id"]
    server.cancel(task_id)
    for method, path in (("GET", "status"), ("GET", "srt"), ("DELETE", "task")):
        answer = server.client.request(method, f"/api/v1/{path}", params={"task_id": task_id})
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("There is no task of this id.")


def test_cancelling_a_task_that_waits_moves_the_others_up(server: Server) -> None:
    blocking = server.submit_and_see_it_start(talk(6 * MINUTES))
    first, second, third = (server.submit(hello()) for _ in range(3))
    held = memory_files(server.process)
    server.cancel(second)
    assert [server.task(task_id)["position_in_queue"] for task_id in (first, third)] == [1, 2]
    assert memory_files(server.process) == held - 1
    server.cancel(first)
    assert server.task(third)["position_in_queue"] == 1
    server.cancel(blocking)
    assert server.ended(third)["status"] == "finished"


def test_somebody_who_waits_for_a_task_that_is_cancelled_is_told(server: Server) -> None:
    for _ in range(10):
        task_id = server.submit_and_see_it_start(talk(6 * MINUTES))
        with ThreadPoolExecutor() as threads:
            asked = {"task_id": task_id, "wait": "100"}
            waiting = threads.submit(server.client.get, "/api/v1/status", params=asked)
            server.cancel(task_id)
            answer = waiting.result()
        if answer.status_code == 200:
            break  # else the question came after the task was gone, and so says nothing
    told = answer.json()
    assert (told["status"], told["error"]) == ("failed", "The task was cancelled.")


def _rests(worker: psutil.Process) -> bool:
    """Whether a process computes nothing, as far as a tenth of a second shows."""
    before = worker.cpu_times()
    time.sleep(0.1)
    after = worker.cpu_times()
    return after.user + after.system - before.user - before.system <= 0.01


# ---- the queue ---------------------------------------------------------------------------------------------


def test_tasks_finish_in_the_order_they_came_and_know_their_place_at_every_moment(server: Server) -> None:
    tasks = [server.submit_and_see_it_start(talk(1 * MINUTES)), *(server.submit(hello()) for _ in range(PLACES))]
    seen: set[tuple[int | None, ...]] = set()
    while True:
        before, after = (tuple(_state(server, task_id) for task_id in tasks) for _ in range(2))
        if before != after:
            continue  # something moved in between: only what was read twice is a moment
        statuses = [status for status, _ in after]
        positions = tuple(position for _, position in after)
        seen.add(positions)
        pending = statuses.count("pending")
        ended = statuses.count("finished")
        assert statuses == sorted(statuses, key=["finished", "processing", "pending"].index)
        assert statuses.count("processing") <= 1
        assert positions == (None,) * (len(tasks) - pending) + tuple(range(1, pending + 1))
        if ended == len(tasks):
            break
    assert (None, 1, 2, 3, 4) in seen
    finished = [server.task(task_id)["time_processing_finished"] for task_id in tasks]
    assert finished == sorted(finished)


def _state(server: Server, task_id: str) -> tuple[str, int | None]:
    task = server.task(task_id)
    return task["status"], task["position_in_queue"]


@pytest.fixture
def full(server: Server) -> Iterator[Server]:
    """The server, with a task in every place of its queue."""
    tasks = [server.submit_and_see_it_start(talk(6 * MINUTES)), *(server.submit(hello()) for _ in range(PLACES))]
    yield server
    for task_id in reversed(tasks):
        server.cancel(task_id)


def test_a_full_queue_refuses_a_large_upload_and_the_client_reads_why(full: Server) -> None:
    held = memory_files(full.process)
    answer = full.post(bytes(100_000_000))
    assert (answer.status_code, answer.json()) == (503, {"detail": QUEUE_FULL})
    assert int(answer.headers["retry-after"]) >= 1
    assert memory_files(full.process) == held


def test_a_full_queue_refuses_an_upload_before_it_is_read(full: Server) -> None:
    with full.connect() as connection:
        connection.sendall(upload_head(1_000_000_000, boundary="x") + bytes(1000))
        answer = _read_answer(connection)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"\r\nretry-after: " in answer.lower()
    assert QUEUE_FULL.encode() in answer


def test_a_full_queue_refuses_an_upload_that_never_stops_and_the_client_reads_why(full: Server) -> None:
    with full.connect() as connection:
        connection.sendall(upload_head(1_000_000_000, boundary="x"))
        connection.setblocking(False)
        answer = b""
        deadline = time.monotonic() + 60
        while QUEUE_FULL.encode() not in answer:
            assert time.monotonic() < deadline, answer
            for step in (lambda: connection.send(bytes(65_536)), lambda: connection.recv(65_536)):
                try:
                    done = step()
                except BlockingIOError:
                    continue
                if isinstance(done, bytes):
                    answer += done
    assert answer.startswith(b"HTTP/1.1 503")


def test_a_full_queue_tells_a_client_that_asks_first_not_to_send_its_body(full: Server) -> None:
    with full.connect() as connection:
        connection.sendall(upload_head(1_000_000_000, boundary="x", more="Expect: 100-continue\r\n"))
        answer = _read_answer(connection)
    assert answer.startswith(b"HTTP/1.1 503")


def _read_answer(connection: socket.socket) -> bytes:
    """A whole answer with a short body in JSON."""
    answer = b""
    while not answer.rstrip().endswith(b"}"):
        data = connection.recv(65_536)
        assert data, f"the connection was closed after {answer!r}"
        answer += data
    return answer


# ---- the server stops --------------------------------------------------------------------------------------


def test_a_server_that_is_told_to_stop_ends_its_task_and_lets_it_be_read(start: Start) -> None:
    server = start(SHUTDOWN_GRACE_S="120", RECORDINGS_AT_ONCE="1")
    running = server.submit_and_see_it_start(talk(1 * MINUTES))
    waiting = server.submit(hello())
    with ThreadPoolExecutor() as threads:
        told = threads.submit(server.ended, waiting)
        eventually(lambda: server.task(waiting)["position_in_queue"] == 1)
        worker = server.running_worker()
        server.terminate()
        assert told.result()["error"] == SHUTTING_DOWN
    assert server.client.get("/readyz").status_code == 503
    refused = server.post(hello())
    assert refused.status_code == 503
    assert refused.json()["detail"] == "The server is shutting down. Send the recording again in a minute."
    assert int(refused.headers["retry-after"]) >= 1
    task = server.ended(running)
    assert task["status"] == "finished"
    assert task["transcript"].lower().count("lazy dog") >= 2
    assert server.wait(within=20) == 0
    assert has_ended(worker)
    assert "Traceback" not in server.console


def test_a_task_that_takes_longer_than_the_grace_is_given_up(start: Start) -> None:
    server = start(SHUTDOWN_GRACE_S="1")
    task_id = server.submit_and_see_it_start(talk(6 * MINUTES))
    worker = server.running_worker()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(server.task, task_id, wait=100)
        _decode_a_little(server, task_id)
        server.terminate()
        told: Json = waiting.result()
    assert (told["status"], told["error"]) == ("failed", SHUTTING_DOWN)
    assert server.wait(within=15) == 0
    assert has_ended(worker)
    assert "Traceback" not in server.console


def test_an_idle_server_stops_promptly(start: Start) -> None:
    server = start()
    worker = server.running_worker()
    server.terminate()
    assert server.wait(within=10) == 0
    assert has_ended(worker)


def test_a_server_stops_while_it_loads_its_model(start: Start) -> None:
    server = start(ready=False, MAX_MODEL="starter")
    worker = server.running_worker()
    server.terminate()
    assert server.wait(within=15) == 0
    assert has_ended(worker)
    assert "Traceback" not in server.console


def test_an_upload_that_is_still_being_sent_does_not_keep_a_server_from_stopping(start: Start) -> None:
    server = start(SHUTDOWN_GRACE_S="1")
    with server.connect() as connection:
        connection.sendall(upload_head(10_000, boundary="x") + form(hello(), boundary="x")[:1000])
        eventually(lambda: server.memory_files() == 1)
        server.terminate()
        assert server.wait(within=20) == 0
    assert "Traceback" not in server.console


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_a_server_at_once(start: Start, number: signal.Signals) -> None:
    server = start(SHUTDOWN_GRACE_S="100")
    server.submit_and_see_it_start(talk(6 * MINUTES))
    worker = server.running_worker()
    server.process.send_signal(number)
    eventually(lambda: server.client.get("/readyz").status_code == 503)
    server.process.send_signal(number)
    server.wait(within=15)
    eventually(lambda: has_ended(worker), within=10)
    assert "Traceback" not in server.console


def test_two_signals_together_stop_a_server_as_well(start: Start) -> None:
    """As from a program that passes on what its whole group got."""
    server = start()
    server.process.send_signal(signal.SIGSTOP)
    server.process.send_signal(signal.SIGINT)
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGCONT)
    assert server.wait(within=15) == 0
    assert "Traceback" not in server.console


def test_a_worker_outlives_no_server(start: Start) -> None:
    server = start()
    server.submit_and_see_it_start(talk(6 * MINUTES))
    worker = server.running_worker()
    eventually(lambda: memory_files(worker) == 1)
    server.process.kill()
    eventually(lambda: has_ended(worker), within=20)
