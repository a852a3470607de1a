"""The command with a real model: what it writes, what it says, and how it ends."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.speech.fake_hub import running_hub
from whisper_api.speech.models import named

from .conftest import Start
from .recordings import COUNTING, FOX, encoded, hello, overlap, sample, speech, talk, text_of
from .server import Server, eventually
from .test_privacy import connected_addresses, strace_trouble, written_paths

COMMAND = [sys.executable, "-m", "whisper_api"]
PATIENCE_SECONDS = 120


class Shell:
    """Runs the command in ``directory``, with a small English model unless ``variables`` say otherwise."""

    def __init__(self, directory: Path, model: str) -> None:
        self.directory = directory
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        self.variables = {**kept, "MAX_MODEL": model, "USE_GPU_IF_AVAILABLE": "0"}

    def run(self, *arguments: str, stdin: bytes = b"", **variables: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.directory,
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            env=self.variables | variables,
        )

    @contextlib.contextmanager
    def running(self, *arguments: str, wrapper: Sequence[str] = ()) -> Iterator["subprocess.Popen[bytes]"]:
        with subprocess.Popen(
            [*wrapper, *COMMAND, *arguments],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self.variables,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def on_a_terminal(self, *arguments: str) -> str:
        """All that a terminal of 80 columns is sent."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        with subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.directory,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=self.variables | {"TERM": "xterm-256color"},
        ) as process:
            os.close(theirs)
            shown = b""
            while piece := _read(ours):
                shown += piece
            assert process.wait(PATIENCE_SECONDS) == 0
        os.close(ours)
        return shown.decode()

    def put(self, name: str, content: bytes) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def text(self, name: str) -> str:
        return (self.directory / name).read_text("utf-8")

    @property
    def files(self) -> set[str]:
        return {str(path.relative_to(self.directory)) for path in self.directory.rglob("*") if path.is_file()}


@pytest.fixture
def shell(tmp_path: Path, tiny: str) -> Shell:
    (tmp_path / "work").mkdir()
    return Shell(tmp_path / "work", tiny)


@pytest.fixture(scope="module")
def server(start_for_module: Start) -> Server:
    return start_for_module()


# ---- in place ------------------------------------------------------------------------------------------------


def test_a_recording_becomes_text(shell: Shell) -> None:
    shell.put("talk.mp3", encoded(speech(FOX), "mp3", "libmp3lame"))

    ended = shell.run("transcribe", "talk.mp3")

    assert (ended.returncode, ended.stdout) == (0, b"")
    assert overlap(shell.text("talk.txt"), text_of(FOX)) > 0.8
    assert re.fullmatch(r"talk\.mp3 → talk\.txt  0:0\d in 0:\d\d \(\d+\.\dx\)\n", ended.stderr.decode())


def test_the_embedded_model_is_taken_by_its_name(shell: Shell) -> None:
    shell.put("talk.wav", sample(FOX).read_bytes())

    assert shell.run("transcribe", "talk.wav", "-m", "starter", "--words", "-f", "json", MAX_MODEL="").returncode == 0

    said = json.loads(shell.text("talk.json"))
    assert said["language"] == "en"
    assert overlap(said["text"], text_of(FOX)) > 0.8
    assert [word["word"] for segment in said["segments"] for word in segment["words"]]


def test_a_folder_becomes_a_folder_of_all_formats(shell: Shell) -> None:
    shell.put("talks/fox.wav", sample(FOX).read_bytes())
    shell.put("talks/2024/hello.wav", hello())
    shell.put("talks/notes.txt", b"not a recording")

    ended = shell.run("transcribe", "talks", "-o", "texts", "-f", "all", "--highlight-words")

    assert ended.returncode == 0, ended.stderr.decode()
    for suffix in ("txt", "srt", "vtt", "tsv", "json"):
        assert "lazy" in shell.text(f"texts/fox.{suffix}")
        assert f"texts/2024/hello.{suffix}" in shell.files
    assert len([name for name in shell.files if name.startswith("talks")]) == 3


def test_a_recording_goes_in_through_a_pipe_and_its_subtitles_come_out(shell: Shell) -> None:
    ended = shell.run("transcribe", "-", "-f", "srt", stdin=sample(FOX).read_bytes())

    assert ended.returncode == 0
    assert re.match(rb"1\r?\n00:00:0", ended.stdout)
    assert b"lazy" in ended.stdout
    assert shell.files == set()


def test_a_reader_that_closes_its_pipe_early_sees_no_traceback(shell: Shell) -> None:
    shell.put("fox.wav", sample(FOX).read_bytes())
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [*COMMAND, "transcribe", "fox.wav", "-o", "-"],
        cwd=shell.directory, stdout=writing, stderr=subprocess.PIPE, env=shell.variables, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    os.close(writing)

    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr
    assert b"Exception" not in ended.stderr


