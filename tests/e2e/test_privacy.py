"""Neither a recording nor its text reaches a disk, a log, or another machine."""

import re
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from .conftest import Start
from .recordings import COUNTING, FOX, speech, wav, words
from .server import Json, Server, eventually

FILE_NAME = "board meeting of the Plutonium Society.wav"
BAD_FILE_NAME = "dismissal of Mr Zyzzyx.txt"
NAMES = {"plutonium", "zyzzyx"}
DISTINCTIVE = {"quick", "brown", "fox", "jumps", "lazy"}

_CALLS = (
    "connect", "creat", "link", "linkat", "mkdir", "mkdirat", "mknod", "mknodat", "open", "openat", "openat2", "rename",
    "renameat", "renameat2", "symlink", "symlinkat", "truncate",
)  # fmt: skip
_CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<arguments>.*)$", re.MULTILINE)
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<(?P<directory>[^>]*)>, )?"(?P<path>(?:[^"\\]|\\.)*)"')
_WRITING = re.compile(r"\b(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE)\b")


@dataclass(frozen=True)
class Watched:
    server: Server
    record: str


def strace_trouble() -> str | None:
    """Why system calls cannot be watched here, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"strace cannot trace here: {tried.stderr.strip()}"


def written_paths(record: str, working_directory: Path) -> set[Path]:
    """Every path that was opened for writing, made, renamed, linked or cut, by any process in ``record``."""
    paths = set()
    for call in _CALL.finditer(record):
        if call["name"] == "connect" or (call["name"].startswith("open") and not _WRITING.search(call["arguments"])):
            continue
        for found in _PATH.finditer(call["arguments"]):
            paths.add(working_directory / (found["directory"] or "") / found["path"])
    return paths


def connected_addresses(record: str) -> set[str]:
    """Where any process connected to, other than by a Unix socket or to none at all."""
    return {
        call["arguments"]
        for call in _CALL.finditer(record)
        if call["name"] == "connect" and not re.search(r"AF_(UNIX|UNSPEC|NETLINK)\b", call["arguments"])
    }


def use_all_of_it(server: Server, recording: bytes) -> Json:
    """Send, read, fail and cancel, as people do; answers the task that was transcribed."""
    task: Json = server.post(recording, name=FILE_NAME, wait=600).json()
    assert set(words(task["transcript"])) >= DISTINCTIVE, task
    parameters = {"task_id": task["task_id"]}
    assert server.client.get("/api/v1/status", params=parameters).status_code == 200
    assert server.client.get("/api/v1/srt", params=parameters).status_code == 200
    cancelled = server.post(recording, name=FILE_NAME, route="translate").json()["task_id"]
    server.cancel(cancelled)
    assert server.post(b"quick brown fox jumps over the lazy dog", name=BAD_FILE_NAME).status_code == 400
    assert server.client.get("/api/v1/status", params={"task_id": "0" * 32}).status_code == 400
    assert server.client.get("/").status_code == 200
    assert server.client.get("/docs").status_code == 200
    return task


def told_too_much(server: Server) -> set[str]:
    """Words of recordings and of files' names that the logs or the console have."""
    told = (server.log + server.console).lower()
    return {word for word in DISTINCTIVE if re.search(rf"\b{word}\b", told)} | {name for name in NAMES if name in told}


@pytest.fixture(scope="module")
def watched(start_for_module: Start, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A server that was used and stopped, with a record of what its processes did with files and networks."""
    if trouble := strace_trouble():
        pytest.skip(trouble)
    record = tmp_path_factory.mktemp("strace") / "record.txt"
    server = start_for_module(
        # -D leaves the server itself the process that was started.
        wrapper=["strace", "-D", "-f", "-y", "-s", "1000", "-e", f"trace={','.join(_CALLS)}", "-o", str(record)],
        MAX_MODEL="starter",
        PYTHONDONTWRITEBYTECODE="1",
    )
    recording = wav(speech(FOX, COUNTING, FOX, COUNTING, rate=96_000), rate=96_000, channels=8)
    assert len(recording) > 20_000_000
    use_all_of_it(server, recording)
    assert server.stop() == 0
    ended = re.compile(rf"^{server.pid} +\+\+\+ exited with 0 \+\+\+$", re.MULTILINE)
    eventually(lambda: ended.search(record.read_text("utf-8", "replace")))
    return Watched(server, record.read_text("utf-8", "replace"))


def test_a_large_recording_and_its_text_reach_no_disk(watched: Watched) -> None:
    written = written_paths(watched.record, watched.server.directory)
    logs = watched.server.log_directory
    assert logs / "whisper_api.log" in written  # the watching works
    harmless = (logs, "/dev", "/proc")  # devices and knobs of the kernel are no disk
    assert {path for path in written if not any(path.is_relative_to(place) for place in harmless)} == set()


def test_no_other_machine_is_spoken_to(watched: Watched) -> None:
    assert connected_addresses(watched.record) == set()


@pytest.mark.parametrize("private", ["1", "0"])
def test_no_log_has_a_word_of_a_text_or_a_files_name(start: Start, private: str) -> None:
    server = start(LOG_PRIVACY_MODE=private, LOG_LEVEL_CONSOLE="DEBUG", LOG_LEVEL_FILE="DEBUG")
    task_id = use_all_of_it(server, wav(speech(FOX, COUNTING)))["task_id"]
    assert server.stop() == 0
    assert told_too_much(server) == set()
    for told in (server.log, server.console):
        if private == "1":
            assert f"{task_id[:4]}…{task_id[-4:]}" in told
            assert not re.search("[0-9a-f]{16}", told)
        else:
            assert task_id in told


def test_a_crash_leaves_no_image_of_the_memory_behind(start: Start) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most in (0, 1):
        pytest.skip("this machine allows no core dumps anyway")
    server = start(wrapper=["sh", "-c", 'ulimit -c "$(ulimit -H -c)" && exec "$@"', "sh"])
    for process in (server.process, server.running_worker()):
        soft, hard = process.rlimit(psutil.RLIMIT_CORE)
        assert 0 <= soft <= hard <= 1
