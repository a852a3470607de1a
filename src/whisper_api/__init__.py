"""A private speech-to-text server: a recording goes in, its text comes out."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fastapi import FastAPI

    app: FastAPI


def __getattr__(name: str) -> Any:
    """Make ``app`` on first use, so that ``uvicorn whisper_api:app`` works and a plain import stays free."""
    if name == "app":
        from whisper_api.cli import app_from_environment

        application = globals()["app"] = app_from_environment()
        return application
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
