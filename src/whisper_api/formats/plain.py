"""Text without what would be taken for the structure of a file."""

import re

# Spaces that forbid a line break are kept where they stand alone: in French they hold a word and its mark together.
_SPACE = re.compile(r"\s*[^\S\u00a0\u2007\u202f]\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffe\uffff]")


def one_line(text: str) -> str:
    """``text`` with single spaces for all line ends and other white space, and without control characters."""
    return _CONTROL.sub("", _SPACE.sub(" ", text)).strip()
