"""The routes of /api/v1: what they take, what they answer, and with which status."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import RedirectResponse

import whisper_api
from tests.api.asgi import FORM, converse, form, part
from tests.api.conftest import Serve, Server, problem
from tests.tasks.fakes import MODEL, FakeWorker, segment, until
from whisper_api.api import native
from whisper_api.application import create_app
from whisper_api.speech.options import Options
from whisper_api.transcript import Word
from whisper_api.workers.messages import Loaded
from whisper_api.workers.worker import NoModelLoaded, WorkerRefused

TASK_FIELDS = {
    "task_id", "task_type", "status", "time_uploaded", "transcript", "source_language", "language_probability",
    "position_in_queue", "processing_duration", "time_processing_finished", "target_model_size", "used_model_size",
    "used_device", "progress", "duration", "eta_seconds", "segments", "error", "expires_at",
}  # fmt: skip
UNKNOWN_ID = "0" * 32
OF_A_TASK = [("GET", "status"), ("GET", "srt"), ("GET", "waveform"), ("DELETE", "task")]


# ---- uploads ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["transcribe", "translate"])
async def test_an_upload_answers_with_its_task_at_once(server: Server, path: str) -> None:
    server.worker.may_load.clear()

    answer = await server.upload(path=path, language="German")

    assert answer.status_code == 200
    task = answer.json()
    assert set(task) == TASK_FIELDS
    assert re.fullmatch("[0-9a-f]{32}", task["task_id"])
    assert abs(datetime.fromisoformat(task["time_uploaded"]) - datetime.now(UTC)).total_seconds() < 60
    del task["task_id"], task["time_uploaded"]
    assert task == {
        "task_type": path,
        "status": "pending",
        "transcript": None,
        "source_language": "de",
        "language_probability": None,
        "position_in_queue": 1,
        "processing_duration": None,
        "time_processing_finished": None,
        "target_model_size": None,
        "used_model_size": None,
        "used_device": None,
        "progress": 0,
        "duration": 10,
        "eta_seconds": None,
        "segments": [],
        "error": None,
        "expires_at": None,
    }


async def test_the_worker_gets_what_was_uploaded_and_asked_for(server: Server) -> None:
    content = bytes(range(256)) * 1000

    await server.upload(content, path="translate", language="fr")

    job = await server.worker.next_job()
    assert job.content == content
    assert job.options == Options("translate", "fr", max_seconds=36_000)


async def test_the_worker_follows_as_many_hypotheses_and_tells_those_languages_apart_that_are_set(serve: Serve) -> None:
    server = await serve(beam_size=5, languages="de en")

    await server.upload()

    assert (await server.worker.next_job()).options == Options(beam_size=5, languages=("de", "en"), max_seconds=36_000)


@pytest.mark.parametrize("language", ["", " "])
async def test_an_empty_language_means_that_it_is_detected(server: Server, language: str) -> None:
    await server.upload(language=language)

    assert (await server.worker.next_job()).options == Options("transcribe", None, max_seconds=36_000)


async def test_whoever_waits_gets_the_text_with_the_answer(serve: Serve) -> None:
    server = await serve(FakeWorker(segment(" Ask not", 0, 4), segment(" what.", 4, 10)))

    task = (await server.upload(wait=600)).json()

    assert (task["status"], task["transcript"], task["source_language"]) == ("finished", "Ask not what.", "en")
    assert task["segments"][0] == {
        "start": 0,
        "end": 4,
        "text": " Ask not",
        "avg_logprob": -0.25,
        "compression_ratio": 1.5,
        "no_speech_prob": 0.125,
        "words": [],
    }
    assert len(task["segments"]) == 2
    assert (task["target_model_size"], task["used_model_size"], task["used_device"]) == ("medium", "base", "cpu")
    assert (task["progress"], task["error"], task["position_in_queue"], task["eta_seconds"]) == (1, None, None, None)
    assert task["processing_duration"] >= 0
    finished = datetime.fromisoformat(task["time_processing_finished"])
    assert (datetime.fromisoformat(task["expires_at"]) - finished).total_seconds() == pytest.approx(3600, abs=60)


async def test_how_likely_a_detected_language_is_is_said_once_it_is_detected(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    job = await server.worker.next_job()
    before = await server.task(task_id)
    job.start("de")

    assert (before["source_language"], before["language_probability"]) == (None, None)
    assert (await server.task(task_id))["language_probability"] == 0.9


async def test_whoever_waits_too_short_gets_the_task_as_it_is(server: Server) -> None:
    task = (await server.upload(wait=0.01)).json()

    assert task["status"] in ("pending", "processing")
    assert task["transcript"] is None


async def test_what_was_decoded_so_far_is_seen_while_the_rest_is_decoded(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    job = await server.worker.next_job()
    job.start("de")
    job.decode(segment(" Eins", 0, 2), until=2.5)

    task = await server.task(task_id)

    assert (task["status"], task["transcript"], task["progress"]) == ("processing", None, 0.25)
    assert [each["text"] for each in task["segments"]] == [" Eins"]
    assert (task["source_language"], task["duration"], task["used_model_size"]) == ("de", 10, "base")
    assert task["position_in_queue"] is None


async def test_positions_in_the_queue_are_told(server: Server) -> None:
    ids = [(await server.upload()).json()["task_id"] for _ in range(3)]
    job = await server.worker.next_job()
    assert [(await server.task(each))["position_in_queue"] for each in ids] == [None, 1, 2]

    job.finish()
    await until(lambda: len(server.worker.jobs) == 2)
    assert [(await server.task(each))["position_in_queue"] for each in ids] == [None, None, 1]


async def test_tasks_that_are_processed_together_have_no_position_and_each_its_own_text(serve: Serve) -> None:
    server = await serve(FakeWorker(recordings_at_once=2))
    ids = [(await server.upload()).json()["task_id"] for _ in range(4)]
    one, two = await server.worker.jobs_in_hand(2)
    tasks = [await server.task(each) for each in ids]
    assert [task["status"] for task in tasks] == ["processing", "processing", "pending", "pending"]
    assert [task["position_in_queue"] for task in tasks] == [None, None, 1, 2]

    two.decode(segment(" Two."))
    one.decode(segment(" One."))
    two.finish()
    await server.worker.jobs_in_hand(2)
    tasks = [await server.task(each) for each in ids]

    assert [task["position_in_queue"] for task in tasks] == [None, None, None, 1]
    assert [task["transcript"] for task in tasks] == [None, "Two.", None, None]
    assert [[each["text"] for each in task["segments"]] for task in tasks] == [[" One."], [" Two."], [], []]


async def test_the_time_left_is_told_as_soon_as_the_pace_is_known(serve: Serve) -> None:
    server = await serve(FakeWorker(recordings_at_once=2))
    ids = [(await server.upload()).json()["task_id"] for _ in range(3)]
    (job, _) = await server.worker.jobs_in_hand(2)
    assert [(await server.task(each))["eta_seconds"] for each in ids] == [None, None, None]

    job.decode(until=5)

    assert [(await server.task(each))["eta_seconds"] >= 0 for each in ids] == [True, True, True]


async def test_the_length_of_a_recording_that_does_not_state_it_is_told_in_the_end(server: Server) -> None:
    server.worker.inspections.append(None)
    task_id = (await server.upload()).json()["task_id"]
    job = await server.worker.next_job()
    job.decode(segment(end=5))
    task = await server.task(task_id)
    assert (task["duration"], task["progress"]) == (None, 0)

    job.finish(duration=7.5)
    await server.desk.find(task_id).wait()

    task = await server.task(task_id)
    assert (task["duration"], task["progress"]) == (7.5, 1)


async def test_a_status_can_be_waited_for(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    job = await server.worker.next_job()
    asking = asyncio.create_task(server.http.get("/api/v1/status", params={"task_id": task_id, "wait": 600}))
    await until(lambda: any(waiter for waiter in server.desk.find(task_id)._ended._waiters))
    assert not asking.done()

    job.finish()

    assert (await asking).json()["status"] == "finished"


async def test_reading_how_a_task_ended_collects_it_and_nothing_else_does(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    task = server.desk.find(task_id)
    job = await server.worker.next_job()
    await server.task(task_id)
    assert not task.collected.is_set()
    job.finish()
    await task.wait()
    assert not task.collected.is_set()

    await server.task(task_id)

    assert task.collected.is_set()


async def test_a_task_that_failed_says_why(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    (await server.worker.next_job()).end_with(WorkerRefused("The model base cannot translate."))

    task = (await server.http.get("/api/v1/status", params={"task_id": task_id, "wait": 60})).json()

    assert (task["status"], task["transcript"], task["error"]) == ("failed", None, "The model base cannot translate.")
    assert task["expires_at"]


async def test_where_there_is_no_model_the_task_says_so(server: Server) -> None:
    server.worker.load_errors.append(NoModelLoaded("No model is here. Install one."))

    task = (await server.upload(wait=60)).json()

    assert (task["status"], task["error"]) == ("failed", "No model is here. Install one.")


async def test_a_recording_that_cannot_be_read_is_400_with_the_reason(server: Server) -> None:
    server.worker.inspections.append(WorkerRefused("File has no audio track."))

    answer = await server.upload()

    assert answer.status_code == 400
    assert problem(answer) == "File has no audio track."


@pytest.mark.parametrize("path", ["transcribe", "translate"])
async def test_a_language_that_whisper_lacks_is_422(server: Server, path: str) -> None:
    for language in ("klingon", "xx", "xx-DE", "<script>"):
        answer = await server.upload(path=path, language=language)

        assert answer.status_code == 422
        assert "'de' or 'en'" in problem(answer)
        assert language not in problem(answer)
    assert server.worker.inspected == []


@pytest.mark.parametrize("path", ["transcribe", "translate", "detect_language"])
async def test_a_misspelt_parameter_of_an_upload_is_422(server: Server, path: str) -> None:
    answer = await server.upload(path=path, langauge="de")

    assert answer.status_code == 422
    assert "'langauge'" in problem(answer)
    assert not server.worker.jobs


async def test_whoever_reads_may_add_parameters(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]

    answer = await server.http.get("/api/v1/status", params={"task_id": task_id, "_": "1764000000"})

    assert answer.status_code == 200


async def test_a_wait_that_makes_no_sense_is_422_and_not_repeated(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    for wait in ("-1", "601", "soon", "nan", "inf", "1e999", "99887766"):
        for answer in (
            await server.upload(wait=wait),
            await server.http.get("/api/v1/status", params={"task_id": task_id, "wait": wait}),
        ):
            assert answer.status_code == 422, wait
            assert problem(answer).startswith("The request is not understood: wait: ")
            assert "99887766" not in answer.text


async def test_an_unexpected_error_is_500_in_the_same_shape_and_frees_everything(server: Server) -> None:
    server.worker.inspections.append(ZeroDivisionError("secret"))

    async with server.client() as client:
        answer = await client.post("/api/v1/transcribe", files={"file": ("talk.wav", b"sound")})

    assert answer.status_code == 500
    assert server.desk._shelf.held == 0
    assert server.worker.users == 0
    assert "secret" not in answer.text
    assert problem(answer)
    assert answer.headers["cache-control"] == "no-store"


# ---- tasks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), OF_A_TASK)
async def test_an_id_that_is_unknown_is_400(server: Server, method: str, path: str) -> None:
    for task_id in (UNKNOWN_ID, "", "x", "../../etc/passwd", "3F2B", "0" * 10_000, "\u202e", "%"):
        answer = await server.http.request(method, f"/api/v1/{path}", params={"task_id": task_id})

        assert answer.status_code == 400
        assert problem(answer).startswith("There is no task of this id.")


@pytest.mark.parametrize(("method", "path"), OF_A_TASK)
async def test_a_missing_id_is_422(server: Server, method: str, path: str) -> None:
    answer = await server.http.request(method, f"/api/v1/{path}")

    assert answer.status_code == 422
    assert "task_id" in problem(answer)


async def test_a_finished_task_has_a_waveform(server: Server) -> None:
    query = {"task_id": (await server.upload()).json()["task_id"]}
    job = await server.worker.next_job()
    early = await server.http.get("/api/v1/waveform", params=query)
    job.finish(duration=2.5, peaks=(0.25, 1.0, 0.0))
    await server.http.get("/api/v1/status", params={**query, "wait": 60})

    answer = await server.http.get("/api/v1/waveform", params=query)

    assert (early.status_code, "not finished yet" in problem(early)) == (400, True)
    assert (answer.status_code, answer.json()) == (200, {"duration": 2.5, "peaks": [0.25, 1, 0]})


async def test_an_id_in_capitals_is_another_id(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()))
    task_id = ""
    while not re.search("[a-f]", task_id):
        task_id = (await server.upload()).json()["task_id"]

    assert (await server.http.get("/api/v1/status", params={"task_id": task_id.upper()})).status_code == 400


async def test_a_finished_task_can_be_deleted(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()))
    query = {"task_id": (await server.upload(wait=60)).json()["task_id"]}

    answer = await server.http.delete("/api/v1/task", params=query)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await server.http.get("/api/v1/status", params=query)).status_code == 400
    assert (await server.http.get("/api/v1/srt", params=query)).status_code == 400
    assert (await server.http.delete("/api/v1/task", params=query)).status_code == 400


async def test_a_task_in_hand_can_be_cancelled(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    job = await server.worker.next_job()

    answer = await server.http.delete("/api/v1/task", params={"task_id": task_id})

    assert answer.status_code == 204
    assert job.called_off
    assert server.desk._shelf.held == 0


async def test_whoever_waits_for_a_task_learns_that_it_was_cancelled(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    await server.worker.next_job()
    asking = asyncio.create_task(server.http.get("/api/v1/status", params={"task_id": task_id, "wait": 600}))
    await until(lambda: any(waiter for waiter in server.desk.find(task_id)._ended._waiters))

    await server.http.delete("/api/v1/task", params={"task_id": task_id})

    task = (await asking).json()
    assert (task["status"], task["error"]) == ("failed", "The task was cancelled.")


# ---- the server ------------------------------------------------------------------------------------------------

DECODER_FIELDS = {
    "gpu_mode", "max_model_to_use", "last_loaded_model_size", "is_model_loaded", "tasks_in_queue", "currently_busy",
    "received_at", "used_device", "note",
}  # fmt: skip


async def decoder(server: Server, path: str = "decoder_status") -> dict[str, Any]:
    answer = await server.http.get(f"/api/v1/{path}")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    assert set(body) == DECODER_FIELDS
    assert abs(datetime.fromisoformat(body.pop("received_at")) - datetime.now(UTC)).total_seconds() < 60
    return body


@pytest.mark.parametrize("path", ["decoder_status", "decoder_status_refresh"])
async def test_a_decoder_that_has_loaded_nothing_says_so(server: Server, path: str) -> None:
    assert await decoder(server, path) == {
        "gpu_mode": False,
        "max_model_to_use": None,
        "last_loaded_model_size": None,
        "is_model_loaded": False,
        "tasks_in_queue": 0,
        "currently_busy": False,
        "used_device": None,
        "note": None,
    }


async def test_a_busy_decoder_says_what_it_does(serve: Serve) -> None:
    server = await serve(max_model="medium")
    for _ in range(3):
        await server.upload()
    await server.worker.next_job()

    assert await decoder(server) == {
        "gpu_mode": False,
        "max_model_to_use": "medium",
        "last_loaded_model_size": "base",
        "is_model_loaded": True,
        "tasks_in_queue": 2,
        "currently_busy": True,
        "used_device": "cpu",
        "note": "medium is not here: using base.",
    }


@pytest.mark.parametrize(("allowed", "waiting"), [(None, 1), (2, 3)])
async def test_a_decoder_works_on_as_many_as_it_takes_and_the_operator_allows(
    serve: Serve, allowed: int | None, waiting: int
) -> None:
    server = await serve(FakeWorker(recordings_at_once=4), recordings_at_once=allowed)
    for _ in range(5):
        await server.upload()
    await server.worker.jobs_in_hand(5 - waiting)

    status = await decoder(server)

    assert (status["tasks_in_queue"], status["currently_busy"]) == (waiting, True)


async def test_a_decoder_on_a_gpu_remembers_a_model_that_was_unloaded(server: Server) -> None:
    server.worker.last_loaded = Loaded("large-v3", "large-v3", "cuda", "float16", None)

    status = await decoder(server)

    assert (status["gpu_mode"], status["used_device"], status["last_loaded_model_size"]) == (True, "cuda", "large-v3")
    assert not status["is_model_loaded"]


async def test_a_decoder_without_a_model_says_why(server: Server) -> None:
    server.worker.trouble = "No model is here."

    assert (await decoder(server))["note"] == "No model is here."


async def test_develop_mode_shows_in_the_status(serve: Serve) -> None:
    server = await serve(develop_mode=True, max_model="large")

    assert (await decoder(server))["max_model_to_use"] == "tiny"


async def test_the_version_is_the_packages(server: Server) -> None:
    assert (await server.http.get("/api/v1/version")).json() == {"version": whisper_api.__version__}


# ---- login -----------------------------------------------------------------------------------------------------


async def login(server: Server, query: str) -> str:
    answer = await server.http.get(f"/api/v1/login{query}")
    assert answer.status_code == 307
    return answer.headers["location"]


def host_for_a_browser(location: str) -> str:
    """Where a browser goes from http://localhost:3001/api/v1/login (https://url.spec.whatwg.org/#url-parsing)."""
    location = re.sub(r"[\t\n\r]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", location):
        return location
    return urlsplit(location).netloc if location.startswith("//") else "localhost:3001"


