"""The command ``whisper_api``: the server, and everything else that can be done from a shell."""

from whisper_api.cli.program import main
from whisper_api.cli.serve import app_from_environment

__all__ = ["app_from_environment", "main"]
