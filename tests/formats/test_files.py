"""All formats alike."""

import pytest
from hypothesis import given

from tests.formats.talks import LANGUAGES, anything, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.cues import WordsUnknown
from whisper_api.formats.files import FORMATS, Format
from whisper_api.formats.layout import Layout
from whisper_api.transcript import Segment

formats = pytest.mark.parametrize("known", FORMATS.values(), ids=FORMATS.keys())


def test_formats_are_found_by_their_names() -> None:
    assert list(FORMATS) == ["txt", "srt", "vtt", "tsv", "json", "ass", "ttml", "lrc", "md"]
    assert all(known.suffix == f".{name}" for name, known in FORMATS.items())


@formats
@given(segments=anything())
def test_whatever_was_said_can_be_written_as_utf_8(known: Format, segments: list[Segment]) -> None:
    file = known.write(transcript(*segments))

    assert file.encode().decode() == file
    assert not set("\r\0\x0b\x0c\x1c\x85\u2028") & set(file)


@formats
def test_a_file_ends_with_its_last_line(known: Format) -> None:
    assert known.write(transcript(segment(" Ask not.", 0, 2)))[-2:] not in ("\n\n", "")


@formats
def test_words_can_be_highlighted_wherever_they_were_asked_for(known: Format) -> None:
    talk = transcript(*(with_words(text, 10 * number, 10 * number + 9) for number, text in enumerate(LANGUAGES)))

    assert known.write(talk, Layout(highlight_words=True))


@pytest.mark.parametrize("name", ["srt", "vtt", "ass", "ttml"])
def test_subtitles_without_times_of_words_cannot_highlight_them(name: str) -> None:
    with pytest.raises(WordsUnknown, match="Ask for words"):
        FORMATS[name].write(transcript(segment(" Ask not.")), Layout(highlight_words=True))
