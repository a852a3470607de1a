"""The JSON of the native API."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from whisper_api.speech.options import Kind
from whisper_api.tasks.desk import Desk
from whisper_api.tasks.task import Status, Task
from whisper_api.transcript import Segment

EXAMPLE_ID = "3f2b8c1d9e4a47b6a1c05d7e8f901234"


class SegmentModel(BaseModel):
    """One stretch of speech, its times in seconds from the recording's start."""

    start: float
    end: float
    text: str
    avg_logprob: float = Field(description="Mean log-probability of the text: nearer to 0 is surer.")
    compression_ratio: float = Field(description="Above 2.4 the text probably repeats itself.")
    no_speech_prob: float = Field(description="Probability that nobody speaks here.")

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
        )


class TaskModel(BaseModel):
    """A recording on its way to text. What is not known yet is null."""

    task_id: str = Field(
        examples=[EXAMPLE_ID], description="32 hexadecimal digits. Whoever knows them can read the text."
    )
    task_type: Kind
    status: Status
    time_uploaded: datetime
    transcript: str | None = Field(description="The whole text, once finished.")
    source_language: str | None = Field(examples=["de"], description="The language asked for or detected.")
    position_in_queue: int | None = Field(description="1 for the next one; null when it does not wait.")
    processing_duration: float | None = Field(description="Seconds of processing so far, or in all.")
    time_processing_finished: datetime | None
    target_model_size: str | None = Field(description="The model that should be used.")
    used_model_size: str | None = Field(description="The model that is used.")
    used_device: Literal["cuda", "cpu"] | None
    progress: float = Field(description="How much of the recording has been decoded, 0 to 1.")
    duration: float | None = Field(description="Seconds of audio.")
    eta_seconds: float | None = Field(description="Seconds until the text should be there.")
    segments: list[SegmentModel] = Field(description="What has been decoded so far, with times.")
    error: str | None = Field(description="Why it failed, and what to do.")
    expires_at: datetime | None = Field(description="When the result will be deleted.")

    @classmethod
    def of(cls, task: Task, desk: Desk) -> "TaskModel":
        return cls(
            task_id=task.id,
            task_type=task.options.task,
            status=task.status,
            time_uploaded=task.uploaded_at,
            transcript=task.text,
            source_language=task.language or task.options.language,
            position_in_queue=None if task.has_ended else desk.queue.position(task),
            processing_duration=task.processing_seconds,
            time_processing_finished=task.finished_at,
            target_model_size=task.wanted_model,
            used_model_size=task.used_model,
            used_device=task.used_device,
            progress=task.progress,
            duration=task.duration,
            eta_seconds=desk.eta(task),
            segments=[SegmentModel.of(segment) for segment in task.segments],
            error=task.error,
            expires_at=desk.expires_at(task),
        )


class DecoderStatus(BaseModel):
    """What the part of the server that decodes is doing."""

    gpu_mode: bool = Field(description="Whether a GPU is used, as far as a model was loaded yet.")
    max_model_to_use: str | None = Field(description="The best model that may be used; null: the best that fits.")
    last_loaded_model_size: str | None
    is_model_loaded: bool
    tasks_in_queue: int
    currently_busy: bool
    received_at: datetime
    used_device: Literal["cuda", "cpu"] | None
    note: str | None = Field(description="Why another model or device is used than was wanted, or none at all.")


class Version(BaseModel):
    version: str


class UserInfo(BaseModel):
    """Who the server takes you for, as the reverse proxy in front of it says."""

    email: str | None
    user: str | None
    user_agent: str | None


class Health(BaseModel):
    status: str


class Problem(BaseModel):
    detail: str = Field(description="A sentence that says what is wrong and what to do.")
