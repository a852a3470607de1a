"""What readers of a script are used to."""

import pytest

from tests.formats.talks import ARABIC, BURMESE, CHINESE, EMOJI, GERMAN, JAPANESE, KENNEDY, KOREAN, THAI
from tests.tasks.fakes import segment
from whisper_api.formats.columns import columns
from whisper_api.formats.cues import cues
from whisper_api.formats.customs import line_width, reading_seconds
from whisper_api.formats.layout import Layout


@pytest.mark.parametrize("text", [CHINESE, JAPANESE, KOREAN, JAPANESE + " Python and C."])
def test_lines_of_wide_characters_have_16(text: str) -> None:
    assert line_width(text) == 32


@pytest.mark.parametrize("text", [GERMAN, ARABIC, THAI, BURMESE, EMOJI, GERMAN + "你好", "", "..."])
def test_others_have_42_columns(text: str) -> None:
    assert line_width(text) == 42


def test_subtitles_keep_to_it_if_not_told_otherwise() -> None:
    said = [segment(CHINESE, 0, 12), segment(JAPANESE, 12, 25)]

    assert max(columns(line) for cue in cues(said) for line in cue.lines) <= 32
    assert max(columns(line) for cue in cues(said, Layout(42)) for line in cue.lines) > 32


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("a" * 34, 2),
        ("ä" * 34, 2),
        ("你好世界！", 4 / 5 + 2 / 17),
        ("안녕하세요", 10 / 17),
        ("音声Python", 2 / 5 + 6 / 17),
    ],
)
def test_characters_take_longer_to_read_than_letters(text: str, seconds: float) -> None:
    assert reading_seconds(text) == pytest.approx(seconds)


def test_a_subtitle_of_characters_stays_until_it_is_read() -> None:
    first, last = cues([segment("今日は音声認識です。", 0, 1), segment(KENNEDY[0][0], 9, 12)])

    assert first.end == pytest.approx(9 / 5 + 2 / 17)
    assert last.start == 9
