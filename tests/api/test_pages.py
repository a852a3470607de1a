"""Pages that work with the network cut, answers that do not leak, and logs that keep quiet."""

import importlib.resources
import json
import re
from pathlib import Path

import pytest

from tests.api.asgi import converse
from tests.api.conftest import Serve, Server
from tests.tasks.fakes import MODEL, FakeWorker, segment

WEB = Path(str(importlib.resources.files("whisper_api"))) / "web"
TEXT_ASSETS = sorted(path.name for path in WEB.iterdir() if path.suffix in {".html", ".css", ".js", ".svg"})
ANOTHER_ORIGIN = re.compile(r"""(?:https?|wss?|ftp):|["'(=\s]//[\w[]|@import""", re.IGNORECASE)
NAMESPACE = "http://www.w3.org/2000/svg"


def test_the_search_for_other_origins_finds_them() -> None:
    for text in ('src="https://cdn.example/x.js"', "fetch('//cdn.example')", "url(//cdn.example)", "@import 'x'"):
        assert ANOTHER_ORIGIN.search(text)
    for text in ("// a comment", "a // b", "/assets/page.js", "x = 1; // y"):
        assert not ANOTHER_ORIGIN.search(text)


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_refers_to_this_site_alone(server: Server, path: str) -> None:
    answer = await server.http.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert not ANOTHER_ORIGIN.search(answer.text)
    references = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
    assert references
    for reference in references:
        assert re.match(r"/(?!/)", reference)
        assert (await server.http.get(reference)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_allows_the_browser_nothing_but_this_site(server: Server, path: str) -> None:
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in (await server.http.get(path)).headers["content-security-policy"].split(";")
    )

    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "script-src" not in policy
    assert "connect-src" not in policy
    for value in policy.values():
        allowed = {word for word in value.split() if not re.fullmatch(r"'nonce-[\w-]{20,}'", word)}
        assert allowed <= {"'self'", "'none'", "'unsafe-inline'", "data:", "blob:"}


async def test_what_lets_the_waveform_have_styles_is_never_the_same(server: Server) -> None:
    first, second = (await server.http.get("/"), await server.http.get("/"))

    (nonce,) = re.findall(r"style-src 'self' 'nonce-([\w-]+)'", first.headers["content-security-policy"])
    assert f'nonce="{nonce}"' in first.text
    assert nonce not in second.text


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_has_no_script_of_its_own_that_the_policy_would_stop(server: Server, path: str) -> None:
    page = (await server.http.get(path)).text

    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)


async def test_assets_refer_to_this_site_alone(server: Server) -> None:
    for name in TEXT_ASSETS:
        answer = await server.http.get(f"/assets/{name}")

        assert answer.status_code == 200
        assert not ANOTHER_ORIGIN.search(answer.text.replace(NAMESPACE, "")), name
        for module in re.findall(r'\bfrom "([^"]+)"', answer.text):
            assert module.startswith("./")
            assert (WEB / module).is_file()


async def test_every_asset_is_served_with_its_type(server: Server) -> None:
    types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}

    for name in TEXT_ASSETS:
        answer = await server.http.get(f"/assets/{name}")
        assert answer.headers["content-type"].partition(";")[0] == types[Path(name).suffix]
    assert (await server.http.get("/assets/sample.ogg")).content == (WEB / "sample.ogg").read_bytes()


async def test_nothing_but_assets_is_served(server: Server) -> None:
    for name in ("../settings.py", "%2e%2e/settings.py", "..%2fsettings.py", "", "x", "swagger/../../x"):
        assert (await converse(server.app, f"/assets/{name}")).status == 404
        assert (await server.http.get(f"/assets/{name}")).status_code == 404


async def test_swagger_ui_describes_this_server(server: Server) -> None:
    assert 'url: "/openapi.json"' in (WEB / "docs.js").read_text()
    assert "validatorUrl: null" in (WEB / "docs.js").read_text()

    description = (await server.http.get("/openapi.json")).json()

    assert description["info"]["title"] == "whisper_api"
    assert not ANOTHER_ORIGIN.search(json.dumps(description))


async def test_the_description_has_every_route_of_the_design(server: Server) -> None:
    paths = (await server.http.get("/openapi.json")).json()["paths"]

    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} >= {
        "POST /api/v1/transcribe",
        "POST /api/v1/translate",
        "GET /api/v1/status",
        "GET /api/v1/srt",
        "DELETE /api/v1/task",
        "GET /api/v1/decoder_status",
        "GET /api/v1/decoder_status_refresh",
        "GET /api/v1/version",
        "GET /api/v1/userinfo",
        "GET /api/v1/login",
        "GET /api/v1/logs",
        "GET /logs",
        "GET /healthz",
        "GET /readyz",
    }
    for methods in paths.values():
        for operation in methods.values():
            assert operation["description"]


