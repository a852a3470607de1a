"""Transcripts that people have corrected: read from the body of a request, checked, and kept nowhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Self

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict, FailFast, Field, ValidationError, field_validator, model_validator

from whisper_api.api.errors import MB, BadParameter
from whisper_api.api.schemas import (
    AvgLogprob,
    CompressionRatio,
    End,
    NoSpeechProb,
    Probability,
    SpokenWord,
    Start,
    Text,
)
from whisper_api.speech import languages
from whisper_api.tasks.recording import MemoryFull, Shelf, TooLarge
from whisper_api.transcript import Segment, Transcript, Word

LARGEST_BODY = 32 * MB
"""Ten hours of speech with the times of all words take less than half of it."""

# More than ten hours, too. Small values take much more memory once they are read, and texts take time to be written.
_MOST_VALUES = 1_000_000
_MOST_CHARACTERS = 1_000_000
_BODIES_AT_ONCE = 4
_PATIENCE_SECONDS = 120.0
_SOON_SECONDS = 10

_LATEST_SECONDS = 1_000_000
_LONGEST_NAME = 1000
_MOST_PROBLEMS = 20

TOO_LARGE = (
    f"The transcript is larger than any recording's. {LARGEST_BODY // MB} MB, {_MOST_VALUES:,} values and "
    f"{_MOST_CHARACTERS:,} characters of text are taken at the most. Send it in parts."
)
TOO_SLOW = "The transcript arrives too slowly, or not at all. Send it again."
TOO_MANY = "Too many transcripts are being written just now. Send it again a little later."
UNKNOWN_LANGUAGE = "Whisper does not know this language. Give its code, for example 'de' or 'en', or leave it out."

_Limits = Field(ge=0, le=_LATEST_SECONDS)


class _Checked(BaseModel):
    # Without pydantic's cache of strings, which would keep what people sent for as long as the process lives.
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, cache_strings="none")


class _Span(_Checked):
    start: Annotated[Start, _Limits]
    end: Annotated[End, _Limits]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError("The end is before the start")
        return self


class CorrectedWord(_Span):
    """One word."""

    word: SpokenWord
    probability: Probability = 1.0


class CorrectedSegment(_Span):
    """One stretch of speech."""

    text: Text
    avg_logprob: AvgLogprob = 0.0
    compression_ratio: CompressionRatio = 0.0
    no_speech_prob: NoSpeechProb = 0.0
    words: Annotated[list[CorrectedWord], FailFast()] = Field(
        default_factory=list,
        description="Corrected like the text. Those that are not in it do not count; without any, it is taken to be "
        "spoken at an even pace.",
    )


class Correction(_Checked):
    """A transcript as somebody has corrected it, with segments as `status` shows them."""

    filename: str = Field(
        "",
        max_length=_LONGEST_NAME,
        description="The recording's, after which the file is named.",
        examples=["talk.mp3"],
    )
    language: str | None = Field(
        None, description="The code of the language that it is in; null or empty if unknown.", examples=["de"]
    )
    duration: Annotated[float, _Limits] = Field(description="Seconds of audio.", examples=[62.5])
    # Only the first problem is looked for: millions of them would take more memory than anything else.
    segments: Annotated[list[CorrectedSegment], FailFast()] = Field(
        description="In the order in which they are read. Where their times overlap, subtitles do not."
    )

    @field_validator("language")
    @classmethod
    def _known(cls, language: str | None) -> str | None:
        code = languages.code_of(language) if language else ""
        if code is None:
            raise ValueError(UNKNOWN_LANGUAGE)
        return code

    @classmethod
    def read(cls, body: bytes | bytearray) -> Self:
        """What the ``body`` of a request says, in JSON. Raises BadParameter, and HTTPException where it is too much."""
        if 1 + sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
            raise HTTPException(413, TOO_LARGE)
        try:
            correction = cls.model_validate_json(body)
        except ValidationError as error:
            sentence = _sentence(error)
        else:
            if correction._characters > _MOST_CHARACTERS:
                raise HTTPException(413, TOO_LARGE)
            return correction
        raise BadParameter(sentence)  # not from within, where it would hold the first error, and that what was sent

    @property
    def transcript(self) -> Transcript:
        segments = (
            Segment(
                start=segment.start,
                end=segment.end,
                text=segment.text,
                avg_logprob=segment.avg_logprob,
                compression_ratio=segment.compression_ratio,
                no_speech_prob=segment.no_speech_prob,
                words=tuple(Word(word.word, word.start, word.end, word.probability) for word in segment.words),
            )
            for segment in self.segments
        )
        return Transcript(self.language or "", self.duration, tuple(segments))

    @property
    def _characters(self) -> int:
        texts = sum(len(segment.text) for segment in self.segments)
        return max(texts, sum(len(word.word) for segment in self.segments for word in segment.words))


@asynccontextmanager
async def received(request: Request, shelf: Shelf) -> AsyncIterator[bytearray]:
    """The body of ``request``, which takes its room on ``shelf`` until it is done with.

    Raises HTTPException, and ClientDisconnect.
    """
    body = bytearray()
    try:
        await _receive(request, shelf, body)
        yield body
    finally:
        shelf.give_back(len(body))


def shelf() -> Shelf:
    """Room for the bodies of a few requests at a time."""
    return Shelf(largest=LARGEST_BODY, capacity=_BODIES_AT_ONCE * LARGEST_BODY)


def body_schema() -> dict[str, Any]:
    """The OpenAPI request body of a corrected transcript, whose parts no other route describes."""
    schema = Correction.model_json_schema()
    definitions = schema.pop("$defs")

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return whole(definitions[part["$ref"].rpartition("/")[2]])
        return {name: whole(each) for name, each in part.items()}

    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole(schema)}}}}


async def _receive(request: Request, shelf: Shelf, body: bytearray) -> None:
    announced = request.headers.get("content-length", "")
    try:
        if announced.isascii() and announced.isdecimal():
            shelf.check(int(announced))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for chunk in request.stream():
                shelf.take(len(chunk), len(body))
                body += chunk
    except TooLarge:
        raise HTTPException(413, TOO_LARGE) from None
    except MemoryFull:
        raise HTTPException(503, TOO_MANY, {"Retry-After": str(_SOON_SECONDS)}) from None
    except TimeoutError:
        raise HTTPException(408, TOO_SLOW) from None


def _sentence(error: ValidationError) -> str:
    """What is wrong, and where, without what was sent: not even a field's name, if it is none of ours."""
    if error.error_count() > _MOST_PROBLEMS:
        return "The transcript is not understood: it has fields that do not exist. See /docs."
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place, message = list(problem["loc"]), str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
    if problem["type"] == "extra_forbidden":
        place[-1] = "(a field that does not exist)"
    named = ": ".join(filter(None, [".".join(map(str, place)), message]))
    return f"The transcript is not understood: {named}. See /docs."
