"""``gazetwin serve`` explains what cannot be; that it serves is what all tests beside this one use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from protocols.errors import SetupError
from studio.serve_command import serve
from tuning.events import Load

pytestmark = pytest.mark.engine
GAZETWIN = Path(sys.executable).with_name("gazetwin")


def test_what_cannot_be_served_is_explained(files: dict[str, Path], tmp_path: Path) -> None:
    absent = subprocess.run(
        [GAZETWIN, "serve", str(tmp_path / "nobody")], capture_output=True, text=True, check=False
    )
    assert absent.returncode == 2
    assert "There is no persona" in absent.stderr
    with pytest.raises(SetupError, match=r"203\.0\.113\.1"):
        serve([str(files["P01"])], "203.0.113.1", 0, Load(), lambda said: pytest.fail(str(said)))