async def test_the_description_asks_for_a_file(server: Server) -> None:
    paths = (await server.http.get("/openapi.json")).json()["paths"]

    for path in ("/api/v1/transcribe", "/api/v1/translate"):
        body = paths[path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert body["required"] == ["file"]
        assert {parameter["name"] for parameter in paths[path]["post"]["parameters"]} == {"language", "wait"}


# ---- manners -----------------------------------------------------------------------------------------------------


async def test_every_answer_has_good_manners(server: Server) -> None:
    for path in (
        "/", "/docs", "/assets/page.js", "/openapi.json", "/healthz", "/readyz", "/logs", "/api/v1/version",
        "/api/v1/status?task_id=x", "/api/v1/status", "/api/v1/nothing", "/nothing", "/api/v1/login",
    ):  # fmt: skip
        headers = (await server.http.get(path)).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers
        assert headers.get("cache-control") == ("no-store" if path.startswith(("/api", "/logs")) else "no-cache"), path


async def test_other_sites_may_not_read_answers(server: Server) -> None:
    evil = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}

    for method, path in (("GET", "/api/v1/version"), ("OPTIONS", "/api/v1/task")):
        answer = await server.http.request(method, path, headers=evil)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def use_everything(server: Server) -> str:
    """A day's work on one task, whose id is returned."""
    task_id: str = (await server.upload(filename="our divorce.wav", wait=60)).json()["task_id"]
    query = {"task_id": task_id}
    await server.http.get("/api/v1/status", params=query)
    await server.http.get("/api/v1/srt", params=query)
    await server.http.get(f"/api/v1/status/{task_id}")
    await server.http.get("/api/v1/status", params=query | {"wait": "x"})
    await server.http.delete("/api/v1/task", params=query)
    await server.http.get("/api/v1/status", params=query)
    return task_id


async def test_logs_have_no_text_no_file_name_and_no_whole_id(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    server = await serve(FakeWorker(segment(" Confidential.")), log_level_file="DEBUG", log_level_console="DEBUG")

    task_id = await use_everything(server)

    for log in (server.log(), capsys.readouterr().err):
        assert task_id not in log
        assert f"Task {task_id[:4]}…{task_id[-4:]} is queued at place 1." in log
        assert "divorce" not in log
        assert "Confidential" not in log


async def test_without_privacy_mode_logs_have_whole_ids_but_never_a_text(serve: Serve) -> None:
    server = await serve(FakeWorker(segment(" Confidential.")), log_level_file="DEBUG", log_privacy_mode=False)

    task_id = await use_everything(server)

    assert f"Task {task_id} is queued" in server.log()
    assert "Confidential" not in server.log()


async def test_logs_name_the_route_and_not_the_address(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()), log_level_file="DEBUG", log_privacy_mode=False)

    task_id = await use_everything(server)

    requests = [line.partition("] ")[2] for line in server.log().splitlines() if " ms" in line]
    assert [re.sub(r"\d+ ms", "0 ms", line.rpartition("] ")[2] or line) for line in requests] == [
        "POST /api/v1/transcribe: 200 in 0 ms",
        "GET /api/v1/status: 200 in 0 ms",
        "GET /api/v1/srt: 200 in 0 ms",
        "GET (no route): 404 in 0 ms",
        "GET /api/v1/status: 422 in 0 ms",
        "DELETE /api/v1/task: 204 in 0 ms",
        "GET /api/v1/status: 400 in 0 ms",
    ]
    assert not [line for line in requests if task_id in line]


async def test_reading_is_only_worth_a_line_to_whoever_debugs(serve: Serve) -> None:
    server = await serve()
    await server.http.get("/api/v1/version")
    assert "/api/v1/version" not in server.log()

    await server.upload()
    assert "POST /api/v1/transcribe: 200" in server.log()


# ---- health ------------------------------------------------------------------------------------------------------


async def health(server: Server, path: str = "/readyz") -> tuple[int, str]:
    answer = await server.http.get(path)
    body = answer.json()
    assert set(body) == {"status"}
    return answer.status_code, body["status"]


async def test_a_server_that_answers_is_alive_whatever_else_it_is(serve: Serve) -> None:
    server = await serve(load_model_on_startup=True)
    server.worker.trouble = "No model is here."
    await server.desk.close(0)

    assert await health(server, "/healthz") == (200, "alive")


async def test_a_server_is_ready_once_its_model_was_loaded(serve: Serve) -> None:
    server = await serve(load_model_on_startup=True)
    assert await health(server) == (503, "loading the model")

    server.worker.loaded = server.worker.last_loaded = MODEL
    assert await health(server) == (200, "ready")

    server.worker.loaded = None
    assert await health(server) == (200, "ready")


async def test_a_server_that_loads_at_the_first_request_is_ready_at_once(serve: Serve) -> None:
    assert await health(await serve(load_model_on_startup=False)) == (200, "ready")


async def test_a_server_without_a_model_says_why_it_is_not_ready(serve: Serve) -> None:
    server = await serve(load_model_on_startup=True)
    server.worker.trouble = "No model is here."

    assert await health(server) == (503, "No model is here.")


async def test_a_server_that_shuts_down_is_not_ready(server: Server) -> None:
    await server.desk.close(0)

    assert await health(server) == (503, "shutting down")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/api/v1/status", 405)])
async def test_what_is_not_there_is_a_sentence_too(server: Server, method: str, path: str, status: int) -> None:
    answer = await server.http.request(method, path)

    assert answer.status_code == status
    assert "/docs shows" in answer.json()["detail"]


async def test_a_monitor_may_ask_for_the_head_of_the_page(server: Server) -> None:
    assert (await server.http.head("/")).status_code == 200
