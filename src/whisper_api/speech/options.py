"""What to do with a recording."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["transcribe", "translate"]


@dataclass(frozen=True, slots=True)
class Options:
    """``task`` as in Whisper: transcribe keeps the language, translate makes English of it.

    ``language`` is a code of Whisper's, or None to have it detected. A recording of more than ``max_seconds`` is
    refused.
    """

    task: Kind = "transcribe"
    language: str | None = None
    max_seconds: float | None = None
