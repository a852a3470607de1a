"""Which way text is read."""

import pytest

from tests.formats.talks import ARABIC, HEBREW, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.direction import is_from_right, marked
from whisper_api.formats.files import FORMATS
from whisper_api.formats.layout import Layout

NAME_FIRST = " Google تعلن عن هاتف جديد اليوم."


@pytest.mark.parametrize(
    ("text", "language", "from_right"),
    [
        (HEBREW, "he", True),
        (ARABIC, "en", True),
        (NAME_FIRST, "ar", True),
        (NAME_FIRST, "en", False),
        ("2024 كانت سنة جيدة.", "ar", True),
        ("2024.", "ar", False),
        (" See you tomorrow.", "ar", False),
        (" Ask not", "en", False),
    ],
)
def test_the_language_says_where_lines_begin_unless_they_are_all_in_another(
    text: str, language: str, from_right: bool
) -> None:
    assert is_from_right([text], language) is from_right


def test_only_lines_that_begin_with_a_foreign_letter_are_marked() -> None:
    lines = ["Google Chrome", "تعلن عن", "5 iPhones جديد"]

    assert marked(lines, lines, "ar") == ["\u200fGoogle Chrome", "تعلن عن", "\u200f5 iPhones جديد"]
    assert marked(lines, lines, "en") == lines
    assert marked(lines[:1], lines[:1], "ar") == lines[:1]


@pytest.mark.parametrize("name", ["srt", "vtt", "ass"])
def test_players_that_guess_are_told(name: str) -> None:
    write = FORMATS[name].write

    assert "\u200fGoogle" in write(transcript(segment(NAME_FIRST, 0, 3), language="ar"))
    assert write(transcript(segment(HEBREW, 0, 9), language="he")).count("\u200f") == 1  # before (Whisper)


@pytest.mark.parametrize(("name", "word"), [("srt", "<u>Google</u>"), ("ass", r"{\u1}Google{\u0}")])
def test_the_mark_stands_before_what_is_highlighted(name: str, word: str) -> None:
    said = transcript(with_words(NAME_FIRST, 0, 3), language="ar")

    assert f"\u200f{word} " in FORMATS[name].write(said, Layout(highlight_words=True))
