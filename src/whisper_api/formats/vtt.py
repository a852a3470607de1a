"""WebVTT, the subtitles of the web."""

from html import escape

from whisper_api.formats.clock import stamp
from whisper_api.formats.cues import cues
from whisper_api.formats.direction import marked
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.transcript import Transcript


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:
    """Cues as in https://www.w3.org/TR/webvtt1/."""
    return "WEBVTT\n" + "".join(
        f"\n{stamp(cue.start)} --> {stamp(cue.end)}\n"
        + "".join(f"{line}\n" for line in marked(cue.written(_escape, ("<u>", "</u>")), cue.lines, transcript.language))
        for cue in cues(transcript.segments, layout)
    )


def _escape(text: str) -> str:
    return escape(text, quote=False)
