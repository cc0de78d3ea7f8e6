"""Targets that glide and shrink: their way, and the window that draws them."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from acquisition.clock import SteadyClock
from protocols.cards import target, target_tile
from protocols.geometry import Screen
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from studio.motion import Motion
from studio.windows.participant import ParticipantWindow
from studio.windows.stage import WindowStage

SIZE = (1920, 1080)
SCREEN = Screen()
TILE = partial(target_tile, SIZE, SCREEN)


@given(share=st.floats(-1.0, 2.0))
def test_a_target_never_leaves_its_way_and_arrives(share: float) -> None:
    motion = Motion((100.0, 900.0), (1800.0, 100.0), 1.0, 0.0, 0.5, TILE)
    (x, y), shrunk = motion.at(share * 0.5)
    assert 100.0 <= x <= 1800.0
    assert 100.0 <= y <= 900.0
    assert (x - 100.0) / 1700.0 == pytest.approx((900.0 - y) / 800.0)
    assert 0.0 <= shrunk <= 1.0
    assert motion.at(0.0) == ((100.0, 900.0), 1.0)
    assert motion.at(0.5) == ((1800.0, 100.0), 0.0)


def grabbed(window: ParticipantWindow) -> np.ndarray:
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_the_window_draws_the_way_and_ends_where_the_target_stands(qtbot: QtBot) -> None:
    window = ParticipantWindow(SIZE)
    qtbot.addWidget(window, before_close_func=lambda w: w.dismiss())
    window.resize(*SIZE)
    window.show()
    presented: list[int] = []
    window.presented.connect(presented.append)
    begin, end = (960.0, 540.0), (192.0, 108.0)
    serial = window.show_pixels(target(begin, SIZE, SCREEN, 1.0))
    qtbot.waitUntil(lambda: presented == [serial])
    window.move_target(Motion(begin, end, 1.0, 0.0, 0.2, TILE))
    places = set()
    for _ in range(8):
        qtbot.wait(30)
        lit = np.argwhere(grabbed(window)[..., 0] > 100)
        places.add(tuple(lit.mean(axis=0).round().astype(int).tolist()))
    assert len(places) > 2, "it was on its way"
    np.testing.assert_array_equal(grabbed(window), target(end, SIZE, SCREEN, 0.0))
    assert presented == [serial], "only pixels that were asked for are stamped"
    serial = window.show_pixels(target(end, SIZE, SCREEN, 1.0))
    np.testing.assert_array_equal(grabbed(window), target(end, SIZE, SCREEN, 1.0))


def test_the_pointer_is_hidden_while_targets_are_shown(qtbot: QtBot) -> None:
    window = ParticipantWindow(SIZE)
    qtbot.addWidget(window, before_close_func=lambda w: w.dismiss())
    window.resize(*SIZE)
    window.show()
    stage = WindowStage(window, SteadyClock())
    screen = invented_screen(np.random.default_rng(3), "s", "rows")
    page = render(screen, Viewport.top_of(screen))

    def show() -> None:
        stage.page(page, 0, None)
        shapes.append(window.cursor().shape())
        stage.target((960.0, 540.0), partial(target, (960.0, 540.0), SIZE, SCREEN, 0.0))
        shapes.append(window.cursor().shape())
        stage.page(page, 1, None)
        shapes.append(window.cursor().shape())

    shapes: list[Qt.CursorShape] = []
    thread = threading.Thread(target=show, name="stage")
    thread.start()
    qtbot.waitUntil(lambda: len(shapes) == 3)
    thread.join()
    stage.close()
    assert shapes == [Qt.CursorShape.ArrowCursor, Qt.CursorShape.BlankCursor, Qt.CursorShape.ArrowCursor]
