"""Advanced SubStation Alpha, as other programs read it."""

import pysubs2
import pytest
from hypothesis import given

from tests.formats import ffmpeg
from tests.formats.talks import ANY, anything, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.ass import write
from whisper_api.formats.cues import cues
from whisper_api.formats.layout import Layout
from whisper_api.transcript import Segment


def read(file: str) -> pysubs2.SSAFile:
    return pysubs2.SSAFile.from_string(file, format_="ass")


def test_text_is_white_at_the_bottom_and_in_the_direction_of_its_script() -> None:
    script = read(write(transcript(segment(" Ask not.", 1.234, 3))))

    assert (script.info["PlayResX"], script.info["PlayResY"]) == ("1920", "1080")
    style = script.styles[script[0].style]
    assert style.primarycolor == pysubs2.Color(255, 255, 255)
    assert style.alignment == pysubs2.Alignment.BOTTOM_CENTER
    assert style.encoding == -1
    assert (script[0].start, script[0].end, script[0].text) == (1230, 3000, "Ask not.")


def test_the_word_that_is_spoken_is_underlined() -> None:
    file = write(transcript(with_words(" Ask {not}", 0, 3)), Layout(highlight_words=True))

    assert [event.text for event in read(file)] == [r"{\u1}Ask{\u0} ｛not｝", r"Ask {\u1}｛not｝{\u0}"]


def test_a_recording_of_more_than_ten_hours_goes_on() -> None:
    assert "11:06:40.00" in write(transcript(segment("x", 40_000, 40_001)))


@pytest.mark.parametrize("text", ANY)
def test_others_read_what_was_said(text: str) -> None:
    lines = [[_look_alike(line) for line in cue.lines] for cue in cues([segment(text, 0, 9)])]
    file = write(transcript(segment(text, 0, 9)))

    assert [event.plaintext.split("\n") for event in read(file)] == lines
    assert [event.split(r"\N") for event in ffmpeg.shown(file, "ass")] == lines


@given(anything())
def test_whatever_was_said_each_cue_is_read_as_one_in_order(segments: list[Segment]) -> None:
    shown = cues(segments)
    events = read(write(transcript(*segments)))

    assert [event.plaintext.count("\n") + 1 for event in events] == [len(cue.lines) for cue in shown]
    assert all(event.start < event.end for event in events)


def _look_alike(text: str) -> str:
    return text.replace("{", "｛").replace("}", "｝").replace("\\", "＼")
