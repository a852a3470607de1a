"""The cores that a container may use, and what they can do."""

import os
from pathlib import Path

import pytest

from whisper_api.speech import processor
from whisper_api.speech.processor import has_amx, has_avx512, usable_cores


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control group of a machine of 16 cores."""
    monkeypatch.setattr(processor, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    (tmp_path / "cpu").mkdir()
    return tmp_path


def test_without_a_limit_all_cores_are_usable(cgroup: Path) -> None:
    assert usable_cores() == 16


@pytest.mark.parametrize(
    ("limit", "cores"),
    [
        ("max 100000\n", 16),
        ("200000 100000\n", 2),
        ("250000 100000\n", 3),
        ("50000 100000\n", 1),
        ("100 100000\n", 1),
        ("6400000 100000\n", 16),
        ("max\n", 16),
        ("\n", 16),
        ("a lot\n", 16),
    ],
)
def test_a_limit_of_cgroup_v2_counts(cgroup: Path, limit: str, cores: int) -> None:
    (cgroup / "cpu.max").write_text(limit)

    assert usable_cores() == cores


@pytest.mark.parametrize(
    ("quota", "period", "cores"),
    [("-1\n", "100000\n", 16), ("400000\n", "100000\n", 4), ("150000\n", "100000\n", 2), ("0\n", "0\n", 16)],
)
def test_a_limit_of_cgroup_v1_counts(cgroup: Path, quota: str, period: str, cores: int) -> None:
    (cgroup / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (cgroup / "cpu" / "cpu.cfs_period_us").write_text(period)

    assert usable_cores() == cores


def test_cores_that_the_process_is_kept_from_do_not_count(cgroup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 7, 9})
    (cgroup / "cpu.max").write_text("800000 100000\n")

    assert usable_cores() == 3


@pytest.mark.parametrize(
    ("cpuinfo", "has_it"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512f avx512cd\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_avx512_is_all_that_ctranslate2_asks_for(
    cpuinfo: str, has_it: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")

    assert has_avx512() is has_it


def test_without_a_description_of_the_processor_avx512_is_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "missing")

    assert not has_avx512()


@pytest.mark.parametrize(
    ("flags", "has_it"),
    [("fpu avx512f amx_bf16 avx512_fp16 amx_tile amx_int8", True), ("fpu avx512f avx512_bf16", False), ("", False)],
)
def test_amx_is_its_tiles_and_their_product(
    flags: str, has_it: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "find_spec", lambda _: True)
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")

    assert has_amx() is has_it

    monkeypatch.setattr(processor, "find_spec", lambda _: None)
    assert not has_amx()  # nobody uses it without OpenVINO
