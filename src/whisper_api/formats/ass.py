"""Advanced SubStation Alpha, the subtitles of video editors."""

from whisper_api.formats.clock import clock
from whisper_api.formats.cues import cues
from whisper_api.formats.direction import marked
from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.transcript import Transcript

# White with a black border. The last number, the encoding, is -1 for text in both directions.
_HEAD = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 0
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,64,&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,96,96,54,-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
# Renderers differ in how to write these as text: signs that look like them stand for them.
_LOOK_ALIKE = str.maketrans("{}\\", "｛｝＼")


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:
    """A script of the version 4.00+."""
    return _HEAD + "".join(
        f"Dialogue: 0,{_time(cue.start)},{_time(cue.end)},Default,,0,0,0,,"
        + r"\N".join(marked(cue.written(_escape, (r"{\u1}", r"{\u0}")), cue.lines, transcript.language))
        + "\n"
        for cue in cues(transcript.segments, layout)
    )


def _escape(text: str) -> str:
    return text.translate(_LOOK_ALIKE)


def _time(seconds: float) -> str:
    hours, minutes, second, hundredths = clock(seconds, parts=100)
    return f"{hours}:{minutes:02}:{second:02}.{hundredths:02}"
