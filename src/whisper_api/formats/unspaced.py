"""Writing without spaces between words: Chinese, Japanese, Thai and others."""

from collections.abc import Iterator
from functools import cache

import budoux
import regex

# A class of characters for patterns in the module's version 1. Hangul is as wide as these, but Korean has spaces.
UNSPACED = r"[[\p{ea=W}\p{ea=F}\p{lb=SA}\p{lb=RI}]--\p{Hangul}]"

_ENDS_UNSPACED = regex.compile(UNSPACED + "$", regex.VERSION1)
_BEGINS_UNSPACED = regex.compile(UNSPACED, regex.VERSION1)
_CLOSING = regex.compile(r"[\p{Pe}\p{Pf},.;:!?%…]")

# With what stands among them without a space, such as the name of a product or a number.
_RUN = regex.compile(
    r"(?<![\p{Latin}\p{N}]) [\p{Latin}\p{N}]*+ CJK [CJK\p{Latin}\p{N}]++ | \p{Thai}++".replace(
        "CJK", r"[\p{Han}\p{Hiragana}\p{Katakana}ー]"
    ),
    regex.VERBOSE | regex.VERSION1,
)
_THAI = regex.compile(r"\p{Thai}")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")

_thai = cache(budoux.load_default_thai_parser)
_japanese = cache(budoux.load_default_japanese_parser)
_chinese = cache(budoux.load_default_simplified_chinese_parser)


def ends_unspaced(text: str) -> bool:
    """Whether no space need follow ``text``."""
    return bool(_ENDS_UNSPACED.search(text))


def lacks_space(before: str, after: str) -> bool:
    """Whether a space must stand between two texts that have none."""
    return not (ends_unspaced(before) or _BEGINS_UNSPACED.match(after) or _CLOSING.match(after))


def within_phrases(text: str) -> set[int]:
    """The places, counted in characters, where a line break would tear a phrase of ``text`` apart."""
    return {place for run in _RUN.finditer(text) for place in _within(run[0], run.start())}


def _within(run: str, begin: int) -> Iterator[int]:
    parser = _thai() if _THAI.match(run) else _japanese() if _KANA.search(run) else _chinese()
    for phrase in parser.parse(run):
        yield from range(begin + 1, begin + len(phrase))
        begin += len(phrase)
