"""A task as a stream of events, in front of a worker that does what the test says."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.api.conftest import Serve, Server
from tests.tasks.fakes import FakeWorker, segment, until
from whisper_api.api.events import Follower
from whisper_api.api.streams import Events
from whisper_api.workers.process import WorkerLost
from whisper_api.workers.worker import WorkerRefused

HELLO, WORLD = segment(" Hello", 0, 2), segment(" world.", 2, 5)


@dataclass(frozen=True)
class Event:
    name: str
    data: Any
    id: str | None

    @classmethod
    def read(cls, sent: bytes) -> "Event":
        fields = dict(line.split(": ", 1) for line in sent.decode().strip().splitlines())
        return cls(fields["event"], json.loads(fields["data"]), fields.get("id"))


def follow(server: Server, task_id: str, last_event_id: str = "") -> Events:
    follower = Follower.after(last_event_id, server.desk.find(task_id), server.desk)
    assert follower is not None
    return follower.events()


async def uploaded(server: Server) -> str:
    task_id: str = (await server.upload()).json()["task_id"]
    return task_id


async def told(server: Server, task_id: str, last_event_id: str | None = None) -> list[Event]:
    """All events of a task that has ended, over HTTP."""
    headers = [] if last_event_id is None else [(b"Last-Event-ID", last_event_id.encode())]
    answer = await server.http.get("/api/v1/events", params={"task_id": task_id}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    return [Event.read(sent.encode()) for sent in answer.text.split("\n\n") if sent]


async def test_a_task_is_told_from_the_queue_to_its_text(server: Server) -> None:
    first = await uploaded(server)
    job = await server.worker.next_job()
    second = await uploaded(server)
    events = follow(server, second)

    queued = Event.read(await anext(events))
    assert (queued.name, queued.data["position_in_queue"]) == ("queued", 1)

    job.finish()
    job = await server.worker.next_job()
    started = Event.read(await anext(events))
    assert (started.name, started.data) == (
        "started",
        {"duration": 10, "used_model_size": "base", "used_device": "cpu"},
    )

    job.start()
    job.decode(HELLO, WORLD)
    heard = [Event.read(await anext(events)) for _ in range(3)]
    assert [event.name for event in heard] == ["segment", "segment", "progress"]
    assert [event.data["text"] for event in heard[:2]] == [" Hello", " world."]
    assert (heard[2].data["progress"], heard[2].data["source_language"]) == (0.5, "en")
    assert heard[2].data["language_probability"] == 0.9

    job.finish()
    rest = [Event.read(sent) async for sent in events]
    assert [event.name for event in rest] == ["progress", "finished"]
    assert (rest[1].data["transcript"], rest[1].data["status"]) == ("Hello world.", "finished")
    assert "segments" not in rest[1].data
    assert first != second


async def test_whoever_waits_hears_of_every_step_forward(server: Server) -> None:
    await uploaded(server)
    job = await server.worker.next_job()
    await uploaded(server)
    third = await uploaded(server)
    events = follow(server, third)
    assert Event.read(await anext(events)).data["position_in_queue"] == 2

    job.finish()

    assert Event.read(await anext(events)).data["position_in_queue"] == 1


async def test_a_late_listener_is_told_what_it_missed(serve: Serve) -> None:
    server = await serve(FakeWorker(HELLO, WORLD))
    task_id = await uploaded(server)
    await until(lambda: server.desk.find(task_id).has_ended)

    events = await told(server, task_id)

    assert [event.name for event in events] == ["started", "segment", "segment", "progress", "finished"]


async def test_a_listener_that_comes_back_is_told_only_the_rest(serve: Serve) -> None:
    server = await serve(FakeWorker(HELLO, WORLD), refresh_expiration_time_on_usage=False)
    task_id = await uploaded(server)
    await until(lambda: server.desk.find(task_id).has_ended)
    whole = await told(server, task_id)

    for number, event in enumerate(whole[:-1]):
        if event.id is not None:
            assert await told(server, task_id, event.id) == whole[number + 1 :]


async def test_a_listener_that_comes_back_after_the_end_is_sent_away(serve: Serve) -> None:
    server = await serve(FakeWorker(HELLO))
    task_id = await uploaded(server)
    await until(lambda: server.desk.find(task_id).has_ended)
    last = (await told(server, task_id))[-1].id
    assert last is not None

    answer = await server.http.get("/api/v1/events", params={"task_id": task_id}, headers={"Last-Event-ID": last})

    assert answer.status_code == 204  # a browser would come back for ever otherwise


async def test_an_id_that_is_none_of_ours_counts_as_none(serve: Serve) -> None:
    server = await serve(FakeWorker(HELLO), refresh_expiration_time_on_usage=False)
    task_id = await uploaded(server)
    await until(lambda: server.desk.find(task_id).has_ended)
    whole = await told(server, task_id)

    for strange in ("x", "1", "1.", ".1", "1.-1", "-1.0", "1.2.3", "9" * 5000, "1.٣", ".end", "foo.end", "7.end"):
        assert await told(server, task_id, strange) == whole


async def test_any_number_of_listeners_are_told_the_same(server: Server) -> None:
    task_id = await uploaded(server)
    job = await server.worker.next_job()
    listening = [asyncio.create_task(collected(follow(server, task_id))) for _ in range(5)]
    await asyncio.sleep(0)

    job.decode(HELLO)
    job.decode(WORLD)
    job.finish()

    first, *others = await asyncio.gather(*listening)
    assert b"Hello" in b"".join(first)
    for other in others:
        assert other == first


async def test_when_the_worker_was_lost_it_all_begins_anew(server: Server) -> None:
    task_id = await uploaded(server)
    events = follow(server, task_id)
    job = await server.worker.next_job()
    job.decode(HELLO)
    before = [Event.read(await anext(events)) for _ in range(3)]
    job.end_with(WorkerLost())
    await until(lambda: len(server.worker.jobs) == 2)

    again = await server.worker.next_job()
    again.decode(WORLD)
    again.finish()
    after = [Event.read(sent) async for sent in events]

    assert [event.name for event in before if event.id] == ["started", "segment"]
    assert [event.name for event in after if event.id] == ["started", "segment", "finished"]
    resumed = await told(server, task_id, before[1].id)
    assert [event.name for event in resumed if event.id] == ["started", "segment", "finished"]


async def test_a_failure_is_told_with_its_reason(server: Server) -> None:
    task_id = await uploaded(server)
    job = await server.worker.next_job()
    job.end_with(WorkerRefused("It is damaged."))
    await until(lambda: server.desk.find(task_id).has_ended)

    events = await told(server, task_id)

    assert (events[-1].name, events[-1].data) == ("failed", {"error": "It is damaged."})


async def test_a_task_that_is_deleted_ends_its_streams(server: Server) -> None:
    task_id = await uploaded(server)
    events = follow(server, task_id)
    await anext(events)

    await server.http.delete("/api/v1/task", params={"task_id": task_id})

    assert Event.read([sent async for sent in events][-1]).data == {"error": "The task was cancelled."}


async def test_an_unknown_task_has_no_events(server: Server) -> None:
    answer = await server.http.get("/api/v1/events", params={"task_id": "x"})

    assert answer.status_code == 400


async def test_the_end_is_told_once_even_to_a_listener_that_was_slow(server: Server) -> None:
    task_id = await uploaded(server)
    events = follow(server, task_id)
    job = await server.worker.next_job()
    job.decode(HELLO)
    told = [await anext(events)]
    job.finish()
    await until(lambda: server.desk.find(task_id).has_ended)

    told += [sent async for sent in events]

    assert [Event.read(sent).name for sent in told].count("finished") == 1


async def test_nothing_more_is_told_of_a_text_that_was_deleted(serve: Serve) -> None:
    server = await serve(FakeWorker(HELLO, WORLD))
    task_id = await uploaded(server)
    await until(lambda: server.desk.find(task_id).has_ended)
    events = follow(server, task_id)
    while Event.read(await anext(events)).name != "segment":
        pass

    await server.http.delete("/api/v1/task", params={"task_id": task_id})

    assert [sent async for sent in events] == []


async def collected(events: Events) -> list[bytes]:
    return [sent async for sent in events]
