"""Plain text."""

from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.formats.lines import wrapped
from whisper_api.formats.plain import one_line
from whisper_api.transcript import Transcript


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:
    """One segment a line, as openai-whisper has it; with a ``max_line_width`` as many lines as it needs."""
    lines = [text for segment in transcript.segments if (text := one_line(segment.text))]
    if layout.max_line_width:
        lines = [part for line in lines for part in wrapped(line, layout.max_line_width)]
    return "".join(f"{line}\n" for line in lines)