async def test_login_leads_to_the_start_page(server: Server) -> None:
    assert await login(server, "") == "/"


async def test_login_leads_to_a_path_of_this_site(server: Server) -> None:
    for path in ("/", "/docs", "/page?x=1&y=2#there", "/a//b", "/a%20b", "/a:b@c"):
        answer = await server.http.get("/api/v1/login", params={"redirect": path})

        assert answer.headers["location"] == path


async def test_login_that_would_leave_the_site_leads_to_the_start_page(server: Server) -> None:
    queries = [
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
        "https://evil.example", "https:evil.example", "HTTPS://evil.example", "javascript:alert(1)", "evil.example",
        "", "%20//evil.example", "%2F%2Fevil.example", "/%2Fevil.example", "/%5Cevil.example", "%5C%5Cevil.example",
        "/%09/evil.example", "/%0A/evil.example", "/%0D/evil.example", "%09//evil.example", "/%00/evil.example",
        "/x%0D%0ASet-Cookie:%20a=b", "/%C2%A0", "/%E2%80%AE", "http%3A%2F%2Fevil.example", "@evil.example",
        "/%0B/evil.example", "/%7F/evil.example",
    ]  # fmt: skip

    assert {query: await login(server, f"?redirect={query}") for query in queries} == dict.fromkeys(queries, "/")


