"""How wide text is."""

import regex

_CLUSTER = regex.compile(r"\X")
_INVISIBLE = regex.compile(r"[\p{Cf}\p{Cc}]")
_WIDE = regex.compile(r"[\p{ea=W}\p{ea=F}]|.\ufe0f")


def columns(text: str) -> int:
    """The columns that ``text`` takes: a character one, with all its marks; those of East Asia and emoji two."""
    if text.isascii():
        return len(text)
    seen = [cluster for cluster in _CLUSTER.findall(text) if not _INVISIBLE.match(cluster)]
    return len(seen) + sum(1 for cluster in seen if _WIDE.match(cluster))
