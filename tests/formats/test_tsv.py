"""A table."""

import csv
import io

import pytest
from hypothesis import given

from tests.formats.talks import KENNEDY, anything, transcript
from tests.tasks.fakes import segment
from whisper_api.formats.plain import one_line
from whisper_api.formats.tsv import write
from whisper_api.transcript import Segment


def test_times_are_in_milliseconds() -> None:
    assert write(transcript(*(segment(*said) for said in KENNEDY[:2]))) == (
        "start\tend\ttext\n"
        "0\t4200\tAnd so, my fellow Americans,\n"
        "5400\t8200\task not what your country can do for you,\n"
    )  # fmt: skip


def test_tabs_and_line_ends_are_spaces() -> None:
    assert write(transcript(segment(" one\ttwo\r\nthree"))).splitlines()[1] == "0\t1000\tone two three"


def test_a_quotation_mark_at_the_beginning_does_not_swallow_the_next_rows() -> None:
    said = ['"I never said that,', 'said "the" man."', '"No!" he cried.']
    table = write(transcript(*(segment(text) for text in said)))

    assert [text.strip() for _, _, text in csv.reader(table.splitlines(), delimiter="\t")] == ["text", *said]


@pytest.mark.parametrize("text", ["=1+1 and so on", "+1 from me", "- Hi there.", "@home", '"Yes."'])
def test_no_text_is_a_formula(text: str) -> None:
    assert write(transcript(segment(text))).splitlines()[1] == f"0\t1000\t\u00a0{text}"


@given(anything())
def test_readers_of_csv_read_every_row_as_it_was_said(segments: list[Segment]) -> None:
    _, *rows = csv.reader(io.StringIO(write(transcript(*segments)), newline=""), delimiter="\t")

    assert [text.strip() for _, _, text in rows] == [one_line(each.text) for each in segments]


@given(anything())
def test_every_segment_is_a_row_of_three(segments: list[Segment]) -> None:
    rows = list(csv.reader(write(transcript(*segments)).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))

    assert len(rows) == 1 + len(segments)
    assert {len(row) for row in rows} == {3}
