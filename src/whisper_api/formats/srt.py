"""SubRip subtitles."""

from collections.abc import Iterable

from whisper_api.formats.clock import stamp
from whisper_api.formats.cues import cues
from whisper_api.formats.direction import marked
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.transcript import Segment, Transcript

# The format cannot write as text what it takes for its own marks: signs that look like them stand for them.
_LOOK_ALIKE = str.maketrans("<>{}\\", "‹›｛｝＼")


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:
    """Numbered cues. Lines end with LF: all players take it, and not all scripts that read such files take CRLF."""
    return srt(transcript.segments, layout, transcript.language)


def srt(segments: Iterable[Segment], layout: Layout = AS_USUAL, language: str = "en") -> str:
    """The same of ``segments`` alone."""
    return "\n".join(
        f"{number}\n{stamp(cue.start, point=',')} --> {stamp(cue.end, point=',')}\n"
        + "".join(f"{line}\n" for line in marked(cue.written(_escape, ("<u>", "</u>")), cue.lines, language))
        for number, cue in enumerate(cues(segments, layout), start=1)
    )


def _escape(text: str) -> str:
    return text.replace("-->", "→").translate(_LOOK_ALIKE)
