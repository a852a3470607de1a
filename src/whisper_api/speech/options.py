"""What to do with a recording."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["transcribe", "translate"]


@dataclass(frozen=True, slots=True)
class Options:
    """``task`` as in Whisper: transcribe keeps the language, translate makes English of it.

    ``language`` is a code of Whisper's, or None to have it detected. ``prompt`` is text to be taken for what was said
    before, and ``hotwords`` are names and terms to listen for; both hold for the whole recording. With
    ``condition_on_previous_text`` each window is told what the one before it said, which costs most of the speed.
    ``words`` asks for the words' times. A ``beam_size`` of 1 is greedy. A recording of more than ``max_seconds`` is
    refused.
    """

    task: Kind = "transcribe"
    language: str | None = None
    prompt: str | None = None
    hotwords: str | None = None
    condition_on_previous_text: bool = False
    words: bool = False
    beam_size: int = 1
    max_seconds: float | None = None
