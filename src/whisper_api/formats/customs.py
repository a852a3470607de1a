"""What readers of a script are used to."""

import regex

from whisper_api.formats.columns import columns

# As in Netflix's Timed Text Style Guides: 42 letters a line, or 16 that are wide, in Chinese, Japanese and Korean.
_LINE_WIDTH = 42
_WIDE_LINE_WIDTH = 32
# A Chinese character says more than a letter: 17 letters are read in a second, or 5 of these.
_COLUMNS_PER_SECOND = 17.0
_CHARACTERS_PER_SECOND = 5.0

_WIDE = regex.compile(r"[\p{ea=W}\p{ea=F}--\p{Emoji}]", regex.VERSION1)
_CHARACTER = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー]")


def line_width(text: str) -> int:
    """The columns of a line where most of ``text`` is wide, or where it is not."""
    return _WIDE_LINE_WIDTH if 2 * len(_WIDE.findall(text)) > sum(map(str.isalnum, text)) else _LINE_WIDTH


def reading_seconds(text: str) -> float:
    """How long it takes to read ``text``."""
    if text.isascii():
        return len(text) / _COLUMNS_PER_SECOND
    characters = _CHARACTER.findall(text)
    others = columns(text) - columns("".join(characters))
    return others / _COLUMNS_PER_SECOND + len(characters) / _CHARACTERS_PER_SECOND
