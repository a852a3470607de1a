"""LRC, the lyrics of music players."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest

from whisper_api.formats.clock import clock
from whisper_api.formats.cues import cues
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.transcript import Transcript

_TIME = re.compile(r"[\[<](\d+:[\d:.]+)[\]>]")
# Line follows line in players; where nothing is said for longer, nothing is shown.
_PAUSE_SECONDS = 4.0


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:
    """One line of text at a time, without an end: minutes, seconds and hundredths, and the text.

    Minutes go on after 99. There are neither several lines at a time nor highlighted words.
    """
    return "".join(f"{line}\n" for line in _lines(transcript, replace(layout, max_line_count=1, highlight_words=False)))


def _lines(transcript: Transcript, layout: Layout) -> Iterator[str]:
    shown = cues(transcript.segments, layout)
    for cue, following in zip_longest(shown, shown[1:]):
        yield _time(cue.start) + _TIME.sub(r"(\1)", cue.lines[0])
        if following is None or following.start - cue.end > _PAUSE_SECONDS:
            yield _time(cue.end)


def _time(seconds: float) -> str:
    hours, minutes, second, hundredths = clock(seconds, parts=100)
    return f"[{hours * 60 + minutes:02}:{second:02}.{hundredths:02}]"
