"""Which way text is read."""

from collections.abc import Sequence
from unicodedata import bidirectional

# Of the languages that Whisper knows, by its codes.
_LANGUAGES_FROM_RIGHT = frozenset({"ar", "fa", "he", "ps", "sd", "ur", "yi"})
_LETTERS = ("L", "R", "AL")
_MARK = "\u200f"


def is_from_right(lines: Sequence[str], language: str) -> bool:
    """Whether ``lines`` of a transcript in ``language`` are read from right to left.

    In Arabic a line may well begin with a Latin name, which says nothing. Lines without any Arabic letter are read as
    what they are, and so are those of a language that is read from left to right: as their first letter is.
    """
    letters = [letter for line in lines for letter in map(bidirectional, line) if letter in _LETTERS]
    if language in _LANGUAGES_FROM_RIGHT:
        return any(letter != "L" for letter in letters)
    return bool(letters) and letters[0] != "L"


def marked(written: Sequence[str], lines: Sequence[str], language: str) -> list[str]:
    """``lines`` as they are ``written`` in a file that cannot say which way they are read.

    Players guess it, line by line, from the first letter. Where they would be wrong an invisible letter is put first.
    """
    from_right = language in _LANGUAGES_FROM_RIGHT and is_from_right(lines, language)
    return [
        _MARK + text if from_right and not is_from_right([line], "") else text
        for text, line in zip(written, lines, strict=True)
    ]
