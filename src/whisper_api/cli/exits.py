"""How a command ends, for scripts to tell."""

import sys
from enum import IntEnum
from typing import NoReturn

import click


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3
    SKIPPED = 4
    INTERRUPTED = 130


class Unavailable(click.ClickException):
    """There is nothing to transcribe with: no model, or no server. The message says what to do."""

    exit_code = Exit.UNAVAILABLE


def give_up(sentence: str, code: Exit) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)
