"""What was deleted is gone from the memory of the server and of its worker, bytes and all."""

import re
from pathlib import Path

import psutil
import pytest

from .conftest import Start
from .server import Server

# Said in the page's sample, and in no library's test data.
SAMPLE = Path(__file__).parents[2] / "src" / "whisper_api" / "web" / "sample.ogg"
PHRASE = b"spoken by a machine"


def occurrences(process: psutil.Process, phrase: bytes) -> int:
    """How often ``phrase`` stands in the memory of ``process`` that can be written to."""
    count = 0
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found is None:
                continue
            start, end = (int(address, 16) for address in found.groups())
            try:
                memory.seek(start)
                count += memory.read(end - start).count(phrase)
            except OSError:  # unmapped in the meantime, or a device's
                continue
    return count


def everywhere(server: Server, phrase: bytes) -> list[int]:
    return [occurrences(process, phrase) for process in server.processes()]


@pytest.fixture
def server(start: Start) -> Server:
    server = start()
    try:
        occurrences(server.process, PHRASE)
    except PermissionError:
        pytest.skip("this machine lets nobody read another process's memory")
    return server


def test_a_deleted_recording_and_its_text_are_gone_from_all_memory(server: Server) -> None:
    sample = SAMPLE.read_bytes()
    finished = [server.transcribe(sample) for _ in range(3)]
    assert all(PHRASE.decode() in task["transcript"] for task in finished)
    assert sum(everywhere(server, PHRASE)) > 0, "the search finds nothing, so it proves nothing"

    for task in finished:
        server.cancel(task["task_id"])

    assert everywhere(server, PHRASE) == [0, 0]
    for start in range(1000, len(sample) - 64, 4000):
        assert everywhere(server, sample[start : start + 64]) == [0, 0], f"bytes {start} and on of the recording"
