"""Layouts that make no sense are refused."""

import pytest

from whisper_api.formats.layout import Layout


def test_by_default_the_format_decides() -> None:
    assert Layout() == Layout(max_line_width=None, max_line_count=None, highlight_words=False)


@pytest.mark.parametrize("width", [0, -1, 1001])
def test_a_line_has_1_to_1000_columns(width: int) -> None:
    with pytest.raises(
        ValueError, match=f"A max_line_width of {width} makes no sense. Take 1 to 1000, or leave it out."
    ):
        Layout(max_line_width=width)


@pytest.mark.parametrize("count", [0, -1, 11])
def test_there_are_1_to_10_lines(count: int) -> None:
    with pytest.raises(ValueError, match=f"A max_line_count of {count} makes no sense. Take 1 to 10, or leave it out."):
        Layout(max_line_count=count)
