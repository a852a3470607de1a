"""The engine without a server, as the README shows it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .recordings import SPOKEN_BY_A_MACHINE, sample, talk

README = Path(__file__).parents[2] / "README.md"


def test_the_lines_in_the_readme_write_down_what_was_said(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "talk.mp3").write_bytes(sample(SPOKEN_BY_A_MACHINE).read_bytes())

    script = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert script.returncode == 0, script.stderr
    assert re.search(r"^ +0\.\d\d .*spoken by a machine", script.stdout, re.MULTILINE | re.IGNORECASE)


STARTS = """
from whisper_api.speech import weights
from whisper_api.speech.engine import Engine

engine = Engine.load(weights.in_starter())
"""


@pytest.mark.parametrize(
    "code",
    [
        'for segment in engine.transcribe("talk.wav"):\n    break',
        'parts = engine.transcribe("talk.wav").parts()\nnext(parts)\nengine.close()',
        'parts = engine.transcribe("talk.wav").parts()\nnext(parts)\nimport sys\nsys.exit()',
        "del engine\nimport gc, threading\ngc.collect()\nassert threading.active_count() == 1",
    ],
    ids=["only the beginning is read", "closed", "left", "dropped"],
)
def test_a_program_may_end_at_any_time(tmp_path: Path, code: str) -> None:
    """Native code that still runs when the interpreter ends would crash it."""
    (tmp_path / "talk.wav").write_bytes(talk(120))

    script = subprocess.run(
        [sys.executable, "-c", STARTS + code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )

    assert script.returncode == 0, script.stderr
