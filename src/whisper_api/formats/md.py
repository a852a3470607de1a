"""Markdown, to be read and worked on."""

import re
from collections.abc import Iterator
from itertools import pairwise

from whisper_api.formats.clock import clock
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.formats.pieces import pieces
from whisper_api.formats.reluctance import SENTENCE, SPACE
from whisper_api.formats.timeline import Timeline
from whisper_api.transcript import Transcript

_MARKUP = re.compile(r"[\\`*_\[\]<~$]|&(?=#?\w+;)")

# A paragraph ends with a sentence, before a pause or when it has become long; and at last without one.
_PAUSE_SECONDS = 2.0
_SILENCE_SECONDS = 6.0
_LONG_COLUMNS = 600
_LONGEST_COLUMNS = 1500


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:  # noqa: ARG001 - whoever shows it wraps the lines
    """Paragraphs, a line each, with the time at which they begin. What is markup in Markdown is escaped."""
    timeline = Timeline(transcript.segments)
    return "\n".join(
        f"**{_time(timeline.start(begin))}** {_escape(timeline.text[begin:end])}\n"
        for begin, end in _paragraphs(timeline)
    )


def _paragraphs(timeline: Timeline) -> Iterator[tuple[int, int]]:
    """Each paragraph of the text, from a character up to another."""
    row = pieces(timeline.text, timeline.segment_ends)
    begin = columns = 0
    for piece, following in pairwise(row):
        columns += piece.width + piece.space
        pause = timeline.start(following.begin) - timeline.stop(piece.end)
        if (
            (piece.reluctance <= SENTENCE and (pause >= _PAUSE_SECONDS or columns >= _LONG_COLUMNS))
            or (piece.reluctance <= SPACE and columns >= _LONGEST_COLUMNS)
            or pause >= _SILENCE_SECONDS
        ):
            yield begin, piece.end
            begin, columns = following.begin, 0
    if row:
        yield begin, row[-1].end


def _escape(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)


def _time(seconds: float) -> str:
    hours, minutes, second, _ = clock(int(seconds))
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