async def test_what_is_encoded_twice_stays_on_this_site(server: Server) -> None:
    for query in ("/%2509/evil.example", "/%252F/evil.example", "/%255Cevil.example", "/.//evil.example"):
        assert host_for_a_browser(await login(server, f"?redirect={query}")) == "localhost:3001"


paths = st.lists(
    st.sampled_from(
        ["/", "\\", "//", "/\\", "\t", "\r\n", " ", ".", "..", "@", ":", "?", "#", "%2F", "evil.example", "https:"]
    )
    | st.characters(exclude_categories=["Cs"]),
    max_size=6,
).map("".join)


@given(paths)
def test_no_text_leads_off_the_site(text: str) -> None:
    location = RedirectResponse(native._own_path(text)).headers["location"]

    assert host_for_a_browser(location) == "localhost:3001"
    assert not re.search(r"[\x00-\x1f\x7f]", location)


# ---- whatever else is asked for --------------------------------------------------------------------------------


async def test_a_path_that_is_not_there_is_404_in_the_same_shape(server: Server) -> None:
    answer = await server.http.get("/api/v1/nothing")

    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


async def test_a_method_that_a_route_lacks_is_405(server: Server) -> None:
    answer = await server.http.get("/api/v1/transcribe")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_expired_results_are_unknown_even_without_checks(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()), run_result_expiry_check_m=0, delete_results_after_m=1)
    task_id = (await server.upload(wait=60)).json()["task_id"]
    task = server.desk.find(task_id)
    entry = server.desk._store._entries[task_id]
    entry.expires = task.uploaded_at

    assert (await server.http.get("/api/v1/status", params={"task_id": task_id})).status_code == 400
    assert len(server.desk._store) == 0


