"""Which display is the participant's, how large it is, and what happens when it goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.placement import Placement
from studio.monitors import CARD_MM, Monitor, Setup, likely

DESK = Monitor("DP-1", "Dell U2415", (0, 0, 1920, 1200), 1.0, (518.0, 324.0), 60.0, primary=True)
BOOTH = Monitor("HDMI-1", "Eizo EV2451", (1920, 0, 1920, 1080), 1.0, (527.0, 296.0), 60.0)
SETUP = Setup((DESK, BOOTH))

# Sets a scaled display up as the Studio does, shows a page on it and looks at what is really drawn.
SCALED = """
import json, sys
import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from studio.monitors import Setup
from studio.windows.monitors import monitors
from studio.windows.participant import ParticipantWindow

app = QApplication([])
page_px = (1920, 1080)
there = monitors()
setup = Setup(there, page_px=page_px).at(there[0].name, (600.0, 337.5, 650.0))
frame = setup.frame
window = ParticipantWindow(page_px)
window.show_on(app.primaryScreen())
app.processEvents()
pixels = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3)).astype(np.uint8)
window.show_pixels(pixels)
image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
shown = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
shown = shown[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
left, top = frame.placement.left_px, frame.placement.top_px
print(json.dumps({
    "ratio": there[0].ratio,
    "size_px": there[0].size_px,
    "same": frame.placement == window.placement,
    "placement": [left, top, frame.placement.scale],
    "page_mm": frame.page(page_px).size_mm,
    "pixels": bool((shown[top : top + 1080, left : left + 1920] == pixels).all()),
}))
window.dismiss()
"""

# Plugs the participant's monitor out and in again while its window is shown.
UNPLUGGED = """
import json, subprocess
import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from studio.windows.monitors import monitors
from studio.windows.participant import ParticipantWindow

def plugged(name, left, output):
    place = f"960/250x1080/280+{left}+0"
    subprocess.run(["xrandr", "--setmonitor", name, place, output], check=True)

plugged("desk", 0, "screen")
plugged("booth", 960, "none")
app = QApplication([])
desk = QWidget()
desk.setGeometry(0, 0, 900, 700)
desk.show()
told, painted = [], []
window = ParticipantWindow((640, 360))
window.display_lost.connect(lambda words: told.append(["lost", words, shape()]))
window.display_back.connect(lambda words: told.append(["back", words, shape()]))
window.presented.connect(painted.append)

def shape():
    return [window.width(), window.height()]

def show():
    return window.show_pixels(np.full((360, 640, 3), 90, np.uint8))

def until(true, then):
    timer = QTimer(app)
    def look():
        if true():
            timer.stop()
            then()
    timer.timeout.connect(look)
    timer.start(10)

def out():
    found.append([one.name for one in monitors()])
    subprocess.run(["xrandr", "--delmonitor", "booth"], check=True)
    until(lambda: len(told) == 1 and window.width() < 960, sheltered)

def sheltered():
    found.append([one.name for one in monitors()])
    serial = show()
    until(lambda: serial in painted, again)

def again():
    plugged("booth", 960, "none")
    until(lambda: len(told) == 2 and shape() == [960, 1080], over)

def over():
    until(desk.isActiveWindow, end)

def end():
    told.append(["typing", desk.isActiveWindow(), window.isActiveWindow()])
    window.dismiss()
    app.exit()

found = []
booth = next(screen for screen in app.screens() if screen.name() == "booth")
window.show_on(booth)
first = show()

until(lambda: first in painted and (desk.isActiveWindow() or desk.activateWindow()), out)
QTimer.singleShot(20_000, app.exit)
app.exec()
print(json.dumps([found, told]))
"""


def ran(program: str, **environment: str) -> Any:
    command = [sys.executable, "-P", "-c", program]
    surrounding = {**os.environ, **environment}
    done = subprocess.run(command, env=surrounding, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("ratio", [1.25, 1.5, 2.0])
def test_a_scaled_display_has_its_own_pixels_and_millimetres(ratio: float, tmp_path: Path) -> None:
    size = {"width": 2560, "height": 1440, "x": 0, "y": 0, "logicalDpi": 96, "dpr": 1}
    config = tmp_path / "screens.json"
    config.write_text(json.dumps({"screens": [{"name": "booth", **size}]}))
    found = ran(SCALED, QT_QPA_PLATFORM=f"offscreen:configfile={config}", QT_SCALE_FACTOR=str(ratio))
    assert found["ratio"] == ratio
    # Qt tells sizes in whole logical px, which is off by less than one of them.
    assert found["size_px"] == pytest.approx([2560, 1440], abs=ratio)
    assert found["same"]
    assert found["placement"] == [pytest.approx(320, abs=1), pytest.approx(180, abs=1), 1.0]
    assert found["pixels"]
    assert found["page_mm"] == pytest.approx([450.0, 253.125], rel=1e-3)


def test_a_monitor_that_is_unplugged_is_told_and_taken_again(x_display: str) -> None:
    if shutil.which("xrandr") is None:
        pytest.skip("there is no xrandr")
    there, told = ran(UNPLUGGED, DISPLAY=x_display, QT_QPA_PLATFORM="xcb")
    assert there == [["desk", "booth"], ["desk"]]
    assert [how for how, *_ in told] == ["lost", "back", "typing"]
    assert told[2][1:] == [True, False]
    assert "booth was disconnected" in told[0][1]
    assert "is back" in told[1][1]


def test_the_display_that_is_not_the_operator_s_is_likely() -> None:
    assert likely((DESK, BOOTH)) == "HDMI-1"
    assert likely((DESK,)) == "DP-1"
    assert likely(()) == ""


def test_a_display_is_sized_by_memory_or_by_what_it_tells() -> None:
    told = SETUP.at("HDMI-1", None)
    assert (told.size_mm, told.size_from) == ((527.0, 296.0), "the display")
    assert told.decided is not None
    assert told.decided.screen.size_mm == (527.0, 296.0)
    known = SETUP.at("HDMI-1", (530.0, 298.0, 700.0))
    assert (known.size_mm, known.distance_mm) == ((530.0, 298.0), 700.0)
    silent = Setup((Monitor("DP-2", "", (0, 0, 1920, 1080)),)).at("DP-2", None)
    assert silent.decided is None
    assert "Enter width and height" in silent.missing


def test_a_page_on_a_taller_display_takes_up_its_share() -> None:
    setup = SETUP.at("DP-1", None)
    assert setup.frame is not None
    assert setup.frame.placement == Placement(0, 60, 1.0)
    assert setup.decided is not None
    assert setup.decided.screen.size_mm == pytest.approx((518.0, 324.0 * 1080 / 1200))
    assert "empty margin" in setup.words()


def test_numbers_that_cannot_be_right_need_a_word() -> None:
    wrong = replace(SETUP.at("HDMI-1", None), size_mm=(52.7, 29.6))
    assert "cm" in wrong.doubts
    assert wrong.decided is None
    assert replace(wrong, insisted=True).decided is not None


def test_a_display_that_is_not_connected_is_missing() -> None:
    gone = Setup((DESK,)).at("HDMI-1", None)
    assert gone.missing.startswith("The display HDMI-1 is not connected")
    assert gone.decided is None


@settings(max_examples=30)
@given(pixel_mm=st.floats(0.08, 0.6), width=st.integers(800, 5120), height=st.integers(600, 2880))
def test_a_bank_card_gives_the_size_back(pixel_mm: float, width: int, height: int) -> None:
    setup = Setup((Monitor("X", "", (0, 0, width, height)),)).at("X", None)
    measured = setup.by_card(CARD_MM[0] / pixel_mm)
    assert measured.size_mm == pytest.approx((width * pixel_mm, height * pixel_mm), abs=0.06)
