"""What tests of several rooms share."""

import logging
import signal
from collections.abc import Callable, Iterator
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from whisper_api.settings import Settings

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")

MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Programs under test can be interrupted, also where a shell runs the tests in its background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No setting in the environment, and an empty working directory, so that no ``.env`` is near."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Whatever a test makes of the process's logging is undone, and its log files are closed."""
    loggers = [logging.getLogger(), logging.getLogger("whisper_api")]
    levels = [logger.level for logger in loggers]
    yield
    for handler in list(loggers[0].handlers):
        if type(handler) in (logging.StreamHandler, TimedRotatingFileHandler):
            loggers[0].removeHandler(handler)
            handler.close()
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def make_settings(bare_environment: Path) -> MakeSettings:
    """Settings for a server in a test: logs beside the test's files, no model, no grace."""

    def make(**values: Any) -> Settings:
        defaults: dict[str, Any] = {
            "log_dir": bare_environment / "logs",
            "load_model_on_startup": False,
            "shutdown_grace_s": 0,
            "max_recordings_mb": 64,
        }
        return Settings(**(defaults | values))

    return make
