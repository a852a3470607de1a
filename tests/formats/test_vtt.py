"""WebVTT, as other programs read it."""

from html import unescape

import pytest
import webvtt
from hypothesis import given

from tests.formats import ffmpeg
from tests.formats.talks import ANY, KENNEDY, anything, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.cues import cues
from whisper_api.formats.layout import Layout
from whisper_api.formats.vtt import write
from whisper_api.transcript import Segment


def test_cues_follow_the_name_of_the_format() -> None:
    assert write(transcript(*(segment(*said) for said in KENNEDY))) == (
        "WEBVTT\n"
        "\n"
        "00:00:00.000 --> 00:00:04.200\nAnd so, my fellow Americans,\n"
        "\n"
        "00:00:05.400 --> 00:00:11.000\n"
        "ask not what your country can do for you,\nask what you can do for your country.\n"
    )  # fmt: skip


def test_no_segments_are_a_file_without_cues() -> None:
    assert webvtt.from_string(write(transcript())).captions == []


def test_the_word_that_is_spoken_is_underlined() -> None:
    file = write(transcript(with_words(" Ask & not", 0, 3)), Layout(highlight_words=True))

    assert [cue.raw_text for cue in webvtt.from_string(file).captions] == [
        "<u>Ask</u> &amp; not", "Ask <u>&amp;</u> not", "Ask &amp; <u>not</u>",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ANY)
def test_others_read_what_was_said(text: str) -> None:
    lines = [list(cue.lines) for cue in cues([segment(text, 0, 9)])]
    file = write(transcript(segment(text, 0, 9)))

    assert [unescape(cue.text).split("\n") for cue in webvtt.from_string(file).captions] == lines
    assert [unescape(cue).split("\n") for cue in ffmpeg.raw(file, "webvtt")] == lines


@given(anything())
def test_whatever_was_said_each_cue_is_read_as_one_in_order(segments: list[Segment]) -> None:
    shown = cues(segments)
    read = webvtt.from_string(write(transcript(*segments))).captions

    assert [unescape(cue.text).split("\n") for cue in read] == [list(cue.lines) for cue in shown]
    assert all(cue.start_in_seconds <= cue.end_in_seconds and cue.start < cue.end for cue in read)
