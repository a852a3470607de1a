"""The README says what is true of the code."""

import re
from pathlib import Path

import pytest

from tests.conftest import MakeSettings
from whisper_api.application import create_app
from whisper_api.settings import Settings

README = Path(__file__).parent.parent / "README.md"
UNSET = {"", "unset", "none", "-", "–", "—"}


def settings_table() -> dict[str, str]:
    """The settings by their names, each with its default, as the table under "## Settings" has them."""
    text = README.read_text(encoding="utf-8")
    match = re.search(r"^## Settings\s*$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match, "The README has no heading '## Settings'."
    table = {}
    for line in match[1].splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        name = cells[0].strip("`* ")
        if line.lstrip().startswith("|") and re.fullmatch("[A-Z][A-Z0-9_]+", name):
            assert name not in table, f"{name} stands twice in the README's table."
            table[name] = cells[-1]
    return table


def spoken(default: str) -> str:
    """A cell of the table without its typography."""
    return default.replace("\\|", "|").strip().strip("`*").strip().strip("\"'")


def means(cell: str, default: object) -> bool:
    """Whether what a cell says is ``default``."""
    said = spoken(cell)
    first = said.split(" ")[0].strip("`*\"',;:") if said else ""
    match default:
        case None:
            return first.lower() in UNSET
        case bool():
            return first == str(int(default))
        case int():
            return first == str(default)
        case Path():
            return Path(said) == default
        case frozenset() | tuple():
            words = set(said.replace("`", " ").replace(",", " ").split())
            return words == {str(each) for each in default} or (not default and said.lower() in UNSET)
        case _:
            return said == str(default)


def test_the_table_of_settings_has_every_setting_and_no_other() -> None:
    assert sorted(settings_table()) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_table_of_settings_has_the_defaults_of_the_code(name: str) -> None:
    default = Settings.model_fields[name].default
    cell = settings_table().get(name.upper())

    assert cell is not None, f"{name.upper()} is missing in the README's table."
    assert means(cell, default), f"The README says {cell!r} of {name.upper()}, and the code {default!r}."


def test_every_route_is_named(make_settings: MakeSettings, logging_restored: None) -> None:
    text = README.read_text(encoding="utf-8")
    routes = create_app(make_settings()).openapi()["paths"]

    assert routes
    assert [path for path in routes if not re.search(re.escape(path) + r"(?![\w/])", text)] == []


@pytest.mark.parametrize(
    ("cell", "default"),
    [
        ("`3001`", 3001),
        ("`1`", True),
        ("1 (yes)", True),
        ("`0`", False),
        ("unset", None),
        ("*unset*", None),
        ("", None),
        ("`data/`", Path("data/")),
        ('`"%d.%m. %H:%M:%S"`', "%d.%m. %H:%M:%S"),
        ("", frozenset[str]()),
        ("none", frozenset[str]()),
        ("`127.0.0.0/8 ::1/128`", ("127.0.0.0/8", "::1/128")),
        ("`127.0.0.0/8`, `::1/128`", ("127.0.0.0/8", "::1/128")),
    ],
)
def test_a_cell_of_the_table_can_be_written_in_several_ways(cell: str, default: object) -> None:
    assert means(cell, default)


@pytest.mark.parametrize(
    ("cell", "default"),
    [
        ("`3002`", 3001), ("`0`", True), ("`10`", True), ("`1`", False), ("`60`", None), ("`data`", Path("logs")),
        ("`tiny`", "medium"), ("nik@example.com", frozenset[str]()), ("`127.0.0.0/8`", ("127.0.0.0/8", "::1/128")),
    ],
)  # fmt: skip
def test_a_cell_of_the_table_that_is_wrong_is_noticed(cell: str, default: object) -> None:
    assert not means(cell, default)
