"""JSON, as programs that know openai-whisper read it."""

import json

from tests.formats.talks import HEBREW, transcript
from tests.tasks.fakes import segment
from whisper_api.formats.json import write
from whisper_api.transcript import Segment, Word


def test_names_and_units_are_those_of_openai_whisper() -> None:
    word = Word(" Ask", 30.123400000001, 31, 0.75)
    said = Segment(30.1, 32.300000000000004, " Ask", -0.25, 1.5, 0.125, 30.0, 0.2, (50364, 12320), (word,))

    assert json.loads(write(transcript(segment(" So", 0, 1), said, language="en"))) == {
        "text": "So Ask",
        "segments": [
            {
                "id": 0, "seek": 0, "start": 0, "end": 1, "text": " So", "tokens": [], "temperature": 0.0,
                "avg_logprob": -0.25, "compression_ratio": 1.5, "no_speech_prob": 0.125,
            },
            {
                "id": 1, "seek": 3000, "start": 30.1, "end": 32.3, "text": " Ask", "tokens": [50364, 12320],
                "temperature": 0.2, "avg_logprob": -0.25, "compression_ratio": 1.5, "no_speech_prob": 0.125,
                "words": [{"word": " Ask", "start": 30.123, "end": 31, "probability": 0.75}],
            },
        ],
        "language": "en",
        "duration": 32.3,
    }  # fmt: skip


def test_every_script_can_be_read_in_the_file_itself() -> None:
    assert HEBREW.strip() in write(transcript(segment(HEBREW)))


def test_no_sign_in_a_text_ends_the_line() -> None:
    text = " one\x85two\u2028three\u2029four\n"
    file = write(transcript(segment(text)))

    assert len(file.splitlines()) == 1
    assert json.loads(file)["segments"][0]["text"] == text
