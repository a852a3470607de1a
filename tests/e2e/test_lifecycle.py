"""The model comes when it is needed, goes when it is not, and is found or replaced without anybody's help."""

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from whisper_api.speech.processor import threads_for

from .conftest import Start
from .recordings import hello
from .server import Server, eventually, has_ended

_IDLE_SECONDS = 4.0
_NOTE = re.compile(r"\[WARNING\].*using base, the best model on this machine, instead of medium\.")


def says_hello(server: Server) -> bool:
    return "hello" in server.transcribe(hello())["transcript"].lower()


@pytest.fixture(scope="module")
def forgetful(start_for_module: Start) -> Server:
    """A server that unloads its model as soon as nobody needs it, and loads it when somebody does."""
    return start_for_module(UNLOAD_MODEL_AFTER_S="0", LOAD_MODEL_ON_STARTUP="0")


def test_without_loading_at_start_a_server_is_ready_and_has_no_worker_until_the_first_request(start: Start) -> None:
    server = start(ready=False, LOAD_MODEL_ON_STARTUP="0")
    assert server.client.get("/readyz").status_code == 200
    assert server.worker() is None
    assert server.decoder_status()["is_model_loaded"] is False
    assert says_hello(server)
    assert server.worker() is not None
    assert server.decoder_status()["is_model_loaded"] is True


def test_the_model_is_unloaded_right_after_the_last_task_and_loaded_again_for_the_next(forgetful: Server) -> None:
    for _ in range(2):
        task_id = forgetful.submit_and_see_it_start(hello())
        worker = forgetful.running_worker()
        assert "hello" in forgetful.ended(task_id)["transcript"].lower()
        eventually(partial(has_ended, worker), within=10)
        assert forgetful.worker() is None
        assert forgetful.decoder_status()["is_model_loaded"] is False
    assert forgetful.client.get("/readyz").status_code == 200


def test_no_task_that_arrives_while_the_model_is_unloaded_is_lost(forgetful: Server) -> None:
    for _ in range(3):
        first = forgetful.submit_and_see_it_start(hello())
        forgetful.ended(first)  # the model is being unloaded from now on
        others = [forgetful.submit(hello()) for _ in range(2)]
        assert {forgetful.ended(task_id)["status"] for task_id in others} == {"finished"}


def test_a_model_that_waits_behind_another_task_is_not_unloaded_in_between(forgetful: Server) -> None:
    tasks = [forgetful.submit(hello()) for _ in range(3)]
    eventually(lambda: forgetful.task(tasks[0])["status"] != "pending")
    worker = forgetful.running_worker()
    eventually(lambda: forgetful.task(tasks[2])["status"] != "pending")
    assert forgetful.worker() == worker
    assert forgetful.ended(tasks[2])["status"] == "finished"


def test_the_worker_has_no_threads_that_get_into_the_way_of_its_lanes(start: Start) -> None:
    [_, worker] = start().processes()

    assert worker.environ()["OMP_NUM_THREADS"] == os.environ.get("OMP_NUM_THREADS", str(threads_for()))


def test_an_idle_server_does_next_to_nothing(forgetful: Server) -> None:
    assert says_hello(forgetful)
    eventually(lambda: forgetful.worker() is None)
    before, began = forgetful.cpu_seconds(), time.monotonic()
    time.sleep(_IDLE_SECONDS)  # the one thing that is measured here is how little happens meanwhile
    used, passed = forgetful.cpu_seconds() - before, time.monotonic() - began
    assert used / passed < 0.01


def test_answers_have_the_date_of_the_moment(forgetful: Server) -> None:
    def date() -> str:
        return str(forgetful.client.get("/healthz").headers["date"])

    first = date()

    assert eventually(lambda: date() != first, within=10)


def test_a_server_that_unloads_at_once_becomes_ready(start: Start) -> None:
    server = start(ready=False, UNLOAD_MODEL_AFTER_S="0")
    eventually(lambda: "was unloaded" in server.log)
    eventually(lambda: server.client.get("/readyz").status_code == 200, within=10)
    assert says_hello(server)


def test_a_model_is_unloaded_once_it_was_idle_for_as_long_as_set(start: Start) -> None:
    server = start(UNLOAD_MODEL_AFTER_S="1")
    worker = server.running_worker()
    eventually(partial(has_ended, worker), within=20)
    assert server.client.get("/readyz").status_code == 200
    assert says_hello(server)


def test_a_worker_that_dies_while_nobody_needs_it_comes_back(start: Start) -> None:
    server = start()
    worker = server.running_worker()
    worker.kill()
    eventually(lambda: server.worker() not in (None, worker) and server.decoder_status()["is_model_loaded"])
    assert says_hello(server)


def test_without_a_hub_the_embedded_model_is_used_and_said_to_be(start: Start) -> None:
    server = start(MAX_MODEL="", HF_HUB_OFFLINE="1", HF_HOME="hub")
    _speaks_with_the_embedded_model(server)


def test_a_hub_that_refuses_costs_nothing(start: Start) -> None:
    server = start(MAX_MODEL="", HF_ENDPOINT="http://127.0.0.1:9", HF_HOME="hub")
    _speaks_with_the_embedded_model(server)


def test_a_hub_that_never_answers_is_waited_for_once(start: Start) -> None:
    with _silent_hub() as (address, connections):
        server = start(MAX_MODEL="", HF_ENDPOINT=address, HF_HOME="hub")
        _speaks_with_the_embedded_model(server)
        assert connections
        asked = len(connections)
        server.running_worker().kill()
        eventually(lambda: server.log.count("is loaded on the cpu") == 2)
        assert len(connections) == asked


def _speaks_with_the_embedded_model(server: Server) -> None:
    status = server.decoder_status()
    assert status["last_loaded_model_size"] == "base"
    assert status["note"].endswith("using base, the best model on this machine, instead of medium.")
    assert len(_NOTE.findall(server.log)) == 1, server.log
    assert len(re.findall(r"\[(?:WARNING|ERROR)\]", server.log)) == 1, server.log
    assert "Traceback" not in server.console
    task = server.transcribe(hello())
    assert "hello" in task["transcript"].lower()
    assert (task["target_model_size"], task["used_model_size"]) == ("medium", "base")


@contextlib.contextmanager
def _silent_hub() -> Iterator[tuple[str, list[socket.socket]]]:
    """The address of a server that takes connections and says nothing, and the connections that it was given."""
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connections.append(listening.accept()[0])

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        host, port = listening.getsockname()
        yield f"http://{host}:{port}", connections
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in connections:
        connection.close()


def test_a_worker_that_dies_while_it_loads_is_said_to_be_and_comes_back_for_the_next_recording(start: Start) -> None:
    server = start(ready=False)
    server.running_worker().kill()
    eventually(lambda: "died while it loaded" in server.client.get("/readyz").text)

    assert server.transcribe(hello())["status"] == "finished"
    assert server.client.get("/readyz").status_code == 200


def test_recordings_that_arrive_as_the_worker_dies_are_all_taken(start: Start) -> None:
    server = start()
    for _ in range(5):
        server.running_worker().kill()

        assert server.transcribe(hello())["status"] == "finished"
