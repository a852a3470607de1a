"""The JSON of the native API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from whisper_api.speech.languages import NAMES
from whisper_api.speech.options import Kind
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task
from whisper_api.transcript import Segment, Word

EXAMPLE_ID = "3f2b8c1d9e4a47b6a1c05d7e8f901234"

TaskId = Annotated[str, Query(description="As the upload was answered.", examples=[EXAMPLE_ID])]


_EXAMPLE_TIME = "2026-05-04T12:34:56Z"

Start = Annotated[float, Field(description="Seconds from the recording's start.", examples=[1.25])]
End = Annotated[float, Field(description="Seconds from the recording's start.", examples=[2.5])]

# What a task's events tell of it, too.
Place = Annotated[int | None, Field(description="1 for the next one; null when it does not wait.", examples=[3])]
Eta = Annotated[float | None, Field(description="Seconds until the text should be there.", examples=[12.5])]
Duration = Annotated[float | None, Field(description="Seconds of audio.", examples=[62.5])]
UsedModel = Annotated[str | None, Field(description="The model that is used.", examples=["base"])]
UsedDevice = Annotated[Literal["cuda", "cpu"] | None, Field(description="What it runs on.")]
Share = Annotated[float, Field(description="How much of the recording has been decoded, 0 to 1.", examples=[0.4])]
SourceLanguage = Annotated[str | None, Field(description="The language asked for or detected.", examples=["de"])]
LanguageProbability = Annotated[
    float | None,
    Field(
        description="How likely the detected language is; null where none was detected. Below 0.5 it is a guess: send "
        "the recording again with the right `language`.",
        examples=[0.98],
    ),
]
Reason = Annotated[
    str | None, Field(description="Why it failed, and what to do.", examples=["File has no audio track."])
]

# What corrected ones have, too.
SpokenWord = Annotated[str, Field(description="With the space before it, where there is one.", examples=[" Grüße"])]
Probability = Annotated[float, Field(description="0 to 1: how sure Whisper is of it.", examples=[0.93])]
Text = Annotated[str, Field(description="With the space before it, where there is one.", examples=[" Schöne Grüße!"])]
AvgLogprob = Annotated[
    float, Field(description="Mean log-probability of the text: nearer to 0 is surer.", examples=[-0.21])
]
CompressionRatio = Annotated[float, Field(description="Above 2.4 the text probably repeats itself.", examples=[1.3])]
NoSpeechProb = Annotated[float, Field(description="Probability that nobody speaks here.", examples=[0.02])]


class WordModel(BaseModel):
    """One word."""

    word: SpokenWord
    start: Start
    end: End
    probability: Probability

    @classmethod
    def of(cls, word: Word) -> "WordModel":
        return cls.model_construct(word=word.text, start=word.start, end=word.end, probability=word.probability)


class SegmentModel(BaseModel):
    """One stretch of speech."""

    start: Start
    end: End
    text: Text
    avg_logprob: AvgLogprob
    compression_ratio: CompressionRatio
    no_speech_prob: NoSpeechProb
    words: list[WordModel] = Field(description="Where they were asked for by timestamp_granularities[]=word.")

    @classmethod
    def of(cls, segment: Segment) -> "SegmentModel":
        # Not validated once more: a long recording has thousands, and its page asks every second.
        return cls.model_construct(
            start=segment.start,
            end=segment.end,
            text=segment.text,
            avg_logprob=segment.avg_logprob,
            compression_ratio=segment.compression_ratio,
            no_speech_prob=segment.no_speech_prob,
            words=[WordModel.of(word) for word in segment.words],
        )


class TaskModel(BaseModel):
    """A recording on its way to text. What is not known yet is null."""

    task_id: str = Field(
        examples=[EXAMPLE_ID], description="32 hexadecimal digits. Whoever knows them can read the text."
    )
    task_type: Kind = Field(description="What is asked for.")
    status: Status = Field(description="Pending, processing, and then finished or failed.")
    time_uploaded: datetime = Field(description="In UTC.", examples=[_EXAMPLE_TIME])
    transcript: str | None = Field(description="The whole text, once finished.", examples=["Schöne Grüße!"])
    source_language: SourceLanguage
    language_probability: LanguageProbability
    position_in_queue: Place
    processing_duration: float | None = Field(description="Seconds of processing so far, or in all.", examples=[4.2])
    time_processing_finished: datetime | None = Field(description="In UTC.", examples=[_EXAMPLE_TIME])
    target_model_size: str | None = Field(description="The model that should be used.", examples=["medium"])
    used_model_size: UsedModel
    used_device: UsedDevice
    progress: Share
    duration: Duration
    eta_seconds: Eta
    segments: list[SegmentModel] = Field(description="What has been decoded so far, with times.")
    error: Reason
    expires_at: datetime | None = Field(description="When the result will be deleted.", examples=[_EXAMPLE_TIME])

    @classmethod
    def of(cls, task: Task, desk: Desk, *, with_segments: bool = True) -> "TaskModel":
        return cls(
            task_id=task.id,
            task_type=task.options.task,
            status=task.status,
            time_uploaded=task.uploaded_at,
            transcript=task.text,
            source_language=task.language or task.options.language,
            language_probability=task.language_probability,
            position_in_queue=None if task.has_ended else desk.queue.position(task),
            processing_duration=task.processing_seconds,
            time_processing_finished=task.finished_at,
            target_model_size=task.wanted_model,
            used_model_size=task.used_model,
            used_device=task.used_device,
            progress=task.progress,
            duration=task.duration,
            eta_seconds=desk.eta(task),
            segments=[SegmentModel.of(segment) for segment in task.segments] if with_segments else [],
            error=task.error,
            expires_at=desk.expires_at(task),
        )


class WaveformModel(BaseModel):
    """How loud a recording is all along, for drawing it."""

    duration: float = Field(description="Seconds of audio.", examples=[62.5])
    peaks: list[float] = Field(
        description="The loudest sample of every stretch, 0 to 1. The stretches are of one length, but for the last, "
        "which may be shorter: 0.01 s, or as much as it takes for no more than 4000 of them.",
        examples=[[0.02, 0.31, 0.27]],
    )


class LanguageModel(BaseModel):
    """A language, and how likely it is spoken."""

    code: str = Field(description="As in `language`.", examples=["de"])
    name: str = Field(description="Its English name.", examples=["German"])
    probability: float = Field(description="0 to 1; all of them make 1.", examples=[0.98])


class DetectedLanguage(BaseModel):
    """Which language a recording is in, by its first speech; null where nobody speaks."""

    language: str | None = Field(description="The likeliest one's code.", examples=["de"])
    probability: float | None = Field(description="How likely it is, 0 to 1.", examples=[0.98])
    languages: list[LanguageModel] = Field(description="All that the model knows, the likeliest first.")

    @classmethod
    def of(cls, probabilities: dict[str, float]) -> "DetectedLanguage":
        languages = [
            LanguageModel(code=code, name=NAMES[code], probability=probability)
            for code, probability in probabilities.items()
        ]
        likeliest = languages[0] if languages else None
        return cls(
            language=likeliest.code if likeliest else None,
            probability=likeliest.probability if likeliest else None,
            languages=languages,
        )


class DecoderStatus(BaseModel):
    """What the part of the server that decodes is doing."""

    gpu_mode: bool = Field(description="Whether a GPU is used, as far as a model was loaded yet.")
    max_model_to_use: str | None = Field(
        description="The best model that may be used; null: the best that fits.", examples=["medium"]
    )
    last_loaded_model_size: str | None = Field(description="The model that was last loaded.", examples=["base"])
    is_model_loaded: bool = Field(description="Whether it is in memory now.")
    tasks_in_queue: int = Field(description="Tasks that wait.", examples=[2])
    currently_busy: bool = Field(description="Whether anything is being processed.")
    received_at: datetime = Field(description="When this was so, in UTC.", examples=[_EXAMPLE_TIME])
    used_device: Literal["cuda", "cpu"] | None = Field(description="What the model was last loaded on.")
    note: str | None = Field(
        description="Why another model or device is used than was wanted, or none at all.",
        examples=["medium could not be downloaded: using base."],
    )


class Version(BaseModel):
    """What runs here."""

    version: str = Field(description="By semantic versioning.", examples=["0.1.0"])


class UserInfo(BaseModel):
    """Who the server takes you for, as the reverse proxy in front of it says."""

    email: str | None = Field(description="From X-Email.", examples=["ann@example.org"])
    user: str | None = Field(description="From X-User.", examples=["ann"])
    user_agent: str | None = Field(description="Your program, as it says.", examples=["curl/8.5.0"])


class Health(BaseModel):
    """For whoever watches over the server."""

    status: str = Field(description="A word or a sentence.", examples=["ready"])


class Problem(BaseModel):
    """An error."""

    detail: str = Field(
        description="A sentence that says what is wrong and what to do.", examples=["The file is empty."]
    )


RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
TASK_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Unknown or expired id."},
    422: {"model": Problem, "description": "A parameter that makes no sense."},
}