async def test_the_model_is_asked_for_at_start_if_so_set(serve: Serve) -> None:
    assert (await serve(load_model_on_startup=True)).worker.load_requested
    assert not (await serve(load_model_on_startup=False)).worker.load_requested


async def test_loading_on_the_first_request_needs_no_more_than_the_request(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()), load_model_on_startup=False)
    assert server.worker.loads == 0

    assert (await server.upload(wait=60)).json()["status"] == "finished"
    assert server.worker.loads == 1


async def test_a_server_that_shuts_down_takes_nothing_in(server: Server) -> None:
    await server.desk.close(0)

    answer = await server.upload()

    assert answer.status_code == 503
    assert "shutting down" in problem(answer)
    assert int(answer.headers["retry-after"]) > 0


async def test_the_worker_is_ended_with_the_server(server: Server) -> None:
    worker = FakeWorker()
    app = create_app(server.settings, worker=worker)
    async with app.router.lifespan_context(app):
        assert not worker.closed
    assert worker.closed


async def test_a_model_that_is_in_memory_is_told(server: Server) -> None:
    server.worker.loaded = server.worker.last_loaded = MODEL

    assert (await decoder(server))["is_model_loaded"]


# ---- wishes and languages ----------------------------------------------------------------------------------------


async def test_wishes_are_fields_of_the_form(server: Server) -> None:
    fields = {"language": "German", "prompt": "Ein Vortrag.", "timestamp_granularities[]": "word", "beam_size": "3"}

    answer = await server.http.post("/api/v1/transcribe", files={"file": b"sound"}, data=fields)

    assert answer.json()["source_language"] == "de"
    assert (await server.worker.next_job()).options == Options(
        "transcribe", "de", prompt="Ein Vortrag.", words=True, beam_size=3, max_seconds=36_000
    )


