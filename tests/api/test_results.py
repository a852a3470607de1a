"""Finished tasks as files."""

import re
from dataclasses import replace
from typing import get_args
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Serve, Server, problem
from tests.tasks.fakes import FakeWorker, segment
from whisper_api.api import results
from whisper_api.formats.files import FORMATS
from whisper_api.transcript import Word
from whisper_api.workers.worker import WorkerRefused


async def result(server: Server, filename: str = "talk.mp3", **query: str | int) -> httpx.Response:
    task_id = (await server.upload(filename=filename, wait=60)).json()["task_id"]
    return await server.http.get("/api/v1/result", params={"task_id": task_id, **query})


def test_every_format_is_on_offer() -> None:
    assert set(get_args(results.FormatName)) == set(FORMATS)


@pytest.mark.parametrize("name", list(FORMATS))
async def test_a_text_is_a_file_of_any_format(serve: Serve, name: str) -> None:
    server = await serve(FakeWorker(segment(" Schöne Grüße", 0, 1.5)))

    answer = await result(server, format=name)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(FORMATS[name].media_type)
    assert saved_as(answer.headers["content-disposition"])[1] == f"talk{FORMATS[name].suffix}"
    assert "Schöne Grüße" in answer.content.decode("utf-8")


async def test_lines_are_as_wide_as_is_wished_for(serve: Serve) -> None:
    server = await serve(FakeWorker(segment(" One two three four five six seven eight.", 0, 8)))

    text = (await result(server, format="srt", max_line_width=14, max_line_count=1)).text

    lines = [line for line in text.splitlines() if line and "-->" not in line and not line.isdecimal()]
    assert " ".join(lines) == "One two three four five six seven eight."
    assert max(len(line) for line in lines) <= 14


async def test_the_word_that_is_said_is_highlighted(serve: Serve) -> None:
    said = replace(segment(" Ask not", 0, 2), words=(Word(" Ask", 0, 1, 0.9), Word(" not", 1, 2, 0.9)))
    server = await serve(FakeWorker(said))

    text = (await result(server, format="vtt", highlight_words="true")).text

    assert "<u>Ask</u> not" in text
    assert "Ask <u>not</u>" in text


async def test_words_can_only_be_highlighted_if_they_were_asked_for(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()))

    answer = await result(server, format="vtt", highlight_words="true")

    assert answer.status_code == 422
    assert "word" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"format": "md", "max_line_width": 40}, "txt, srt, vtt, ass, ttml, lrc"),
        ({"format": "lrc", "max_line_count": 1}, "srt, vtt, ass, ttml"),
        ({"format": "json", "highlight_words": "true"}, "srt, vtt, ass, ttml"),
    ],
)
async def test_a_wish_that_changes_nothing_in_a_format_is_422(serve: Serve, query: dict[str, str], named: str) -> None:
    answer = await result(await serve(FakeWorker(segment())), **query)

    assert answer.status_code == 422
    assert f"take one of {named}." in answer.json()["detail"]


async def test_a_misspelt_wish_is_422(serve: Serve) -> None:
    answer = await result(await serve(FakeWorker(segment())), fromat="srt")

    assert answer.status_code == 422
    assert "'fromat'" in answer.json()["detail"]
    assert "format" in answer.json()["detail"]


@pytest.mark.parametrize("query", [{"format": "docx"}, {"max_line_width": 0}, {"max_line_count": -1}])
async def test_a_wish_that_makes_no_sense_is_422(serve: Serve, query: dict[str, str]) -> None:
    server = await serve(FakeWorker(segment()))

    assert (await result(server, **query)).status_code == 422


async def subtitles(server: Server, filename: str) -> httpx.Response:
    task_id = (await server.upload(filename=filename, wait=60)).json()["task_id"]
    return await server.http.get("/api/v1/srt", params={"task_id": task_id})


def saved_as(header: str) -> tuple[str, str]:
    """The two names of a Content-Disposition: the plain one and the encoded one."""
    match = re.fullmatch(
        r"""attachment; filename="([^"\\\0-\x1f\x7f]*)"; filename\*=UTF-8''([\w.~%-]+)""", header, re.ASCII
    )
    assert match, header
    return match[1], unquote(match[2], errors="strict")


async def test_subtitles_are_a_file_named_after_the_upload(serve: Serve) -> None:
    server = await serve(FakeWorker(segment(" Ask not", 0, 1.5)))

    answer = await subtitles(server, "talk.mp3")

    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/x-subrip"
    assert answer.text == "1\n00:00:00,000 --> 00:00:01,500\nAsk not\n"
    assert saved_as(answer.headers["content-disposition"]) == ("talk.srt", "talk.srt")


STRANGE_NAMES = {
    "../../etc/passwd.wav": "passwd.srt",
    "C:\\Users\\me\\talk.wav": "talk.srt",
    'say "hi".wav': 'say "hi".srt',
    "back\\slash.wav": "slash.srt",
    "😀 party.wav": "😀 party.srt",
    "Straße (1).tar.gz": "Straße (1).tar.srt",
    "a\r\nSet-Cookie: x=1.wav": "aSet-Cookie: x=1.srt",
    "two\nlines.wav": "twolines.srt",
    "noextension": "noextension.srt",
    ".hidden": ".hidden.srt",
    "folder/": "transcript.srt",
    "evil\u202egpj.wav": "evilgpj.srt",
    "a;b=c,d.wav": "a;b=c,d.srt",
    "100%.wav": "100%.srt",
}


async def test_a_strange_file_name_makes_a_safe_download(serve: Serve) -> None:
    server = await serve(FakeWorker(segment()))
    names = {}
    for filename in STRANGE_NAMES:
        answer = await subtitles(server, filename)

        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        plain, names[filename] = saved_as(answer.headers["content-disposition"])
        assert plain.isascii()
        assert plain.endswith(".srt")

    assert names == STRANGE_NAMES


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_file_name_breaks_out_of_its_header(filename: str) -> None:
    plain, encoded = saved_as(results._download(filename, ".srt")["Content-Disposition"])

    for name in (plain, encoded):
        assert name.endswith(".srt")
        assert len(name) > len(".srt")
        assert "/" not in name
        assert "\\" not in name


async def test_a_task_that_is_not_finished_has_no_subtitles_yet(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    await server.worker.next_job()

    answer = await server.http.get("/api/v1/srt", params={"task_id": task_id})

    assert answer.status_code == 400
    assert "not finished yet" in problem(answer)


async def test_a_task_that_failed_has_a_reason_instead_of_subtitles(server: Server) -> None:
    task_id = (await server.upload()).json()["task_id"]
    (await server.worker.next_job()).end_with(WorkerRefused("It is damaged."))
    await server.desk.find(task_id).wait()

    answer = await server.http.get("/api/v1/srt", params={"task_id": task_id})

    assert (answer.status_code, problem(answer)) == (400, "It is damaged.")
