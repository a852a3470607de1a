"""What tests of several rooms share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from whisper_api.settings import Settings

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")

MakeSettings = Callable[..., Settings]


@pytest.fixture
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No setting in the environment, and an empty working directory, so that no ``.env`` is near."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def make_settings(bare_environment: Path) -> MakeSettings:
    """Settings for a server in a test: logs beside the test's files, no model, no grace."""

    def make(**values: Any) -> Settings:
        defaults = {
            "log_dir": bare_environment / "logs",
            "load_model_on_startup": False,
            "shutdown_grace_s": 0,
            "max_recordings_mb": 64,
        }
        return Settings(**(defaults | values))

    return make
