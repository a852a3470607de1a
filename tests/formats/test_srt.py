"""SubRip, as other programs read it."""

import io
from datetime import timedelta

import pysubs2
import pytest
import srt as srt_library
import webvtt
from hypothesis import given

from tests.formats import ffmpeg
from tests.formats.talks import FORGED, HOSTILE, KENNEDY, LANGUAGES, anything, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.cues import cues
from whisper_api.formats.layout import Layout
from whisper_api.formats.srt import srt, write
from whisper_api.transcript import Segment


def test_cues_are_numbered_with_blank_lines_between() -> None:
    assert write(transcript(*(segment(*said) for said in KENNEDY))) == (
        "1\n00:00:00,000 --> 00:00:04,200\nAnd so, my fellow Americans,\n"
        "\n"
        "2\n00:00:05,400 --> 00:00:11,000\n"
        "ask not what your country can do for you,\nask what you can do for your country.\n"
    )  # fmt: skip


def test_no_segments_are_an_empty_file() -> None:
    assert srt([]) == ""


def test_seconds_are_rounded_up_into_the_next_minute_and_hour() -> None:
    assert "00:01:00,000 --> 00:01:02,000" in srt([segment("x", 59.9996, 61.9996)])
    assert "00:59:58,000 --> 01:00:00,000" in srt([segment("x", 3598, 3599.9999)])


def test_a_negative_time_is_the_beginning() -> None:
    assert "00:00:00,000 --> 00:00:01,000" in srt([segment("x", -0.5, 1)])


def test_more_than_99_hours_are_written_out() -> None:
    assert "111:06:40,000" in srt([segment("x", 399_998, 400_000)])


def test_the_word_that_is_spoken_is_underlined() -> None:
    file = write(transcript(with_words(" Ask not <b>", 0, 3)), Layout(highlight_words=True))

    assert [cue.content for cue in srt_library.parse(file)] == [
        "<u>Ask</u> not ‹b›", "Ask <u>not</u> ‹b›", "Ask not <u>‹b›</u>",
    ]  # fmt: skip


@pytest.mark.parametrize("text", [HOSTILE, FORGED])
def test_no_text_is_taken_for_markup(text: str) -> None:
    file = write(transcript(segment(text, 0, 6)), Layout(1000))
    lines = file.splitlines()

    assert len(lines) == 3
    assert [cue.content for cue in srt_library.parse(file)] == [lines[2]]
    assert [cue.text for cue in webvtt.from_buffer(io.StringIO(file), format="srt").captions] == [lines[2]]
    assert ffmpeg.shown(file, "srt") == [lines[2]]


def test_nothing_of_what_looks_like_markup_is_hidden() -> None:
    (event,) = pysubs2.SSAFile.from_string(write(transcript(segment(HOSTILE, 0, 6)), Layout(1000)), format_="srt")

    assert event.text == (
        '‹b›bold‹/b› ‹font color="red"› ｛＼an8｝top → & &amp; C:＼Nul 5 ‹ 6 › 4 ｛x｝ [00:05.00]x ‹00:06.00›'
        " *a* _b_ `c` $d$"
    )


@pytest.mark.parametrize("text", [*LANGUAGES, HOSTILE])
def test_others_read_what_was_written(text: str) -> None:
    segments = [segment(text, 0, 9), segment(text, 12, 21)]
    file = write(transcript(*segments))
    events = pysubs2.SSAFile.from_string(file, format_="srt")

    assert [(event.start / 1000, event.end / 1000) for event in events] == [
        (round(cue.start, 3), round(cue.end, 3)) for cue in cues(segments)
    ]
    assert [event.plaintext for event in events] == [cue.content for cue in srt_library.parse(file)]
    assert [event.plaintext for event in events] == [
        cue.text for cue in webvtt.from_buffer(io.StringIO(file), format="srt").captions
    ]


@given(anything())
def test_whatever_was_said_each_cue_is_read_as_one_in_order(segments: list[Segment]) -> None:
    shown = cues(segments)
    read = list(srt_library.parse(srt(segments)))

    assert [cue.index for cue in read] == list(range(1, len(shown) + 1))
    assert [cue.content.count("\n") + 1 for cue in read] == [len(cue.lines) for cue in shown]
    assert all(cue.start < cue.end for cue in read)
    assert all(
        abs(cue.start - timedelta(seconds=known.start)) <= timedelta(milliseconds=1)
        for cue, known in zip(read, shown, strict=True)
    )
