"""The formats that a transcript can be written in."""

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
    """``write`` gives the content of a file, to be encoded as UTF-8, whose name ends with ``suffix``."""

    name: str
    suffix: str
    media_type: str
    write: Write


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format("txt", ".txt", "text/plain", txt.write),
        Format("srt", ".srt", "application/x-subrip", srt.write),
        Format("vtt", ".vtt", "text/vtt", vtt.write),
        Format("tsv", ".tsv", "text/tab-separated-values", tsv.write),
        Format("json", ".json", "application/json", json.write),
        Format("ass", ".ass", "text/x-ssa", ass.write),
        Format("ttml", ".ttml", "application/ttml+xml", ttml.write),
        Format("lrc", ".lrc", "text/plain", lrc.write),
        Format("md", ".md", "text/markdown", md.write),
    )
}