async def test_a_wish_that_makes_no_sense_is_422_and_nothing_is_kept(server: Server) -> None:
    answer = await server.http.post("/api/v1/transcribe", files={"file": b"sound"}, data={"langauge": "de"})

    assert answer.status_code == 422
    assert "'langauge'" in problem(answer)
    assert server.worker.inspected == []
    assert len(server.desk.queue) == 0


async def test_the_form_and_the_address_must_not_name_different_languages(server: Server) -> None:
    for language, status in (("de", 200), ("en", 422)):
        answer = await server.http.post(
            "/api/v1/transcribe", params={"language": "de"}, files={"file": b"sound"}, data={"language": language}
        )
        assert answer.status_code == status


async def test_words_come_with_their_segments(serve: Serve) -> None:
    said = replace(segment(" Hallo", 0, 1), words=(Word(" Hallo", 0.25, 0.75, 0.5),))
    server = await serve(FakeWorker(said))

    task = (await server.upload(wait=60)).json()

    assert task["segments"][0]["words"] == [{"word": " Hallo", "start": 0.25, "end": 0.75, "probability": 0.5}]


async def test_a_language_is_detected(server: Server) -> None:
    asking = asyncio.create_task(server.upload(path="detect_language"))

    job = await server.worker.next_job()
    job.detect({"de": 0.75, "nl": 0.25})

    assert job.options == Options("detect_language", max_seconds=36_000)
    assert (await asking).json() == {
        "language": "de",
        "probability": 0.75,
        "languages": [
            {"code": "de", "name": "German", "probability": 0.75},
            {"code": "nl", "name": "Dutch", "probability": 0.25},
        ],
    }
    assert list(server.desk._store) == []


async def test_where_nobody_speaks_no_language_is_detected(server: Server) -> None:
    asking = asyncio.create_task(server.upload(path="detect_language"))

    (await server.worker.next_job()).detect({})

    assert (await asking).json() == {"language": None, "probability": None, "languages": []}


async def test_a_language_that_cannot_be_detected_is_an_error(server: Server) -> None:
    asking = asyncio.create_task(server.upload(path="detect_language"))

    (await server.worker.next_job()).end_with(WorkerRefused("File has no audio track."))

    answer = await asking
    assert (answer.status_code, problem(answer)) == (400, "File has no audio track.")


async def test_whoever_asks_for_a_language_and_leaves_is_not_waited_for(server: Server) -> None:
    body = form(part("file", b"sound", "talk.wav"))

    await converse(server.app, "/api/v1/detect_language", method="POST", headers=FORM.items(), body=[body])

    assert not server.desk.busy
    assert list(server.desk._store) == []