def test_what_is_there_is_left_alone_unless_by_force(shell: Shell) -> None:
    shell.put("hello.wav", hello())
    shell.put("hello.txt", b"mine")

    ended = shell.run("transcribe", "hello.wav")
    assert (ended.returncode, shell.text("hello.txt")) == (4, "mine")
    assert b"hello.txt is there already: skipped" in ended.stderr

    assert shell.run("transcribe", "hello.wav", "--force").returncode == 0
    assert "hello" in shell.text("hello.txt").lower()


def test_one_bad_file_stops_no_other(shell: Shell) -> None:
    shell.put("a.wav", hello())
    shell.put("b.mp3", b"no sound at all")
    shell.put("c.wav", hello())

    ended = shell.run("transcribe", "*.*")

    assert ended.returncode == 1
    assert b"b.mp3: The file could not be read as a recording." in ended.stderr
    assert shell.files == {"a.wav", "a.txt", "b.mp3", "c.wav", "c.txt"}


def test_without_a_model_it_ends_with_3_and_a_sentence(shell: Shell) -> None:
    shell.put("hello.wav", hello())

    ended = shell.run("transcribe", "hello.wav", MAX_MODEL="tiny", HF_HUB_OFFLINE="1", HF_HOME="hub")

    assert ended.returncode == 3
    assert b"no model up to tiny is on this machine" in ended.stderr


@pytest.mark.parametrize(
    ("number", "wrapper"),
    [
        (signal.SIGINT, ()),
        (signal.SIGTERM, ()),
        (signal.SIGTERM, ("sh", "-c", 'trap "" INT; exec "$@"', "sh")),  # as a shell starts what is in the background
    ],
    ids=["by Ctrl-C", "by a signal", "by a signal in the background"],
)
def test_who_interrupts_it_finds_whole_files_and_nothing_else(
    shell: Shell, number: signal.Signals, wrapper: Sequence[str]
) -> None:
    shell.put("a.wav", hello())
    shell.put("long.wav", talk(1200))

    with shell.running("transcribe", "a.wav", "long.wav", "-f", "all", wrapper=wrapper) as process:
        eventually(lambda: "a.md" in shell.files)
        process.send_signal(number)
        assert process.wait(30) == 130
        assert process.stderr is not None
        said = process.stderr.read()

    assert said.splitlines()[-1] == b"Interrupted."
    assert b"Traceback" not in said
    assert not [name for name in shell.files if name.startswith("long.") and name != "long.wav"]
    assert not [name for name in shell.files if ".whisper_api-" in name]


def test_who_is_impatient_sees_no_crash(shell: Shell) -> None:
    shell.put("a.wav", hello())
    shell.put("long.wav", talk(1200))

    with shell.running("transcribe", "a.wav", "long.wav") as process:
        eventually(lambda: "a.txt" in shell.files)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)

    assert process.returncode in (130, -signal.SIGINT)  # which a shell shows as 130 too


def test_a_terminal_shows_a_bar_with_the_time_left_and_a_pipe_does_not(shell: Shell) -> None:
    shell.put("talk.wav", talk(300))  # long enough for a fast machine to show how much is left

    shown = shell.on_a_terminal("transcribe", "talk.wav")

    assert "Using model on the CPU." in shown
    assert "━" in shown
    assert re.search(r"\d+ % +0:\d\d left", shown)
    assert "talk.wav → talk.txt  5:00 in" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back

    plain = shell.run("transcribe", "talk.wav", "--force").stderr.decode()
    assert len(plain.splitlines()) == 1
    assert plain.removesuffix("\n").isprintable()


def test_nothing_but_what_was_asked_for_is_written_and_no_other_machine_is_spoken_to(
    shell: Shell, tmp_path: Path
) -> None:
    if trouble := strace_trouble():
        pytest.skip(trouble)
    shell.put("fox.wav", sample(FOX).read_bytes())
    record = tmp_path / "record.txt"
    shell.variables["PYTHONDONTWRITEBYTECODE"] = "1"
    calls = "trace=connect,creat,link,linkat,mkdir,mkdirat,open,openat,openat2,rename,renameat,renameat2,symlink"
    tracing = ["strace", "-f", "-y", "-s", "1000", "-e", calls, "-o", str(record)]

    with shell.running("transcribe", "fox.wav", wrapper=tracing) as process:
        assert process.wait(PATIENCE_SECONDS) == 0

    written = written_paths(record.read_text("utf-8", "replace"), shell.directory)
    kept = {path for path in written if not any(path.is_relative_to(place) for place in ("/dev", "/proc"))}
    assert {path.name for path in kept if not path.name.startswith(".whisper_api-")} == {"fox.txt"}
    assert {path.parent for path in kept} == {shell.directory}
    assert connected_addresses(record.read_text("utf-8", "replace")) == set()


# ---- a server's queue ----------------------------------------------------------------------------------------


