"""The memory that a container may use, and what goes back to the kernel."""

import platform
from pathlib import Path

import numpy as np
import psutil
import pytest

from whisper_api.speech import memory


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control group of a machine with 8 GB free."""
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 8_000_000_000}))
    (tmp_path / "memory").mkdir()
    return tmp_path


def test_without_a_limit_all_that_is_free_is_at_hand(cgroup: Path) -> None:
    assert memory.at_hand() == 8_000_000_000


@pytest.mark.parametrize(
    ("limit", "used", "free"),
    [
        ("max\n", "500\n", 8_000_000_000),
        ("1000000000\n", "400000000\n", 600_000_000),
        ("1000\n", "2000\n", 0),
        ("99000000000\n", "0\n", 8_000_000_000),
        ("\n", "\n", 8_000_000_000),
    ],
)
@pytest.mark.parametrize(
    ("limit_file", "used_file"),
    [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")],
)
def test_a_limit_counts_less_what_is_used(
    cgroup: Path, limit: str, used: str, free: int, limit_file: str, used_file: str
) -> None:
    (cgroup / limit_file).write_text(limit)
    (cgroup / used_file).write_text(used)
    (cgroup / limit_file).with_name("memory.stat").write_text("anon 300\n")

    assert memory.at_hand() == free


def test_files_that_were_read_are_no_memory_that_is_used(cgroup: Path) -> None:
    (cgroup / "memory.max").write_text("1000\n")
    (cgroup / "memory.current").write_text("900\n")
    (cgroup / "memory.stat").write_text("anon 300\ninactive_file 500\nactive_file 100\n")

    assert memory.at_hand() == 600


def test_what_was_freed_between_what_is_used_goes_back() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc keeps what is free")
    process = psutil.Process()
    blocks = [np.ones(10_000) for _ in range(2000)]  # small enough for the heap
    kept = blocks[::50]
    del blocks
    before = process.memory_full_info().uss

    memory.give_back()

    assert process.memory_full_info().uss < before
    assert len(kept) == 40
