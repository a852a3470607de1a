"""What to do with a recording."""

from dataclasses import dataclass
from typing import Literal, get_args

from whisper_api.speech.languages import code_of

Kind = Literal["transcribe", "translate", "detect_language"]

LARGEST_BEAM = 20
USUAL_BEAM = 2


@dataclass(frozen=True, slots=True)
class Options:
    """``task`` as in Whisper: transcribe keeps the language, translate makes English of it. With detect_language the
    recording is only listened to until its language is made out, and there is no text.

    ``language`` is a code of Whisper's or an English name, or None to have it detected: among ``languages``, or, where
    these are none or the model knows none of them, among all that it knows. ``prompt`` is text to be taken for what was
    said before, and ``hotwords`` are names and terms to listen for; both hold for the whole recording.
    With ``condition_on_previous_text`` each window is told what the one before it said, which costs most of the speed.
    ``words`` asks for the words' times, ``tokens`` for the probability of each token. A ``beam_size`` of 1 is greedy,
    20 is the most. At a ``temperature`` above 0, up to 1, texts are drawn by lot from the start; at 0 only where no
    other can be relied on. ``vad_filter`` leaves out what is no speech; without it all is decoded, singing too. A
    recording of more than ``max_seconds`` is refused.

    Raises ValueError, and TypeError for what should be text and is not.
    """

    task: Kind = "transcribe"
    language: str | None = None
    languages: tuple[str, ...] = ()
    prompt: str | None = None
    hotwords: str | None = None
    condition_on_previous_text: bool = False
    words: bool = False
    tokens: bool = False
    beam_size: int = USUAL_BEAM
    temperature: float = 0.0
    vad_filter: bool = True
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.task not in get_args(Kind):
            raise ValueError(f"There is no task {self.task!r}. Take one of {', '.join(get_args(Kind))}.")
        for name, text in (("language", self.language), ("prompt", self.prompt), ("hotwords", self.hotwords)):
            if not isinstance(text, str | None):
                raise TypeError(f"{name} must be text, not {type(text).__name__}.")
        if self.language is not None:
            object.__setattr__(self, "language", _code(self.language))
        if not isinstance(self.languages, tuple | list):
            raise TypeError(f"languages must be a list of texts, not {type(self.languages).__name__}.")
        object.__setattr__(self, "languages", tuple(dict.fromkeys(map(_code, self.languages))))
        if not isinstance(self.beam_size, int) or not 1 <= self.beam_size <= LARGEST_BEAM:
            raise ValueError(f"A beam_size of {self.beam_size!r} makes no sense. Take 1 (greedy) to {LARGEST_BEAM}.")
        if not isinstance(self.temperature, float | int) or not 0 <= self.temperature <= 1:
            raise ValueError(f"A temperature of {self.temperature!r} makes no sense. Take 0 (no sampling) to 1.")


def _code(language: str) -> str:
    code = code_of(language) if isinstance(language, str) else None
    if code is None:
        raise ValueError(
            f"Whisper does not know the language {language!r}. Take a code, such as 'de', or an English name, such as "
            "'German'."
        )
    return code
