"""Timed text, as parsers of XML and of subtitles read it."""

from xml.etree import ElementTree as ET

import pysubs2
import pytest
from hypothesis import given

from tests.formats.talks import ANY, ARABIC, HEBREW, anything, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.cues import cues
from whisper_api.formats.layout import Layout
from whisper_api.formats.ttml import write
from whisper_api.transcript import Segment

TT = "{http://www.w3.org/ns/ttml}"
STYLE = "{http://www.w3.org/ns/ttml#styling}"
XML = "{http://www.w3.org/XML/1998/namespace}"


def paragraphs(file: str) -> list[ET.Element]:
    return ET.fromstring(file.encode()).findall(f"{TT}body/{TT}div/{TT}p")


def lines(paragraph: ET.Element) -> list[str]:
    for line_break in paragraph.iter(f"{TT}br"):
        line_break.text = "\n"
    return "".join(paragraph.itertext()).split("\n")


def test_the_document_names_its_language_and_where_text_stands() -> None:
    root = ET.fromstring(write(transcript(segment(" Hallo."), language="de")).encode())

    assert root.tag == f"{TT}tt"
    assert root.get(f"{XML}lang") == "de"
    regions = [region.get(f"{XML}id") for region in root.findall(f"{TT}head/{TT}layout/{TT}region")]
    assert [body.get("region") for body in root.findall(f"{TT}body")] == regions


def test_every_style_that_is_used_is_there() -> None:
    file = write(transcript(with_words(" Ask not", 0, 2)), Layout(highlight_words=True))
    root = ET.fromstring(file.encode())

    styles = {style.get(f"{XML}id"): style for style in root.iter(f"{TT}style")}
    assert {element.get("style") for element in root.iter() if element.get("style")} == set(styles)
    assert styles["spoken"].get(f"{STYLE}textDecoration") == "underline"
    assert [span.text for span in root.iter(f"{TT}span")] == ["Ask", "not"]


@pytest.mark.parametrize(
    ("text", "direction"), [(HEBREW, "rtl"), (ARABIC, "rtl"), (" 5 < 6", None), (" Ask not", None)]
)
def test_text_that_is_read_from_right_to_left_says_so(text: str, direction: str | None) -> None:
    assert paragraphs(write(transcript(segment(text, 0, 9))))[0].get(f"{STYLE}direction") == direction


def test_a_foreign_name_at_its_beginning_does_not_turn_a_text_round() -> None:
    said = transcript(segment(" Google تعلن عن هاتف جديد اليوم.", 0, 3), language="ar")

    assert paragraphs(write(said))[0].get(f"{STYLE}direction") == "rtl"


@pytest.mark.parametrize("text", ANY)
def test_others_read_what_was_said(text: str) -> None:
    shown = cues([segment(text, 0, 9)])
    file = write(transcript(segment(text, 0, 9)))
    events = pysubs2.SSAFile.from_string(file, format_="ttml")

    assert [lines(paragraph) for paragraph in paragraphs(file)] == [list(cue.lines) for cue in shown]
    assert [(event.start / 1000, event.end / 1000) for event in events] == [
        (round(cue.start, 3), round(cue.end, 3)) for cue in shown
    ]


@given(anything())
def test_whatever_was_said_each_cue_is_read_as_one_in_order(segments: list[Segment]) -> None:
    shown = cues(segments)
    found = paragraphs(write(transcript(*segments)))

    assert [lines(paragraph) for paragraph in found] == [list(cue.lines) for cue in shown]
    assert all(paragraph.attrib["begin"] < paragraph.attrib["end"] for paragraph in found)
