"""The examples of the documentation, run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "exports.md"


def example(heading: str) -> str:
    """Return the Python example under a heading of the documentation."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.split(r"^##+ ", text.split(f"\n### {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return str(code)


def run(heading: str, folder: Path) -> str:
    """Return what an example prints in the folder in which the exports lie."""
    command = [sys.executable, "-c", example(heading)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
