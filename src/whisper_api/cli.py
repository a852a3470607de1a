"""The command ``whisper_api``."""

import importlib.resources
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from whisper_api.forgetting import scrub_freed_memory
from whisper_api.settings import InvalidSettings, Settings, read_settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def main() -> None:
    """Run the server, set up by environment variables."""
    scrub_freed_memory()
    settings = _settings()

    from whisper_api.server import CannotListen, Server, bind, url

    app = _app(settings)
    try:
        listening = bind(settings.listen, settings.port)
    except CannotListen as error:
        _give_up(f"{error} Is another program using it?", code=1)
    address = url(listening)
    server = Server(app, grace=settings.shutdown_grace_s, on_ready=lambda: _greet(address))
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


def _give_up(sentence: str, *, code: int) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)


def _greet(address: str) -> None:
    sample = Path(str(importlib.resources.files("whisper_api"))) / "web" / "sample.ogg"
    shown = os.path.relpath(sample) if sample.is_relative_to(Path.cwd()) else sample
    print(
        f"\n  The page:  {address}/\n"
        f"  The API:   {address}/docs\n"
        f"  Try it:    curl -F file=@{shown} '{address}/api/v1/transcribe?wait=600'\n",
        flush=True,
    )
