"""What people may wish for, as fields of a form: read, checked, and made options of."""

from dataclasses import replace
from typing import Any, Literal, Self

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from whisper_api.api.errors import BadParameter
from whisper_api.api.uploads import Form
from whisper_api.speech import languages
from whisper_api.speech.options import LARGEST_BEAM, Kind, Options

UNKNOWN_LANGUAGE = (
    "Whisper does not know this language. Give its code, for example 'de' or 'en', or leave it out to have it detected."
)

_LONGEST_TEXT = 4000  # Whisper reads the last 223 tokens

Granularity = Literal["word", "segment"]


class Fields(BaseModel):
    """Fields of a form. An empty one counts as left out, as Swagger UI and web pages send those that nobody filled."""

    # Without pydantic's cache of strings, which would keep what people sent for as long as the process lives.
    model_config = ConfigDict(extra="forbid", cache_strings="none")

    @classmethod
    def read(cls, form: Form) -> Self:
        """The fields of ``form``. Raises BadParameter, which names the first one that makes no sense."""
        values: dict[str, Any] = {}
        for sent, texts in form.fields.items():
            name, _, key = sent.removesuffix("]").partition("[")
            field = cls.model_fields.get(name)
            filled = [text for text in texts if text.strip()]
            if field is None or ("[" in sent) != sent.endswith("]"):
                raise BadParameter(_no_field(cls, sent), sent[:80])
            if _is_list(field.annotation) and not key:
                values[name] = [*values.get(name, []), *filled]
            elif _is_list(field.annotation) or (key and not isinstance(values.setdefault(name, {}), dict)):
                raise BadParameter(_no_field(cls, sent), sent[:80])
            elif len(filled) > 1 or (not key and name in values):
                raise BadParameter(f"The field {sent[:80]!r} is given more than once.", sent[:80])
            elif key:
                values[name][key] = "".join(filled)
            elif sent.endswith("]"):
                raise BadParameter(_no_field(cls, sent), sent[:80])
            elif filled:
                values[name] = filled[0]
        try:
            return cls.model_validate({name: value for name, value in values.items() if value != []})
        except ValidationError as error:
            raise _bad(error) from None


class Wishes(Fields):
    """What may be said about how a recording is to be heard."""

    language: str | None = Field(
        None,
        description="The spoken language, as a code or an English name. Absent: detected among the LANGUAGES here.",
        examples=["de", "german"],
    )
    prompt: str | None = Field(
        None,
        max_length=_LONGEST_TEXT,
        description="Text to be taken for what was said before: it sets spelling, style and punctuation.",
        examples=["Frau Dr. Özdemir und Herr Łukasz sprechen über Fördermittel."],
    )
    hotwords: str | None = Field(
        None,
        max_length=_LONGEST_TEXT,
        description="Names and terms to listen for.",
        examples=["Dr. Okonkwo, Kubernetes, Görlitz"],
    )
    temperature: float = Field(
        0,
        ge=0,
        le=1,
        description="0: the likeliest text, and only where that cannot be relied on another one is drawn by lot. Above "
        "0, texts are drawn from the start.",
    )
    beam_size: int | None = Field(
        None,
        ge=1,
        le=LARGEST_BEAM,
        description="Hypotheses followed at a time: more are slower, and seldom better. 1 is greedy. Absent: as the "
        "server is set up.",
    )
    vad_filter: bool = Field(
        True,
        description="Leave out what is no speech. Without it all is decoded, which finds singing, and invents more.",
    )
    timestamp_granularities: list[Granularity] = Field(
        default_factory=list, description="'word' for the times of words, beside those of segments."
    )

    @field_validator("prompt", "hotwords")
    @classmethod
    def _printable(cls, text: str | None) -> str | None:
        return None if text is None else "".join(c if c.isprintable() else " " for c in text)

    @field_validator("language")
    @classmethod
    def _known(cls, language: str | None) -> str | None:
        return None if language is None else known(language)

    def options(self, task: Kind, defaults: Options) -> Options:
        """The options of ``task``; what nobody wished for is as in ``defaults``."""
        return replace(
            defaults,
            task=task,
            language=self.language,
            prompt=self.prompt,
            hotwords=self.hotwords,
            temperature=self.temperature,
            beam_size=self.beam_size or defaults.beam_size,
            vad_filter=self.vad_filter,
            words="word" in self.timestamp_granularities,
        )


def only(*names: str) -> Any:
    """What a route depends on that takes no other parameters behind the ``?`` than these.

    A misspelt one would be passed over, and an hour later the text is not what was wished for.
    """

    there = f"Those that there are: {', '.join(names)}." if names else "A wish is sent as a field of the form."

    async def check(request: Request) -> None:  # async, or each upload would wait for a thread for it
        for sent in request.query_params:
            if sent not in names:
                raise BadParameter(f"There is no parameter {sent[:80]!r} behind the '?' here. {there}", sent[:80])

    return Depends(check)


def known(language: str) -> str:
    """The code of a language. Raises ValueError."""
    code = languages.code_of(language)
    if code is None:
        raise ValueError(UNKNOWN_LANGUAGE)
    return code


def form_schema(fields: type[Fields]) -> dict[str, Any]:
    """The OpenAPI request body of a form with a recording and these fields."""
    properties = {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "Audio or video: mp3, m4a, wav, ogg, opus, flac, webm, mp4, mkv and more.",
        }
    }
    schema = fields.model_json_schema()
    for name, described in schema["properties"].items():
        properties[f"{name}[]" if described.get("type") == "array" else name] = _without_null(described)
    required = ["file", *schema.get("required", [])]
    body = {"type": "object", "required": required, "properties": properties, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": body}}}}


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is list


def _without_null(described: dict[str, Any]) -> dict[str, Any]:
    """A form has no null: a field is there or it is not."""
    kinds = [kind for kind in described.get("anyOf", []) if kind != {"type": "null"}]
    kept = {name: value for name, value in described.items() if name not in ("anyOf", "title", "default")}
    default = {"default": described["default"]} if described.get("default") is not None else {}
    return {**(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}), **kept, **default}


def _no_field(fields: type[Fields], sent: str) -> str:
    return f"There is no field {sent[:80]!r} here. Those that are: {', '.join(('file', *fields.model_fields))}."


def _bad(error: ValidationError) -> BadParameter:
    problem = error.errors(include_url=False, include_input=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else None
    message = str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
    return BadParameter(f"{name}: {message}." if name else f"{message}.", name)
