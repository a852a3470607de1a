"""Transcripts as text and as subtitles."""

import re
from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.tasks.fakes import segment
from whisper_api.formats.srt import srt
from whisper_api.transcript import Transcript, joined

CUE = re.compile(r"(\d+)\r\n(\d\d+):(\d\d):(\d\d),(\d\d\d) --> (\d\d+):(\d\d):(\d\d),(\d\d\d)\r\n(.*)\r\n")
seconds = st.floats(0, 400_000)
texts = st.text(max_size=40) | st.lists(st.sampled_from(["-->", "--", ">", "\n", "\r\n", "1", " x"])).map("".join)


def test_a_text_is_its_segments_one_after_another() -> None:
    segments = [segment(" And so,"), segment(" my fellow"), segment(" Americans.")]

    assert joined(segments) == "And so, my fellow Americans."


def test_no_space_is_put_between_segments_that_have_none() -> None:
    assert joined([segment("你好"), segment("世界")]) == "你好世界"


def test_a_transcript_of_silence_has_an_empty_text() -> None:
    assert Transcript("en", 0.5, 3.0, ()).text == ""


def test_segments_become_numbered_cues_with_blank_lines_between() -> None:
    cues = srt([segment(" And so,", 0, 1.5), segment(" ask not", 1.5, 3661.0015)])

    assert cues == (
        "1\r\n00:00:00,000 --> 00:00:01,500\r\nAnd so,\r\n"
        "\r\n"
        "2\r\n00:00:01,500 --> 01:01:01,002\r\nask not\r\n"
    )  # fmt: skip


def test_no_segments_are_an_empty_file() -> None:
    assert srt([]) == ""


def test_seconds_are_rounded_up_into_the_next_minute_and_hour() -> None:
    assert "00:01:00,000 --> 01:00:00,000" in srt([segment("x", 59.9996, 3599.9999)])


def test_a_negative_time_is_the_beginning() -> None:
    assert "00:00:00,000 --> 00:00:01,000" in srt([segment("x", -0.5, 1)])


def test_more_than_99_hours_are_written_out() -> None:
    assert "111:06:40,000" in srt([segment("x", 0, 400_000)])


def test_a_text_cannot_forge_a_cue() -> None:
    forged = "one\r\n\r\n2\r\n00:00:05,000 --> 00:00:06,000\r\ntwo"

    assert CUE.fullmatch(srt([segment(forged)]))


@given(st.lists(st.tuples(seconds, seconds, texts), max_size=8))
def test_whatever_was_said_each_segment_is_one_cue_in_order(said: list[tuple[float, float, str]]) -> None:
    file = srt([segment(text, start, end) for start, end, text in said])

    assert [int(cue[1]) for cue in _cues(file)] == list(range(1, len(said) + 1))
    assert all("-->" not in cue[10] for cue in _cues(file))


@given(st.lists(seconds, min_size=2, max_size=20))
def test_times_that_ascend_are_written_in_ascending_order(times: list[float]) -> None:
    times.sort()
    file = srt([segment("x", start, end) for start, end in pairwise(times)])

    written = [stamp for cue in _cues(file) for stamp in _milliseconds(cue)]

    assert written == sorted(written)
    assert all(abs(stamp / 1000 - time) < 0.001 for stamp, time in zip(written[::2], times, strict=False))


def _cues(file: str) -> list[re.Match[str]]:
    """Read a file as strictly as it can be read: cues with one blank line between them and nothing else."""
    cues: list[re.Match[str]] = []
    position = 0
    while position < len(file):
        if cues:
            assert file.startswith("\r\n", position)
            position += 2
        cue = CUE.match(file, position)
        assert cue
        cues.append(cue)
        position = cue.end()
    return cues


def _milliseconds(cue: re.Match[str]) -> Iterator[int]:
    for first in (2, 6):
        hours, minutes, seconds, milliseconds = (int(cue[first + part]) for part in range(4))
        yield ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
