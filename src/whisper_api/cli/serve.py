"""The server, as the command starts it."""

import importlib.resources
import os
import resource
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whisper_api.cli.exits import Exit, give_up
from whisper_api.forgetting import scrub_freed_memory

if TYPE_CHECKING:
    from fastapi import FastAPI

    from whisper_api.settings import Settings


def serve() -> None:
    """Run the server, set up by environment variables."""
    scrub_freed_memory()
    settings = settings_or_exit()

    from whisper_api.server import CannotListen, Server, bind, url
    from whisper_api.settings import InvalidSettings

    try:
        listening = bind(settings.listen, settings.port)
    except InvalidSettings as error:
        give_up(str(error), Exit.USAGE)
    except CannotListen as error:
        give_up(str(error), Exit.FAILED)
    _allow_many_files()
    address = url(listening)
    server = Server(_app(settings), grace=settings.shutdown_grace_s, on_ready=lambda: _greet(address))
    server.run_on(listening)


def app_from_environment() -> "FastAPI":
    """The server for whoever runs it with an ASGI server of their own; ends the program where settings are wrong."""
    return _app(settings_or_exit())


def settings_or_exit() -> "Settings":
    """The settings as the environment has them; ends the program where they are wrong."""
    from whisper_api.settings import InvalidSettings, read_settings

    try:
        return read_settings()
    except InvalidSettings as error:
        give_up(str(error), Exit.USAGE)


def _app(settings: "Settings") -> "FastAPI":
    from whisper_api.application import create_app

    try:
        return create_app(settings)
    except OSError as error:
        give_up(
            f"LOG_DIR={settings.log_dir} is not accepted: {error.strerror}. It takes: a directory to write to.",
            Exit.USAGE,
        )


def _allow_many_files() -> None:
    """Every recording that waits is an open file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _greet(address: str) -> None:
    sample = Path(str(importlib.resources.files("whisper_api"))) / "web" / "sample.ogg"
    shown = os.path.relpath(sample) if sample.is_relative_to(Path.cwd()) else sample
    click.echo(
        f"\n  The page:  {address}/\n"
        f"  The API:   {address}/docs\n"
        f"  Try it:    curl -F {shlex.quote(f'file=@{shown}')} '{address}/api/v1/transcribe?wait=600'\n"
    )
