"""What stands behind the name ``whisper_api``."""

import sys
from importlib import import_module

import click

from whisper_api import __version__
from whisper_api.cli.exits import Exit
from whisper_api.cli.serve import serve

NAME = "whisper_api"

_COMMANDS = ("transcribe", "models", "completion")


class Commands(click.Group):
    """Commands by the names of their modules, imported when they are asked for: the server needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"whisper_api.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    NAME,
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context) -> None:
    """A private speech-to-text server.

    Without a command it starts the server. That is set up by environment variables, or by lines like PORT=3001 in a
    file .env: the README lists them all.

    \b
    whisper_api                              start the server
    MAX_MODEL=small whisper_api              the same with another model
    whisper_api transcribe talk.mp3 -f srt   subtitles of a file, without a server
    whisper_api COMMAND --help               what a command takes, with examples
    """
    if context.invoked_subcommand is None:
        serve()


def main() -> None:
    """Carry out the command line, and exit."""
    try:
        code = program.main(prog_name=NAME, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        click.echo("Interrupted.", err=True)
        code = Exit.INTERRUPTED
    sys.exit(code)