def test_a_server_does_it(shell: Shell, server: Server) -> None:
    shell.put("fox.mp3", encoded(speech(FOX), "mp3", "libmp3lame"))
    shell.put("counting.wav", sample(COUNTING).read_bytes())
    shell.put("broken.mp3", b"no sound at all")

    ended = shell.run(
        "transcribe", "*.wav", "*.mp3", "--server", server.url, "-f", "txt,srt", "--highlight-words", MAX_MODEL="unset"
    )

    assert ended.returncode == 1
    assert b"broken.mp3: The file could not be read as a recording." in ended.stderr
    assert overlap(shell.text("fox.txt"), text_of(FOX)) > 0.8
    assert "<u>" in shell.text("fox.srt")
    assert "counting.srt" in shell.files
    assert server.memory_files() == 0


def test_a_server_gets_what_comes_through_a_pipe(shell: Shell, server: Server) -> None:
    ended = shell.run("transcribe", "-", "--server", server.url.removeprefix("http://"), stdin=hello())

    assert ended.returncode == 0, ended.stderr.decode()
    assert b"hello" in ended.stdout.lower()


def test_a_large_recording_is_sent_and_never_held(shell: Shell, server: Server) -> None:
    padding = 80_000_000
    short = hello()  # a wav may have chunks that nobody wants before its sound
    shell.put("large.wav", short[:12] + b"JUNK" + padding.to_bytes(4, "little") + bytes(padding) + short[12:])

    with shell.running("transcribe", "large.wav", "--server", server.url) as process:
        most = 0
        command = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, _memory(command))
        assert process.returncode == 0

    assert 0 < most < 80_000_000
    assert "large.txt" in shell.files


def test_who_interrupts_it_cancels_the_tasks_on_the_server(shell: Shell, server: Server) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        shell.put(name, talk(900))

    with shell.running("transcribe", ".", "--server", server.url) as process:
        eventually(lambda: server.decoder_status()["currently_busy"] and server.memory_files() >= 3)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130

    eventually(partial(_is_idle, server), within=20)
    assert shell.files == {"a.wav", "b.wav", "c.wav"}


def test_a_server_that_closes_ends_it_with_3(shell: Shell, start: Start) -> None:
    server = start(SHUTDOWN_GRACE_S="0")
    shell.put("long.wav", talk(900))

    with shell.running("transcribe", "long.wav", "--server", server.url) as process:
        eventually(lambda: server.decoder_status()["currently_busy"])
        server.terminate()
        assert process.wait(60) == 3

    assert shell.files == {"long.wav"}


# ---- beside recordings ---------------------------------------------------------------------------------------


def test_a_model_is_downloaded_and_then_listed_as_here(shell: Shell, tiny: str) -> None:
    model = named("tiny.en")
    assert model is not None
    with running_hub(model.repository, model.revision, Path(tiny)) as (endpoint, _):
        shell.variables |= {"HF_ENDPOINT": endpoint, "HF_HOME": "hub", "HF_HUB_DISABLE_XET": "1"}
        ended = shell.run("models", "download", "tiny.en")
        assert ended.returncode == 0, ended.stderr.decode()
        assert ended.stdout.startswith(b"tiny.en is in ")
    listed = json.loads(shell.run("models", "--json").stdout)
    assert [each["name"] for each in listed["models"] if each["on_this_machine"] == "cache"] == ["tiny.en"]


def test_a_hub_out_of_reach_is_said(shell: Shell) -> None:
    ended = shell.run("models", "download", "small", HF_HUB_OFFLINE="1", HF_HOME="hub")

    assert ended.returncode == 3
    assert b"The model hub cannot be reached." in ended.stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["whisper_api", "tr"], "transcribe"),
        (["whisper_api", "transcribe", "--for"], "--format\n--force"),
        (["whisper_api", "transcribe", "-f", "txt,s"], "txt,srt"),
        (["whisper_api", "transcribe", "-m", "large-v"], "large-v1\nlarge-v2\nlarge-v3\nlarge-v3-turbo"),
        (["whisper_api", "models", "d"], "download"),
    ],
)
def test_bash_completes_what_is_typed(shell: Shell, tmp_path: Path, typed: list[str], offered: str) -> None:
    script = tmp_path / "completion.bash"
    script.write_bytes(shell.run("completion", "bash").stdout)
    program = Path(sys.executable).with_name("whisper_api")

    ended = subprocess.run(
        [
            "bash", "-euc",
            'source "$1"; shift; complete -p whisper_api >&2; program=$1; shift; COMP_WORDS=("$@"); '
            'COMP_CWORD=$(($# - 1)); _whisper_api_completion "$program"; printf "%s\\n" "${COMPREPLY[@]}"',
            "bash", script, program, *typed,
        ],
        env=shell.variables, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert "-F _whisper_api_completion whisper_api" in ended.stderr
    assert ended.stdout == f"{offered}\n"


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_other_shells_have_their_scripts(shell: Shell, name: str) -> None:
    script = shell.run("completion", name).stdout.decode()

    assert f"_WHISPER_API_COMPLETE={name}_complete" in script


def _is_idle(server: Server) -> bool:
    status = server.decoder_status()
    return not status["currently_busy"] and status["tasks_in_queue"] == 0 and server.memory_files() == 0


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other end of a terminal is closed
        return b""
