"""The layout that ARCHITECTURE.md describes is the one that is there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "whisper_api"

DESCRIPTION = (PACKAGE.parents[1] / "ARCHITECTURE.md").read_text()
# Each room may import itself and the rooms above it in the table.
ROWS = re.findall(r"^\| (`.*?) \|", DESCRIPTION, re.MULTILINE)
ROOMS = [name for row in ROWS for name in re.findall(r"`(\w+)[./]", row)]
PROGRAM = ("application", "server", "cli", "__main__", "__init__")


def imports(path: Path) -> set[str]:
    """The rooms that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("whisper_api.") and name != "whisper_api.__version__":
                found.add(name.split(".")[1])
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_imports_run_in_one_direction() -> None:
    backwards = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in PACKAGE.rglob("*.py")
        if room(path) not in PROGRAM
        for other in imports(path)
        if ROOMS.index(other) > ROOMS.index(room(path))
    ]
    assert backwards == []


def test_speech_is_a_library_of_its_own() -> None:
    for path in (PACKAGE / "speech").glob("*.py"):
        assert imports(path) <= {"speech", "transcript"}, path.name


def test_every_room_is_described() -> None:
    rooms = {room(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert rooms <= set(ROOMS)


def test_the_server_stays_small_by_importing_nothing_that_others_need() -> None:
    code = "import sys, whisper_api.cli, whisper_api.application, whisper_api.server; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    engine = {"ctranslate2", "onnxruntime", "av", "numpy", "faster_whisper", "tokenizers", "huggingface_hub"}
    command_line = {"httpx2", "rich"}
    assert (engine | command_line) & set(output.split()) == set()
