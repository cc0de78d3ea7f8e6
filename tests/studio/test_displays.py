from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication

from protocols.errors import SetupError
from studio.windows.displays import choose, side_by_side

TWO = """
import json
from PySide6.QtWidgets import QApplication
from studio.windows.displays import arrange, choose
from studio.windows.operator import OperatorWindow
from studio.windows.participant import ParticipantWindow

app = QApplication([])
found = []
assert app.primaryScreen().name() == "booth"
for name in ("", "booth"):
    displays = choose(name)
    participant, operator = ParticipantWindow((1920, 1080)), OperatorWindow()
    arrange(participant, operator, displays)
    app.processEvents()
    found.append({
        "participant": displays.participant.name(),
        "operator": displays.operator.name(),
        "fills": participant.geometry() == displays.participant.geometry(),
        "beside": not operator.geometry().intersects(participant.geometry()),
    })
    participant.dismiss()
    operator.close()
print(json.dumps(found))
"""


def _screen(name: str, x: int) -> dict[str, object]:
    return {"name": name, "x": x, "y": 0, "width": 1920, "height": 1080, "logicalDpi": 96, "dpr": 1}


def test_two_displays_are_told_apart_by_name(tmp_path: Path) -> None:
    config = tmp_path / "screens.json"
    config.write_text(json.dumps({"screens": [_screen("desk", 0), _screen("booth", 1920)]}))
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={config}"}
    run = subprocess.run(
        [sys.executable, "-c", TWO], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(run.stdout) == [
        {"participant": "desk", "operator": "booth", "fills": True, "beside": True},
        {"participant": "booth", "operator": "desk", "fills": True, "beside": True},
    ]


def test_one_display_is_shared(qapp: QApplication) -> None:
    assert choose().shared
    assert choose(qapp.primaryScreen().name()).shared


@pytest.mark.usefixtures("qapp")
def test_a_missing_display_is_an_error_that_lists_the_others() -> None:
    with pytest.raises(SetupError, match=r"no display 'booth'.*Found: .* px\)"):
        choose("booth")


def test_windows_side_by_side_do_not_overlap() -> None:
    left, right = side_by_side(QRect(0, 0, 2560, 1440))
    assert not left.intersects(right)
    assert (left.width(), left.height()) == (922, 519)
    assert right.right() == 2559
