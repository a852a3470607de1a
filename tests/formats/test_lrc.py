"""Lyrics, as players read them."""

import re

from hypothesis import given

from tests.formats.talks import HOSTILE, KENNEDY, anything, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.cues import cues
from whisper_api.formats.layout import Layout
from whisper_api.formats.lrc import write
from whisper_api.transcript import Segment

LINE = re.compile(r"\[(\d\d+:\d\d\.\d\d)\](.*)")
TIME = re.compile(r"[\[<](\d+:[\d:.]+)[\]>]")


def test_lines_have_the_time_at_which_they_begin() -> None:
    assert write(transcript(*(segment(*said) for said in KENNEDY))) == (
        "[00:00.00]And so, my fellow Americans,\n"
        "[00:05.40]ask not what your country can do for you,\n"
        "[00:08.20]ask what you can do for your country.\n"
        "[00:11.00]\n"
    )  # fmt: skip


def test_in_a_long_pause_nothing_is_shown() -> None:
    assert write(transcript(segment(" One.", 0, 2), segment(" Two.", 10, 12))) == (
        "[00:00.00]One.\n[00:02.00]\n[00:10.00]Two.\n[00:12.00]\n"
    )


def test_minutes_go_on_after_99() -> None:
    assert write(transcript(segment(" Late.", 6000.5, 6002))) == "[100:00.50]Late.\n[100:02.00]\n"


def test_no_text_is_taken_for_a_time() -> None:
    assert "(00:05.00)x (00:06.00)" in write(transcript(segment(HOSTILE, 0, 9)), Layout(1000))


def test_layouts_may_only_change_the_width_of_lines() -> None:
    talk = transcript(with_words(" one two three four", 0, 4))

    assert (
        write(talk, Layout(9, 4, highlight_words=True))
        == "[00:00.00]one two\n[00:01.68]three\n[00:02.95]four\n[00:04.00]\n"
    )


@given(anything())
def test_whatever_was_said_each_line_is_read_once_and_in_order(segments: list[Segment]) -> None:
    lines = write(transcript(*segments)).splitlines()
    read = [LINE.fullmatch(line) for line in lines]

    assert [line[2] for line in read if line and line[2]] == [
        TIME.sub(r"(\1)", cue.lines[0]) for cue in cues(segments, Layout(max_line_count=1))
    ]
    assert all(line and not TIME.search(line[2]) for line in read)
