"""The command ``whisper_api``."""

import argparse
import importlib.resources
import os
import resource
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from whisper_api import __version__
from whisper_api.forgetting import scrub_freed_memory
from whisper_api.settings import InvalidSettings, Settings, read_settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def main() -> None:
    """Run the server, set up by environment variables."""
    parser = argparse.ArgumentParser(
        prog="whisper_api",
        description="A private speech-to-text server. It is set up by environment variables, or by lines like "
        "PORT=3001 in a file .env: the README lists them all.",
    )
    parser.add_argument("--version", action="version", version=f"whisper_api {__version__}")
    parser.parse_args()
    scrub_freed_memory()
    settings = _settings()

    from whisper_api.server import CannotListen, Server, bind, url

    try:
        listening = bind(settings.listen, settings.port)
    except InvalidSettings as error:
        _give_up(str(error), code=2)
    except CannotListen as error:
        _give_up(str(error), code=1)
    _allow_many_files()
    address = url(listening)
    server = Server(_app(settings), grace=settings.shutdown_grace_s, on_ready=lambda: _greet(address))
    server.run_on(listening)


def app_from_environment() -> "FastAPI":
    """The server for whoever runs it with an ASGI server of their own; ends the program where settings are wrong."""
    return _app(_settings())


def _settings() -> Settings:
    try:
        return read_settings()
    except InvalidSettings as error:
        _give_up(str(error), code=2)


def _app(settings: Settings) -> "FastAPI":
    from whisper_api.application import create_app

    try:
        return create_app(settings)
    except OSError as error:
        _give_up(
            f"LOG_DIR={settings.log_dir} is not accepted: {error.strerror}. It takes: a directory to write to.", code=2
        )


def _allow_many_files() -> None:
    """Every recording that waits is an open file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _give_up(sentence: str, *, code: int) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


def _greet(address: str) -> None:
    sample = Path(str(importlib.resources.files("whisper_api"))) / "web" / "sample.ogg"
    shown = os.path.relpath(sample) if sample.is_relative_to(Path.cwd()) else sample
    print(
        f"\n  The page:  {address}/\n"
        f"  The API:   {address}/docs\n"
        f"  Try it:    curl -F {shlex.quote(f'file=@{shown}')} '{address}/api/v1/transcribe?wait=600'\n",
        flush=True,
    )
