"""Everything that is known, for programs."""

import json
from typing import Any

from whisper_api.formats.layout import AS_USUAL, Layout
from whisper_api.transcript import Segment, Transcript, Word

# Columns of Whisper's spectrogram, in which it counts where a window begins.
_FRAMES_PER_SECOND = 100
# JSON may have these as they are, and some readers of lines end one there.
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


def write(transcript: Transcript, layout: Layout = AS_USUAL) -> str:  # noqa: ARG001 - nothing is laid out
    """The transcript under the names and in the units of openai-whisper's JSON, with its duration in seconds.

    Segments have words where these were asked for.
    """
    text = json.dumps(
        {
            "text": transcript.text,
            "segments": [_segment(number, segment) for number, segment in enumerate(transcript.segments)],
            "language": transcript.language,
            "duration": _seconds(transcript.duration),
        },
        ensure_ascii=False,
    )
    return text.translate(_LINE_ENDS) + "\n"


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    known = {
        "id": number,
        "seek": round(segment.window_start * _FRAMES_PER_SECOND),
        "start": _seconds(segment.start),
        "end": _seconds(segment.end),
        "text": segment.text,
        "tokens": segment.token_ids,
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_prob,
    }
    return known | {"words": [_word(word) for word in segment.words]} if segment.words else known


def _word(word: Word) -> dict[str, Any]:
    start, end = _seconds(word.start), _seconds(word.end)
    return {"word": word.text, "start": start, "end": end, "probability": word.probability}


def _seconds(value: float) -> float:
    """What is left of arithmetic behind the milliseconds says nothing."""
    return round(value, 3)
