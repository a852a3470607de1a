"""A table for spreadsheets and scripts."""

from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.formats.plain import one_line
from whisper_api.transcript import Transcript

# To readers of CSV a quotation mark at the beginning of a text opens a field that goes on to the next one, rows later;
# to spreadsheets the others are formulas. After a space that they do not trim all are what they are.
_MISREAD = ('"', "=", "+", "-", "@")
_GUARD = "\u00a0"


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:  # noqa: ARG001 - a table has its own
    """One segment a row as openai-whisper has it: start and end in milliseconds, and the text, with tabs between.

    Where a text would be taken for something else a no-break space stands in front.
    """
    rows = [
        f"{round(segment.start * 1000)}\t{round(segment.end * 1000)}\t{_cell(one_line(segment.text))}\n"
        for segment in transcript.segments
    ]
    return "".join(["start\tend\ttext\n", *rows])


def _cell(text: str) -> str:
    return _GUARD + text if text.startswith(_MISREAD) else text
