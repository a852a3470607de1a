"""The embedded model: nothing of it is used that was not checked."""

import hashlib
from pathlib import Path

import pytest

from whisper_api.speech import starter
from whisper_api.speech.errors import NoModel

PARTS = ("model.bin.part1", "model.bin.part2", "config.json", "tokenizer.json", "vocabulary.txt")


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small stand-ins for the model's files, whose sums are the ones that are expected."""
    for name in PARTS:
        (tmp_path / name).write_text(f"what is in {name}")
    sums = {
        name: hashlib.sha256(b"".join((tmp_path / part).read_bytes() for _, part in parts)).hexdigest()
        for name, parts in starter._SOURCES.items()
    }
    monkeypatch.setattr(starter, "_SHA256", sums)
    monkeypatch.setattr(starter, "_file", lambda _, name: tmp_path / name)
    return tmp_path


def test_a_file_in_two_parts_is_read_as_one(copies: Path) -> None:
    files = starter.read()

    assert files["model.bin"] == b"what is in model.bin.part1what is in model.bin.part2"
    assert set(files) == {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}


@pytest.mark.parametrize("name", PARTS)
def test_a_file_of_which_one_bit_was_changed_is_refused(copies: Path, name: str) -> None:
    content = bytearray((copies / name).read_bytes())
    content[0] ^= 1
    (copies / name).write_bytes(content)

    with pytest.raises(NoModel, match=f"{name.removesuffix('.part1').removesuffix('.part2')} is not the file"):
        starter.read()


def test_every_file_has_a_sum() -> None:
    assert set(starter._SOURCES) == set(starter._SHA256)
    assert starter._SHA256["model.bin"] == "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"


def test_a_starter_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "_FIRST", "no_such_package")
    monkeypatch.setattr(starter, "_SOURCES", {"config.json": (("no_such_package", "config.json"),)})

    assert not starter.installed()
    with pytest.raises(NoModel, match=r"install the extra 'starter'"):
        starter.read()


def test_a_starter_that_lacks_a_file_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "_SOURCES", {"config.json": (("whisper_api", "config.json"),)})

    with pytest.raises(NoModel, match=r"lacks config\.json"):
        starter.read()
