"""The forms and the JSON of OpenAI's API, field for field what its clients send and read."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from whisper_api.api.options import Granularity, Wishes
from whisper_api.api.schemas import End, Start
from whisper_api.speech.languages import NAMES
from whisper_api.speech.options import Kind, Options
from whisper_api.tasks.task import Task
from whisper_api.transcript import Segment, Token, Word, joined

ANY_MODEL = "whisper-1"
"""The name under which every server of this API has its model."""

ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt"]

_BEGAN = int(time.time())


class Translation(Wishes):
    """The fields of a translation: OpenAI's, and more."""

    model: str = Field(ANY_MODEL, description="`whisper-1`, or the server's model by its own name.")
    response_format: ResponseFormat = Field("json", description="What is answered.")

    @model_validator(mode="after")
    def _times_have_a_place(self) -> Self:
        if self.timestamp_granularities and self.response_format != "verbose_json":
            raise ValueError(
                "timestamp_granularities needs response_format=verbose_json; files with the times of words are "
                "available from /api/v1/transcribe and /api/v1/result"
            )
        return self


class Transcription(Translation):
    """The fields of a transcription: OpenAI's, and more."""

    stream: bool = Field(False, description="Answer with events, each as soon as there is more text.")
    include: list[Literal["logprobs"]] = Field(
        default_factory=list, description="'logprobs' for the probability of each token, in the format json."
    )
    keywords: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=100, description="Names and terms to listen for, like `hotwords`."
    )
    chunking_strategy: str | dict[str, str] | None = Field(
        None,
        description="`auto`: the server cuts where somebody pauses, as it also does if this is absent.",
        examples=["auto"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.include and self.response_format != "json":
            raise ValueError("include[]=logprobs needs response_format=json")
        if self.stream and self.response_format not in ("json", "text"):
            raise ValueError("stream=true needs response_format json or text")
        if self.chunking_strategy is not None and not _is_automatic(self.chunking_strategy):
            raise ValueError("this server cuts recordings by itself: leave chunking_strategy out, or let it be 'auto'")
        return self

    def options(self, task: Kind, defaults: Options) -> Options:
        options = super().options(task, defaults)
        hotwords = ", ".join(words for words in (options.hotwords, *self.keywords) if words)
        return replace(options, hotwords=hotwords or None, tokens="logprobs" in self.include)


class Usage(BaseModel):
    """What was used: so many seconds of audio."""

    type: Literal["duration"] = Field("duration", description="What is counted.")
    seconds: float = Field(description="Of the recording.", examples=[62.5])

    @classmethod
    def of(cls, task: Task) -> Self:
        return cls(seconds=task.duration or 0)


class Logprob(BaseModel):
    """A token of the text, its bytes, and the logarithm of its probability."""

    token: str = Field(description="As far as its bytes can be read.", examples=[" Grüße"])
    bytes: list[int] = Field(description="In UTF-8.", examples=[[32, 71, 114, 195, 188, 195, 159, 101]])
    logprob: float = Field(description="0 is certain.", examples=[-0.07])

    @classmethod
    def of(cls, token: Token) -> Self:
        return cls(token=token.text, bytes=list(token.utf8), logprob=token.logprob)


Text = Annotated[str, Field(description="What was said.", examples=["Schöne Grüße!"])]
Logprobs = Annotated[list[Logprob] | None, Field(description="Where they were asked for.")]


class Json(BaseModel):
    """An answer in the format json."""

    text: Text
    usage: Usage
    logprobs: Logprobs = None


class VerboseSegment(BaseModel):
    """One stretch of speech."""

    id: int = Field(description="Its number, from 0.", examples=[0])
    seek: int = Field(
        description="Where the window begins that it was heard in, in hundredths of a second.", examples=[125]
    )
    start: Start
    end: End
    text: str = Field(description="With the space before it, where there is one.", examples=[" Schöne Grüße!"])
    tokens: list[int] = Field(description="The text as the model's tokens.", examples=[[2065, 10260, 2610, 42490, 0]])
    temperature: float = Field(description="What it was decoded at.", examples=[0.0])
    avg_logprob: float = Field(description="Mean log-probability of the text: nearer to 0 is surer.", examples=[-0.21])
    compression_ratio: float = Field(description="Above 2.4 the text probably repeats itself.", examples=[1.3])
    no_speech_prob: float = Field(description="Probability that nobody speaks here.", examples=[0.02])

    @classmethod
    def of(cls, number: int, segment: Segment) -> "VerboseSegment":
        return cls.model_construct(
            id=number,
            seek=round(segment.window_start * 100),
            start=round(segment.start, 3),
            end=round(segment.end, 3),
            text=segment.text,
            tokens=list(segment.token_ids),
            temperature=segment.temperature,
            avg_logprob=segment.avg_logprob,
            compression_ratio=segment.compression_ratio,
            no_speech_prob=segment.no_speech_prob,
        )


class VerboseWord(BaseModel):
    """One word."""

    word: str = Field(description="Without spaces.", examples=["Grüße"])
    start: Start
    end: End

    @classmethod
    def of(cls, word: Word) -> "VerboseWord":
        return cls.model_construct(word=word.text.strip(), start=round(word.start, 3), end=round(word.end, 3))


class VerboseJson(BaseModel):
    """An answer in the format verbose_json."""

    task: Kind = Field(description="What was asked for.")
    language: str = Field(description="The language's English name; empty where nobody speaks.", examples=["german"])
    duration: float = Field(description="Seconds of audio.", examples=[62.5])
    text: Text
    segments: list[VerboseSegment] | None = Field(None, description="Unless only words were asked for.")
    words: list[VerboseWord] | None = Field(None, description="Where they were asked for.")
    usage: Usage

    @classmethod
    def of(cls, task: Task, granularities: Sequence[Granularity]) -> Self:
        segments = [VerboseSegment.of(number, segment) for number, segment in enumerate(task.segments)]
        words = [VerboseWord.of(word) for segment in task.segments for word in segment.words]
        return cls(
            task=task.options.task,
            language=NAMES[language].lower() if (language := task.transcript.language) else "",
            duration=task.duration or 0,
            text=joined(task.segments),
            segments=segments if "segment" in granularities or not granularities else None,
            words=words if "word" in granularities else None,
            usage=Usage.of(task),
        )


class Delta(BaseModel):
    """More of the text."""

    type: Literal["transcript.text.delta"] = Field("transcript.text.delta", description="What happened.")
    delta: Text
    logprobs: Logprobs = None


class Done(BaseModel):
    """All of the text."""

    type: Literal["transcript.text.done"] = Field("transcript.text.done", description="What happened.")
    text: Text
    usage: Usage
    logprobs: Logprobs = None


class Model(BaseModel):
    """A name that the server's model goes by."""

    id: str = Field(description="The name.", examples=[ANY_MODEL])
    object: Literal["model"] = Field("model", description="What this is.")
    created: int = Field(_BEGAN, description="When the server began, in seconds since 1970.", examples=[1764000000])
    owned_by: str = Field("whisper_api", description="Who serves it.")


class Models(BaseModel):
    """All names that the server's model goes by."""

    object: Literal["list"] = Field("list", description="What this is.")
    data: list[Model] = Field(description="The names.")


class Fault(BaseModel):
    """What went wrong."""

    message: str = Field(
        description="A sentence that says what is wrong and what to do.", examples=["The file is empty."]
    )
    type: Literal["invalid_request_error", "server_error"] = Field(description="Whose fault it is.")
    param: str | None = Field(description="The field that it is about.", examples=["model"])
    code: str | None = Field(description="A name for it, where it has one.", examples=["model_not_found"])


class OpenAIProblem(BaseModel):
    """An error in OpenAI's shape."""

    error: Fault


def _is_automatic(strategy: str | dict[str, str]) -> bool:
    """Whether a chunking strategy leaves the cutting to the server; OpenAI's libraries take an object apart."""
    if isinstance(strategy, dict):
        return strategy == {"type": "server_vad"}
    try:
        return strategy == "auto" or bool(json.loads(strategy) == {"type": "server_vad"})
    except ValueError:
        return False
