from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from protocols.errors import StudyInvalid
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from studio.windows.participant import ParticipantWindow

SIZE = (1920, 1080)


@pytest.fixture(scope="module")
def page() -> Page:
    screen = invented_screen(np.random.default_rng(3), "s", "rows")
    return render(screen, Viewport(200.0, (1,) + (0,) * (len(screen.rows) - 1)))


@pytest.fixture
def window(qtbot: QtBot) -> ParticipantWindow:
    window = ParticipantWindow(SIZE)
    qtbot.addWidget(window, before_close_func=lambda w: w.dismiss())
    window.resize(*SIZE)
    window.show()
    return window


def grabbed(window: ParticipantWindow) -> np.ndarray:
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_shows_exactly_the_rasterisers_pixels(window: ParticipantWindow, page: Page) -> None:
    window.show_pixels(page.image)
    np.testing.assert_array_equal(grabbed(window), page.image)


def test_a_larger_window_shows_the_same_pixels_in_its_middle(window: ParticipantWindow, page: Page) -> None:
    window.resize(2560, 1440)
    window.show_pixels(page.image)
    np.testing.assert_array_equal(grabbed(window)[180:1260, 320:2240], page.image)


def test_keeps_no_reference_to_the_array(window: ParticipantWindow, page: Page) -> None:
    pixels = page.image.copy()
    window.show_pixels(pixels)
    pixels[:] = 255
    np.testing.assert_array_equal(grabbed(window), page.image)


def test_pixels_of_another_size_are_refused(window: ParticipantWindow) -> None:
    with pytest.raises(StudyInvalid, match="1920 x 1080"):
        window.show_pixels(np.zeros((900, 1600, 3), np.uint8))


def test_says_when_pixels_were_presented(qtbot: QtBot, window: ParticipantWindow, page: Page) -> None:
    with qtbot.waitSignal(window.presented, timeout=2000) as first:
        serial = window.show_pixels(page.image)
    assert first.args == [serial]
    with qtbot.waitSignal(window.presented, timeout=2000) as second:
        window.show_pixels(page.image)
    assert second.args == [serial + 1]


def test_repainting_the_same_pixels_announces_nothing(
    qtbot: QtBot, window: ParticipantWindow, page: Page
) -> None:
    with qtbot.waitSignal(window.presented, timeout=2000):
        window.show_pixels(page.image)
    with qtbot.assertNotEmitted(window.presented, wait=50):
        window.update()


def test_a_click_is_reported_where_it_was(qtbot: QtBot, window: ParticipantWindow) -> None:
    with qtbot.waitSignal(window.clicked) as click:
        qtbot.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(500, 300))
    assert click.args == [500.0, 300.0]


def test_in_a_smaller_window_positions_are_still_study_pixels(
    qtbot: QtBot, window: ParticipantWindow
) -> None:
    window.resize(960, 600)
    with qtbot.waitSignal(window.clicked) as click:
        qtbot.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(480, 300))
    assert click.args == pytest.approx([960.0, 540.0])


def test_a_release_alone_or_another_button_is_no_click(qtbot: QtBot, window: ParticipantWindow) -> None:
    with qtbot.assertNotEmitted(window.clicked):
        qtbot.mouseRelease(window, Qt.MouseButton.LeftButton, pos=QPoint(500, 300))
        qtbot.mouseClick(window, Qt.MouseButton.RightButton, pos=QPoint(500, 300))


def test_pointer_reports_buttons(qtbot: QtBot, window: ParticipantWindow) -> None:
    heard: list[tuple[float, float, int]] = []
    window.pointer_moved.connect(lambda *args: heard.append(args))
    qtbot.mouseMove(window, QPoint(10, 20))
    qtbot.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(30, 40))
    assert (30.0, 40.0, 1) in heard
    assert heard[-1] == (30.0, 40.0, 0)


def wheel(window: ParticipantWindow, pixels: int, notches: float) -> None:
    here = QPointF(100, 100)
    event = QWheelEvent(
        here,
        window.mapToGlobal(here),
        QPoint(0, pixels),
        QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(window, event)


def test_wheel_and_touch_pad_scroll_in_study_pixels(window: ParticipantWindow) -> None:
    heard: list[float] = []
    window.scrolled.connect(heard.append)
    wheel(window, 0, -1)
    wheel(window, 0, 0.5)
    wheel(window, -37, -1)
    assert heard == [100.0, -50.0, 37.0]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (Qt.Key.Key_Left, "left"),
        (Qt.Key.Key_Right, "right"),
        (Qt.Key.Key_Up, "up"),
        (Qt.Key.Key_Down, "down"),
        (Qt.Key.Key_Return, "enter"),
        (Qt.Key.Key_Enter, "enter"),
        (Qt.Key.Key_PageDown, "page-down"),
    ],
)
def test_keys_are_named(qtbot: QtBot, window: ParticipantWindow, key: Qt.Key, name: str) -> None:
    with qtbot.waitSignal(window.key_pressed) as pressed:
        qtbot.keyClick(window, key)
    assert pressed.args == [name]


def test_a_held_enter_counts_once_a_held_arrow_repeats(window: ParticipantWindow) -> None:
    heard: list[str] = []
    window.key_pressed.connect(heard.append)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Down):
        for repeat in (False, True, True):
            none = Qt.KeyboardModifier.NoModifier
            QApplication.sendEvent(window, QKeyEvent(QEvent.Type.KeyPress, key, none, "", repeat))
    assert heard == ["enter", "down", "down", "down"]


def test_unknown_keys_do_nothing(qtbot: QtBot, window: ParticipantWindow) -> None:
    with qtbot.assertNotEmitted(window.key_pressed):
        qtbot.keyClick(window, Qt.Key.Key_F13)
        qtbot.keyClick(window, Qt.Key.Key_A)


def test_escape_and_closing_go_to_the_operator(qtbot: QtBot, window: ParticipantWindow) -> None:
    with qtbot.waitSignal(window.escape_pressed):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    with qtbot.waitSignal(window.escape_pressed):
        assert not window.close()
    assert window.isVisible()
    window.dismiss()
    assert not window.isVisible()


def test_the_pointer_can_be_hidden(window: ParticipantWindow) -> None:
    window.show_pointer(False)
    assert window.cursor().shape() == Qt.CursorShape.BlankCursor
    window.show_pointer(True)
    assert window.cursor().shape() == Qt.CursorShape.ArrowCursor


SCALED = """
import json
import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from studio.windows.participant import ParticipantWindow

app = QApplication([])
pixels = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
window = ParticipantWindow((1920, 1080))
ratio = window.devicePixelRatioF()
window.resize(window.sizeHint())
window.show()
window.show_pixels(pixels)
image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
shown = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
shown = shown[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
clicks = []
window.clicked.connect(lambda x, y: clicks.append((x, y)))
QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(400, 200))
equal = bool((shown[:1080, :1920] == pixels).all())
print(json.dumps({"ratio": ratio, "equal": equal, "clicks": clicks}))
window.dismiss()
"""


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 1.75, 2.0])
def test_scaled_displays_show_and_report_study_pixels(ratio: float) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": str(ratio), "QT_QPA_PLATFORM": "offscreen"}
    run = subprocess.run(
        [sys.executable, "-c", SCALED],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(run.stdout)
    assert found["ratio"] == ratio
    assert found["equal"]
    assert found["clicks"] == [pytest.approx([400 * ratio, 200 * ratio])]
