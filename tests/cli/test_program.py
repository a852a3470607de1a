"""The name ``whisper_api``, and what stands behind it."""

import subprocess
import sys

import click
import pytest

from tests.cli.conftest import Run
from whisper_api import __version__
from whisper_api.cli import main, program


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    served: list[str] = []
    monkeypatch.setattr(program, "serve", lambda: served.append("server"))
    return served


def test_without_a_command_the_server_is_started(run: Run, served: list[str]) -> None:
    assert run().exit_code == 0
    assert served == ["server"]


@pytest.mark.parametrize("arguments", [["models", "--help"], ["--version"], ["-h"], ["completion", "bash"]])
def test_a_command_starts_no_server(run: Run, served: list[str], arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 0
    assert served == []


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout == f"whisper_api {__version__}\n"


def test_what_is_no_command_is_refused(run: Run, served: list[str]) -> None:
    result = run("transscribe")

    assert result.exit_code == 2
    assert "No such command 'transscribe'." in result.stderr
    assert served == []


@pytest.mark.parametrize("name", ["transcribe", "models", "completion"])
def test_every_command_is_listed_and_explains_itself_with_examples(run: Run, name: str) -> None:
    assert f"\n  {name}  " in run("--help").stdout
    assert f"whisper_api {name}" in run(name, "--help").stdout.partition("\n")[2]


@pytest.mark.parametrize(("name", "arguments"), [("main", []), ("transcribe", ["transcribe"]), ("models", ["models"])])
def test_no_line_of_help_is_wider_than_a_terminal(run: Run, name: str, arguments: list[str]) -> None:
    assert max(map(len, run(*arguments, "--help").stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("ending", "code"),
    [(KeyboardInterrupt(), 130), (click.UsageError("No."), 2), (SystemExit(4), 4)],
)
def test_the_exit_code_tells_how_it_ended(monkeypatch: pytest.MonkeyPatch, ending: BaseException, code: int) -> None:
    def serve() -> None:
        raise ending

    monkeypatch.setattr(program, "serve", serve)
    monkeypatch.setattr(sys, "argv", ["whisper_api"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == code


def test_the_server_needs_none_of_what_the_other_commands_need() -> None:
    code = "import sys, whisper_api.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert {"whisper_api.cli.transcribe", "whisper_api.cli.models", "rich", "httpx2", "pydantic"} & set(loaded) == set()
