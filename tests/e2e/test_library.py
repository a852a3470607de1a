"""The engine without a server, as the README shows it."""

import re
import subprocess
import sys
from pathlib import Path

from .recordings import SPOKEN_BY_A_MACHINE, sample

README = Path(__file__).parents[2] / "README.md"


def test_the_lines_in_the_readme_write_down_what_was_said(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (tmp_path / "talk.mp3").write_bytes(sample(SPOKEN_BY_A_MACHINE).read_bytes())

    script = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert script.returncode == 0, script.stderr
    assert re.search(r"^ +0\.\d\d .*spoken by a machine", script.stdout, re.MULTILINE | re.IGNORECASE)
