"""SubRip subtitles."""

from collections.abc import Iterable

from whisper_api.transcript import Segment


def srt(segments: Iterable[Segment]) -> str:
    """Segments as numbered SubRip cues, UTF-8 text with CRLF line ends as the format's own program wrote them.

    A blank line would end a cue early and ``-->`` would start one, so neither is left in a text.
    """
    cues = [
        f"{number}\r\n{_time(segment.start)} --> {_time(segment.end)}\r\n{_line(segment.text)}\r\n"
        for number, segment in enumerate(segments, start=1)
    ]
    return "\r\n".join(cues)


def _line(text: str) -> str:
    return " ".join(text.split()).replace("-->", "→")


def _time(seconds: float) -> str:
    milliseconds = round(max(seconds, 0) * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{seconds:02},{milliseconds:03}"
