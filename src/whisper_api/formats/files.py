"""The formats that a transcript can be written in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from whisper_api.formats import ass, json, lrc, md, srt, tsv, ttml, txt, vtt
from whisper_api.formats.layout import Layout
from whisper_api.transcript import Transcript


class Write(Protocol):
    """Raises WordsUnknown where words shall be highlighted that have no times."""

    def __call__(self, transcript: Transcript, layout: Layout = ...) -> str: ...


@dataclass(frozen=True, slots=True)
class Format:
    """``write`` gives the content of a file, to be encoded as UTF-8, whose name ends with ``suffix``.

    ``lays_out`` names what it takes of a layout.
    """

    name: str
    suffix: str
    media_type: str
    write: Write
    lays_out: frozenset[str] = frozenset()


_WIDTH = frozenset({"max_line_width"})
_SCREEN = _WIDTH | {"max_line_count", "highlight_words"}

FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format("txt", ".txt", "text/plain", txt.write, _WIDTH),
        Format("srt", ".srt", "application/x-subrip", srt.write, _SCREEN),
        Format("vtt", ".vtt", "text/vtt", vtt.write, _SCREEN),
        Format("tsv", ".tsv", "text/tab-separated-values", tsv.write),
        Format("json", ".json", "application/json", json.write),
        Format("ass", ".ass", "text/x-ssa", ass.write, _SCREEN),
        Format("ttml", ".ttml", "application/ttml+xml", ttml.write, _SCREEN),
        Format("lrc", ".lrc", "text/plain", lrc.write, _WIDTH),
        Format("md", ".md", "text/markdown", md.write),
    )
}


class LaysOutNothing(ValueError):
    """A ``wish`` of a layout means nothing to any of the formats; the message names those to which it does."""

    def __init__(self, wish: str) -> None:
        formats = ", ".join(form.name for form in FORMATS.values() if wish in form.lays_out)
        super().__init__(f"{wish} changes nothing in this format. Leave it out, or take one of {formats}.")
        self.wish = wish


def check(layout: Layout, formats: Iterable[Format]) -> None:
    """Raises LaysOutNothing where something is wished for that none of ``formats`` takes."""
    taken = frozenset[str]().union(*(form.lays_out for form in formats))
    for wish in layout.wishes:
        if wish not in taken:
            raise LaysOutNothing(wish)
