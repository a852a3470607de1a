"""A transcript as OpenAI streams it: deltas while it grows, and at the end all of it."""

from collections.abc import Sequence

from whisper_api.api import errors
from whisper_api.api.openai_schemas import Delta, Done, Logprob, Transcription, Usage
from whisper_api.api.streams import Events, event
from whisper_api.tasks.task import Status, Task
from whisper_api.transcript import Segment, joined

BEGUN_ANEW = "The process that transcribes was lost, and what it now hears differs from what was sent. Ask again."


async def deltas(task: Task, fields: Transcription, path: str) -> Events:
    """The text of ``task`` as it grows, as events; ``path`` is where it was asked for."""
    told, heard, attempt = "", 0, task.attempt
    while True:
        change, has_ended = task.next_change, task.has_ended
        if task.status is Status.FAILED:
            yield event(errors.of_task(path, task).text)
            return
        text = joined(task.segments)
        is_caught_up = has_ended or len(text) >= len(told)  # if not, a worker was lost, and it is heard once more
        if is_caught_up and (not text.startswith(told) or (attempt != task.attempt and told and fields.include)):
            yield event(errors.answer(path, 500, BEGUN_ANEW).text)
            return
        if is_caught_up and len(text) > len(told):
            delta = Delta(delta=text[len(told) :], logprobs=logprobs(fields, task.segments[heard:]))
            told, heard, attempt = text, len(task.segments), task.attempt
            yield event(delta.model_dump_json(exclude_none=True))
        if has_ended:
            break
        await change.wait()
    done = Done(text=told, usage=Usage.of(task), logprobs=logprobs(fields, task.segments))
    yield event(done.model_dump_json(exclude_none=True))
    yield event("[DONE]")


def logprobs(fields: Transcription, segments: Sequence[Segment]) -> list[Logprob] | None:
    """The probabilities of all tokens of ``segments``, if ``fields`` ask for them."""
    return [Logprob.of(token) for segment in segments for token in segment.tokens] if fields.include else None
