"""Recordings become text in this process, with an engine that says what a test wants."""

from pathlib import Path
from typing import cast

import pytest

from tests.cli.conftest import FakeEngine, make
from tests.cli.fakes import Seen, recording
from whisper_api.cli.here import Here
from whisper_api.cli.working import MOST_AT_ONCE
from whisper_api.speech.engine import Engine
from whisper_api.speech.options import Kind, Options


def here(engine: FakeEngine, options: Options | None = None) -> Here:
    return Here(cast("Engine", engine), options or Options())


async def test_how_far_it_is_is_told_by_what_the_file_says_of_its_length(engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")
    watch = Seen()

    heard = await here(engine).transcribe(recording("talk.wav"), watch)

    assert watch.states == [1]
    assert (heard.transcript.text, heard.transcript.duration) == ("This is talk.wav.", 1)


@pytest.mark.parametrize(("task", "language"), [("transcribe", "de"), ("translate", "en")])
async def test_a_translation_is_in_english(engine: FakeEngine, folder: Path, task: Kind, language: str) -> None:
    make("talk.wav")
    engine.language = "de"

    heard = await here(engine, Options(task=task)).transcribe(recording("talk.wav"), Seen())

    assert heard.transcript.language == language


async def test_a_recording_that_is_done_or_given_up_leaves_the_engine(engine: FakeEngine, folder: Path) -> None:
    make("talk.wav")
    make("broken.mp3", content=b"no sound at all")
    inside = here(engine)

    await inside.transcribe(recording("talk.wav"), Seen())
    with pytest.raises(Exception, match="could not be read"):
        await inside.transcribe(recording("broken.mp3"), Seen())

    assert [each.was_cancelled for each in engine.transcriptions] == [True, True]


def test_no_more_are_in_hand_than_can_be_looked_at(engine: FakeEngine) -> None:
    assert engine.plan.recordings_at_once > MOST_AT_ONCE
    assert here(engine).at_once == MOST_AT_ONCE
