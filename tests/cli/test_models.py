"""Which models there are, which are here, and how to get one."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from whisper_api.speech import devices, starter, weights
from whisper_api.speech.devices import CPU, Device
from whisper_api.speech.errors import NoModel
from whisper_api.speech.models import CATALOGUE, MB, Model
from whisper_api.speech.weights import HubUnreachable

GPU = Device("cuda", "float16", 4_000 * MB)


class Machine:
    """What is in the cache and on the hub."""

    def __init__(self) -> None:
        self.cache: set[str] = set()
        self.device = CPU
        self.hub: Path | Exception = Path("/cache/new")
        self.asked: list[str] = []

    def cached(self, model: Model) -> Path | None:
        return Path("/cache") / model.name if model.name in self.cache else None

    def download(self, model: Model) -> Path:
        self.asked.append(model.name)
        if isinstance(self.hub, Exception):
            raise self.hub
        return self.hub


@pytest.fixture
def machine(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(weights, "cached", machine.cached)
    monkeypatch.setattr(weights, "download", machine.download)
    monkeypatch.setattr(starter, "installed", lambda: True)
    monkeypatch.setattr(devices, "pick", lambda *, use_gpu: (machine.device if use_gpu else CPU, None))
    return machine


def row(output: str, name: str) -> list[str]:
    (line,) = [line for line in output.splitlines() if line[2:].startswith(f"{name} ")]
    return line.split()


def test_every_model_has_a_line_with_what_is_known_of_it(run: Run, machine: Machine) -> None:
    machine.cache = {"small"}

    result = run("models")

    assert result.exit_code == 0
    assert all(row(result.stdout, model.name) for model in CATALOGUE)
    assert row(result.stdout, "small") == ["small", "484", "MB", "many", "yes", "1.7", "GB", "?", "cache"]
    assert row(result.stdout, "base") == ["base", "145", "MB", "many", "yes", "990", "MB", "760", "MB", "embedded"]
    assert row(result.stdout, "tiny.en") == ["tiny.en", "76", "MB", "English", "no", "851", "MB", "?", "no"]
    assert row(result.stdout, "turbo")[4] == "no"


def test_the_table_fits_into_80_columns(run: Run, machine: Machine) -> None:
    assert max(map(len, run("models").stdout.splitlines())) <= 80


def test_a_star_marks_what_this_machine_takes(run: Run, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert row(run("models").stdout, "medium")[0] == "*"

    machine.device = GPU
    assert row(run("models").stdout, "medium")[0] == "*"  # large-v3 does not fit
    monkeypatch.setenv("MAX_MODEL", "small")
    assert row(run("models").stdout, "small")[0] == "*"
    monkeypatch.setenv("MAX_MODEL", "starter")
    assert row(run("models").stdout, "base")[0] == "*"


def test_a_model_that_is_not_here_yet_is_said_to_be_downloaded_and_what_stands_in_for_it(
    run: Run, machine: Machine
) -> None:
    output = run("models").stdout.replace("\n", " ")
    assert "on its CPU. It is downloaded when it is first needed; if the hub cannot be reached, base is taken" in output

    machine.cache = {"medium"}
    assert "downloaded" not in run("models").stdout


def test_a_directory_as_the_default_is_said(
    run: Run, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.bin").touch()
    monkeypatch.setenv("MAX_MODEL", str(tmp_path))

    assert f"This machine takes the one in {tmp_path}." in run("models").stdout.replace("\n", " ")


def test_a_gpu_without_room_is_said(run: Run, machine: Machine) -> None:
    machine.device = Device("cuda", "float16", 100 * MB)

    result = run("models")

    assert result.exit_code == 0
    assert "fits into the 100 MB that are free on the GPU" in result.stdout.replace("\n", " ")


def test_programs_get_bytes_and_null_for_what_is_not_known(run: Run, machine: Machine) -> None:
    machine.cache = {"large-v3"}

    listed = json.loads(run("models", "--json").stdout)

    assert listed["default"] == "medium"
    (large,) = [model for model in listed["models"] if model["name"] == "large-v3"]
    assert large == {
        "name": "large-v3",
        "aliases": ["large"],
        "download_bytes": 3_087_284_237,
        "multilingual": True,
        "translates": True,
        "gpu_memory_bytes": 6_874_568_474,
        "cpu_memory_bytes": None,
        "on_this_machine": "cache",
        "directory": "/cache/large-v3",
    }


def test_a_model_is_downloaded(run: Run, machine: Machine) -> None:
    result = run("models", "download", "large")

    assert (result.exit_code, result.stdout) == (0, "large-v3 is in /cache/new\n")
    assert machine.asked == ["large-v3"]


def test_a_model_that_is_here_is_not_downloaded_again(run: Run, machine: Machine) -> None:
    machine.cache = {"small"}

    result = run("models", "download", "small")

    assert (result.exit_code, result.stdout) == (0, "small is on this machine already: /cache/small\n")
    assert machine.asked == []


def test_the_embedded_model_needs_no_download(run: Run, machine: Machine) -> None:
    assert run("models", "download", "starter").exit_code == 0
    assert machine.asked == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HubUnreachable("The model hub cannot be reached"), "The model hub cannot be reached. Try again"),
        (NoModel("The model.bin that the hub sent has the wrong checksum."), "has the wrong checksum."),
        (OSError("No space left on device"), "small could not be downloaded (OSError: No space left on device)."),
    ],
)
def test_a_download_that_fails_says_why(run: Run, machine: Machine, error: Exception, reason: str) -> None:
    machine.hub = error

    result = run("models", "download", "small")

    assert result.exit_code == 3
    assert reason in result.stderr


def test_a_directory_is_nothing_to_download(run: Run, machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()

    assert run("models", "download", str(tmp_path)).exit_code == 2
