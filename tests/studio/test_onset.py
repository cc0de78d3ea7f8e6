from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from studio.onset import REPORTED, UNKNOWN, Onset, Onsets
from studio.windows.participant import ParticipantWindow
from studio.windows.photodiode import SIDE_PX

SIZE = (640, 360)

# Shows six pages from a thread, as a session does, and says what is known of each and when it all ended.
PAGES = """
import json, sys, threading
import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from acquisition.clock import SteadyClock
from studio.windows.participant import ParticipantWindow
from studio.windows.stage import WindowStage

class Page:
    def __init__(self, grey):
        self.image = np.full((360, 640, 3), grey, np.uint8)

app = QApplication([])
clock, window = SteadyClock(), ParticipantWindow((640, 360))
stage = WindowStage(window, clock)
window.resize(640, 360)
window.show()
told = []

def session():
    for number in range(6):
        before = clock.now_s()
        t_s = stage.page(Page(40 * number), number, None)
        told.append([before, t_s, clock.now_s(), dict(stage.onset())])
    stage.close()
    stage.close()

thread = threading.Thread(target=session)
thread.start()
timer = QTimer()
timer.timeout.connect(lambda: thread.is_alive() or app.exit())
timer.start(5)
app.exec()
thread.join()
print(json.dumps([told, stage.onsets.words()]))
"""


def shown(**environment: str) -> tuple[list[tuple[float, float, float, dict[str, object]]], str]:
    command = [sys.executable, "-P", "-c", PAGES]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    told, words = json.loads(done.stdout.splitlines()[-1])
    return told, words


def test_the_next_frame_is_told_by_an_x_server(x_display: str) -> None:
    told, words = shown(DISPLAY=x_display, QT_QPA_PLATFORM="xcb")
    assert len(told) == 6
    for asked_s, t_s, over_s, onset in told:
        assert asked_s <= t_s <= over_s
        assert onset["onset_by"] == REPORTED
        error_ms = float(str(onset["onset_error_ms"]))
        # The frame is one that began between stamp and return: a report, not an echo of our own clock.
        assert -5.0 < error_ms <= 1000 * (over_s - t_s) + 1.0
    errors = {onset["onset_error_ms"] for *_, onset in told}
    assert len(errors) > 1
    assert "6 reported" in words


def test_where_nothing_reports_frames_the_error_is_said_to_be_unknown() -> None:
    told, words = shown(QT_QPA_PLATFORM="offscreen")
    assert [onset["onset_by"] for *_, onset in told] == [UNKNOWN] * 6
    assert all("onset_error_ms" not in onset for *_, onset in told)
    assert "unknown" in words


def test_frames_that_began_without_the_page_are_counted() -> None:
    prompt = Onset(10.0, 10.010, 10.020, REPORTED, 60.0)
    assert prompt.facts() == {"onset_by": REPORTED, "onset_error_ms": 10.0, "dropped_frames": 0}
    slow = Onset(10.0, 10.055, None, UNKNOWN, 60.0)
    assert slow.facts() == {"onset_by": UNKNOWN, "dropped_frames": 3}
    assert Onset(10.0, 10.055, None, UNKNOWN).facts() == {"onset_by": UNKNOWN}
    assert "3 frames dropped (3 at worst)" in Onsets([prompt, slow]).words()


def test_the_patch_toggles_with_each_page_onset_and_only_then(qtbot: QtBot) -> None:
    window = ParticipantWindow(SIZE)
    qtbot.addWidget(window, before_close_func=lambda w: w.dismiss())
    window.resize(*SIZE)
    window.show()
    page = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)

    def corner() -> tuple[int, int, int]:
        image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        colours = [
            image.pixelColor(SIZE[0] - 1 - d, SIZE[1] - 1 - d).red() for d in (0, SIDE_PX - 1, SIDE_PX)
        ]
        return colours[0], colours[1], colours[2]

    window.show_pixels(page, onset=True)
    assert corner() == (128, 128, 128)
    window.show_patch("bottom-right")
    assert corner() == (255, 255, 128)
    window.show_pixels(page)
    assert corner() == (255, 255, 128)
    window.show_pixels(page, onset=True)
    assert corner() == (0, 0, 128)
    assert (page == 128).all()
