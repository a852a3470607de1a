"""docs/command-line.md says what is true of the command."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from whisper_api.cli.exits import Exit
from whisper_api.cli.program import program
from whisper_api.formats.files import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")


def options(command: click.Command) -> Iterator[str]:
    """All options of ``command`` and of those below it."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield from parameter.opts
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options(below)


def test_every_option_is_described_and_no_other() -> None:
    described = set(re.findall(r"`(--?[a-z][a-z-]*)`", PAGE)) | set(re.findall(r" (--[a-z][a-z-]*)", PAGE))

    assert described == (set(options(program)) | {"--help"}) - {"--version"}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_explained(code: Exit) -> None:
    assert f"\n| {code:d} | " in PAGE
