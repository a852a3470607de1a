"""Plain text."""

from tests.formats.talks import JAPANESE, KENNEDY, transcript
from tests.tasks.fakes import segment
from whisper_api.formats.layout import Layout
from whisper_api.formats.txt import write


def test_each_segment_is_a_line() -> None:
    assert write(transcript(*(segment(*said) for said in KENNEDY))) == (
        "And so, my fellow Americans,\n"
        "ask not what your country can do for you,\n"
        "ask what you can do for your country.\n"
    )  # fmt: skip


def test_a_width_wraps_the_lines() -> None:
    assert (
        write(transcript(segment(KENNEDY[1][0])), Layout(max_line_width=25))
        == "ask not what your\ncountry can do for you,\n"
    )
    assert (
        write(transcript(segment(JAPANESE)), Layout(max_line_width=32)).splitlines()[0]
        == "今日は音声認識の仕組みについて"
    )


def test_line_ends_in_a_segment_do_not_make_lines() -> None:
    assert write(transcript(segment(" one\r\n\r\ntwo "), segment(" "))) == "one two\n"


def test_nothing_said_is_an_empty_file() -> None:
    assert write(transcript()) == ""
