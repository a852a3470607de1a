"""Transcripts as text."""

from tests.tasks.fakes import segment
from whisper_api.transcript import Transcript, joined


def test_a_text_is_its_segments_one_after_another() -> None:
    segments = [segment(" And so,"), segment(" my fellow"), segment(" Americans.")]

    assert joined(segments) == "And so, my fellow Americans."


def test_no_space_is_put_between_segments_that_have_none() -> None:
    assert joined([segment("你好"), segment("世界")]) == "你好世界"


def test_a_transcript_of_silence_has_an_empty_text() -> None:
    assert Transcript("en", 3.0, ()).text == ""
