"""Who may read the logs, and who the server takes people for."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.asgi import converse
from tests.api.conftest import Serve, Server
from whisper_api.api import admin
from whisper_api.api.identity import Doorkeeper

NIK = "nik@example.com"
LAN = "192.168.1.20"
LOCAL = "127.0.0.1"
FORWARDING = (
    "Forwarded", "Via", "X-Email", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
    "X-Forwarded-Server", "X-Forwarded-Email", "X-Auth-Request-Email", "X-Real-IP", "X-User",
)  # fmt: skip

# peer, host, headers, settings, may read the logs?
MATRIX: dict[str, tuple[str, str, dict[str, str], dict[str, Any], bool]] = {
    "somebody at this machine": (LOCAL, "localhost:3001", {}, {}, True),
    "by its address": (LOCAL, "127.0.0.1:3001", {}, {}, True),
    "without a port": (LOCAL, "localhost", {}, {}, True),
    "in capitals": (LOCAL, "LocalHost:3001", {}, {}, True),
    "by IPv6": ("::1", "[::1]:3001", {}, {}, True),
    "by IPv6 without a port": ("::1", "[::1]", {}, {}, True),
    "by IPv4 on a socket of IPv6": ("::ffff:127.0.0.1", "localhost:3001", {}, {}, True),
    "another address of this machine": ("127.0.0.53", "localhost", {}, {}, True),
    "localhost where that is switched off": (LOCAL, "localhost:3001", {}, {"logs_for_localhost": False}, False),
    "somebody in the network": (LAN, "server:3001", {}, {}, False),
    "somebody in the network who calls it localhost": (LAN, "localhost:3001", {}, {}, False),
    "a web page by DNS rebinding": (LOCAL, "evil.example:3001", {}, {}, False),
    "a name that begins with localhost": (LOCAL, "localhost.evil.example", {}, {}, False),
    "a name that ends with localhost": (LOCAL, "evil-localhost:3001", {}, {}, False),
    "a host that is a user": (LOCAL, "localhost:3001@evil.example", {}, {}, False),
    "no host at all": (LOCAL, "", {}, {}, False),
    "an authorised person by a trusted proxy": (LOCAL, "speech.example.com", {"X-Email": NIK}, {}, True),
    "by localhost switched off": (LOCAL, "a.example", {"X-Email": NIK}, {"logs_for_localhost": False}, True),
    "whatever the case": (LOCAL, "speech.example.com", {"X-Email": " Nik@Example.COM "}, {}, True),
    "with all headers of a proxy": (
        LOCAL, "a.example", {"X-Email": NIK, "X-Forwarded-For": "9.9.9.9", "X-User": "nik"}, {}, True,
    ),
    "by the second name of the setting": (LOCAL, "a.example", {"X-Email": "chris@example.com"}, {}, True),
    "another person": (LOCAL, "localhost:3001", {"X-Email": "eve@example.com"}, {}, False),
    "a person without a mail": (LOCAL, "localhost:3001", {"X-Email": ""}, {}, False),
    "a list with an authorised person in it": (LOCAL, "a.example", {"X-Email": f"eve@example.com, {NIK}"}, {}, False),
    "a forged mail from the network": (LAN, "localhost:3001", {"X-Email": NIK}, {}, False),
    "a proxy elsewhere that is trusted": (
        "10.0.0.7", "a.example", {"X-Email": NIK}, {"trusted_proxies": "10.0.0.0/8"}, True,
    ),
    "that proxy by IPv4 on IPv6": (
        "::ffff:10.0.0.7", "a.example", {"X-Email": NIK}, {"trusted_proxies": "10.0.0.0/8"}, True,
    ),
    "that proxy for another person": (
        "10.0.0.7", "a.example", {"X-Email": "eve@example.com"}, {"trusted_proxies": "10.0.0.0/8"}, False,
    ),
    "that proxy for nobody": ("10.0.0.7", "localhost", {}, {"trusted_proxies": "10.0.0.0/8"}, False),
    "localhost that is no trusted proxy": (
        LOCAL, "localhost:3001", {"X-Email": NIK}, {"trusted_proxies": "10.0.0.0/8"}, False,
    ),
    "nobody is trusted": (LOCAL, "a.example", {"X-Email": NIK}, {"trusted_proxies": ""}, False),
    "localhost where nobody is trusted": (LOCAL, "localhost:3001", {}, {"trusted_proxies": ""}, True),
    **{
        f"a proxy on this machine that sends {header}": (LOCAL, "localhost:3001", {header: "x"}, {}, False)
        for header in FORWARDING
    },
}  # fmt: skip


async def serve_logs(serve: Serve, **settings: Any) -> Server:
    return await serve(**{"authorized_mails": NIK, "log_authorized_mails": "chris@example.com"} | settings)


async def ask(server: Server, path: str, peer: str, host: str, headers: dict[str, str]) -> httpx.Response:
    async with server.client(peer) as client:
        return await client.get(path, headers={"Host": host, **headers})


async def test_logs_are_for_authorised_people_and_for_this_machine_itself(serve: Serve) -> None:
    servers: dict[str, Server] = {}
    answers = {}
    for case, (peer, host, headers, settings, allowed) in MATRIX.items():
        server = servers.get(str(settings)) or await serve_logs(serve, **settings)
        servers[str(settings)] = server
        for path in ("/logs", "/api/v1/logs"):
            answers[case, path] = answer = await ask(server, path, peer, host, headers)
            if not allowed:
                assert answer.json()["detail"].startswith("Only people in AUTHORIZED_MAILS may read the logs"), case

    assert {asked: answer.status_code for asked, answer in answers.items()} == {
        (case, path): 200 if allowed else 401 for (case, path) in answers for allowed in [MATRIX[case][-1]]
    }


async def test_a_proxy_that_adds_no_headers_and_speaks_http_1_0_is_not_this_machine(serve: Serve) -> None:
    server = await serve_logs(serve)
    headers = [("host", "127.0.0.1:3001")]

    assert (await converse(server.app, "/logs", headers=headers)).status == 200
    assert (await converse(server.app, "/logs", headers=headers, http_version="1.0")).status == 401


async def test_a_stranger_is_401_whether_there_are_logs_or_not(serve: Serve) -> None:
    server = await serve_logs(serve)
    with_logs = await ask(server, "/logs", LAN, "server", {})
    for path in server.settings.log_dir.iterdir():
        path.unlink()
    without = await ask(server, "/logs", LAN, "server", {})

    assert with_logs.status_code == without.status_code == 401
    assert with_logs.content == without.content
    assert with_logs.headers == without.headers


async def test_nobody_is_authorised_where_no_mails_are_set(serve: Serve) -> None:
    server = await serve()

    for headers in ({"X-Email": ""}, {"X-Email": NIK}, {"X-Email": " "}):
        assert (await ask(server, "/logs", LOCAL, "a.example", headers)).status_code == 401


async def test_a_peer_without_an_address_is_neither_local_nor_trusted(serve: Serve) -> None:
    """As over a Unix socket."""
    server = await serve_logs(serve)

    for headers in ([("host", "localhost")], [("host", "localhost"), ("x-email", NIK)]):
        assert (await converse(server.app, "/logs", headers=headers, client=None)).status == 401
        assert (await converse(server.app, "/logs", headers=headers, client=("testclient", 1))).status == 401


# ---- what they get -----------------------------------------------------------------------------------------------


def unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_the_zip_holds_all_log_files_of_this_program_and_no_others(serve: Serve) -> None:
    server = await serve_logs(serve, log_file="w.log")
    (server.settings.log_dir / "w.log.2030-01-01_10").write_text("old")
    (server.settings.log_dir / "secret.txt").write_text("secret")
    (server.settings.log_dir / "w.log").write_text("new")

    answer = await server.http.get("/logs")

    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="whisper_api-logs.zip"'
    assert unzip(answer.content) == {"w.log": b"new", "w.log.2030-01-01_10": b"old"}


async def test_without_logs_the_zip_is_empty(serve: Serve) -> None:
    server = await serve_logs(serve)
    for path in server.settings.log_dir.iterdir():
        path.unlink()

    assert unzip((await server.http.get("/logs")).content) == {}


async def test_the_zip_is_streamed_piece_by_piece(serve: Serve) -> None:
    server = await serve_logs(serve, log_file="w.log")
    noise = os.urandom(1_000_000)
    (server.settings.log_dir / "w.log").write_bytes(noise)

    conversation = await converse(server.app, "/logs", headers=[("host", "localhost")])

    assert max(map(len, conversation.body)) < 200_000
    assert unzip(b"".join(conversation.body))["w.log"] == noise


async def test_a_file_that_is_rotated_away_during_the_download_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "w.log").write_text("new")
    app = FastAPI()
    app.include_router(
        admin.router(
            Doorkeeper(()),
            mails=frozenset(),
            localhost=True,
            logs=lambda: [tmp_path / "w.log.2030-01-01_10", tmp_path / "w.log"],
        )
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get("/logs")

    assert unzip(answer.content) == {"w.log": b"new"}


# ---- userinfo ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "trusted", "believed"),
    [
        (LOCAL, "127.0.0.1", True),
        ("10.0.0.7", "10.0.0.0/8", True),
        (LOCAL, "10.0.0.0/8", False),
        (LAN, "127.0.0.1 10.0.0.0/8", False),
    ],
)
async def test_people_are_who_a_trusted_proxy_says(serve: Serve, peer: str, trusted: str, believed: bool) -> None:
    server = await serve(trusted_proxies=trusted)

    answer = await ask(
        server, "/api/v1/userinfo", peer, "a.example", {"X-Email": NIK, "X-User": "nik", "User-Agent": "browser"}
    )

    assert answer.json() == {
        "email": NIK if believed else None,
        "user": "nik" if believed else None,
        "user_agent": "browser",
    }


async def test_without_a_proxy_nobody_is_known(server: Server) -> None:
    conversation = await converse(server.app, "/api/v1/userinfo", headers=[("host", "localhost")])

    assert b"".join(conversation.body) == b'{"email":null,"user":null,"user_agent":null}'


async def test_of_two_mails_none_is_believed(serve: Serve) -> None:
    server = await serve_logs(serve)
    forged = [("host", "a.example"), ("x-email", NIK), ("x-email", "eve@example.com")]

    assert (await converse(server.app, "/logs", headers=forged)).status == 401
    assert (await converse(server.app, "/logs", headers=forged[:2])).status == 200
