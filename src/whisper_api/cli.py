"""The command ``whisper_api``."""

import importlib.resources
import os
import sys
from pathlib import Path

from whisper_api.forgetting import scrub_freed_memory
from whisper_api.settings import InvalidSettings, read_settings


def main() -> None:
    """Run the server, set up by environment variables."""
    scrub_freed_memory()
    try:
        settings = read_settings()
    except InvalidSettings as error:
        sys.exit(_complain(str(error), code=2))

    from whisper_api.app import create_app
    from whisper_api.server import CannotListen, Server, bind, url

    try:
        app = create_app(settings)
    except OSError as error:
        sys.exit(
            _complain(
                f"LOG_DIR={settings.log_dir} cannot be written to: {error.strerror}. It takes: a directory.",
                code=2,
            )
        )
    try:
        listening = bind(settings.listen, settings.port)
    except CannotListen as error:
        sys.exit(_complain(f"{error} Is another program using it?", code=1))
    address = url(listening)
    server = Server(app, grace=settings.shutdown_grace_s, on_ready=lambda: _greet(address))
    server.run_on(listening)


def _complain(sentence: str, *, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _greet(address: str) -> None:
    sample = Path(str(importlib.resources.files("whisper_api"))) / "web" / "sample.ogg"
    shown = os.path.relpath(sample) if sample.is_relative_to(Path.cwd()) else sample
    print(
        f"\n  The page:  {address}/\n"
        f"  The API:   {address}/docs\n"
        f"  Try it:    curl -F file=@{shown} '{address}/api/v1/transcribe?wait=600'\n",
        flush=True,
    )
