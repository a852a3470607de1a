"""The page's scripts without a browser; each ``*.test.js`` beside this file is run in Node."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "src" / "whisper_api" / "web"
NODE = Path(sys.executable).with_name("node")


@pytest.mark.skipif(not NODE.is_file(), reason="Node is not installed")
@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.js")))
def test_modules_in_node(name: str) -> None:
    ended = subprocess.run(
        # No package.json says of the server's files that they are modules.
        [NODE, "--test", "--test-reporter=spec", "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", name],
        cwd=HERE,
        env={"PATH": os.environ["PATH"], "TZ": "Europe/Berlin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_types_of_every_script_are_checked() -> None:
    scripts = [path for path in WEB.rglob("*.js") if "vendor" not in path.parts]

    assert scripts
    assert [path.name for path in scripts if not path.read_text("utf-8").startswith("// @ts-check\n")] == []
