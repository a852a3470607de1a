"""docs/formats.md shows what is written."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.formats.talks import KENNEDY, transcript, with_words
from tests.tasks.fakes import segment
from whisper_api.formats.files import FORMATS
from whisper_api.formats.layout import MOST_LINES, WIDEST_LINE, Layout

DOCUMENT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^## (\w+)$(?:(?!^## ).)*?^```\w*\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))


def test_every_format_is_described_and_has_an_example() -> None:
    assert sorted(re.findall(r"^\| \[`(\w+)`\]", DOCUMENT, re.MULTILINE)) == sorted(FORMATS)
    assert sorted(EXAMPLES) == sorted(FORMATS)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "json"])
def test_examples_are_what_is_written(name: str) -> None:
    assert EXAMPLES[name] in FORMATS[name].write(transcript(*(segment(*said) for said in KENNEDY)))


def test_the_example_of_json_is_what_is_written() -> None:
    said = replace(with_words(" Ask not", 0, 0.8), token_ids=(12320, 406))

    assert json.loads(EXAMPLES["json"]) == json.loads(FORMATS["json"].write(transcript(said)))


def test_every_option_is_described_with_its_limits() -> None:
    options = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", DOCUMENT, re.MULTILINE))

    assert list(options) == list(Layout.__dataclass_fields__)
    assert f"1 to {WIDEST_LINE}" in options["max_line_width"]
    assert f"1 to {MOST_LINES}" in options["max_line_count"]
