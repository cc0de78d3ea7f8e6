"""The Replay room by mouse and keyboard, on a real window without a display."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from acquisition.clock import FakeClock
from protocols.stimulus import Page
from sessions.reader import Recording
from studio.background import Background
from studio.house import House
from studio.observed import Observed
from studio.rooms.replay.view import ReplayRoom
from studio.settings import Settings
from studio.state import Notice, Trail
from studio.theme import DARK
from studio.visit import Visit
from studio.widgets.scanpath import Circle, ScanpathPicture, Traces
from studio.windows.appearance import dress


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(50.0)


@pytest.fixture
def went() -> list[tuple[str, Path | None]]:
    return []


@pytest.fixture
def house(
    tmp_path: Path, clock: FakeClock, went: list[tuple[str, Path | None]], qapp: QApplication
) -> Iterator[House]:
    dress(qapp, DARK)
    background = Background()
    yield House(
        settings=Observed(Settings(data_folder=tmp_path)),
        visit=Observed(Visit()),
        notice=Observed[Notice | None](None),
        background=background,
        clock=clock,
        performance=Observed(None),
        go=lambda key, about: went.append((key, about)),
    )
    background.close()


@pytest.fixture
def room(qtbot: QtBot, house: House, session_path: Path) -> Iterator[ReplayRoom]:
    made = ReplayRoom(house)
    qtbot.addWidget(made)
    made.resize(1120, 740)
    made.show()
    made.enter(session_path)
    qtbot.waitUntil(lambda: made.controller.state.value.page is not None, timeout=20_000)
    yield made
    made.close_down()


def t_s(room: ReplayRoom) -> float:
    return room.controller.state.value.t_s


def test_keys_play_step_and_change_speed(room: ReplayRoom, qtbot: QtBot, clock: FakeClock) -> None:
    line = room.time_line
    qtbot.keyClick(line, Qt.Key.Key_Space)
    assert room.controller.state.value.playing
    clock.advance(0.5)
    room.controller.tick()
    assert t_s(room) == pytest.approx(10.5)
    qtbot.keyClick(line, Qt.Key.Key_Space)
    assert not room.controller.state.value.playing
    qtbot.keyClick(line, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert t_s(room) == 13.0
    qtbot.keyClick(line, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert t_s(room) == 10.0
    qtbot.keyClick(line, Qt.Key.Key_Right)
    assert t_s(room) > 10.0
    qtbot.keyClick(line, Qt.Key.Key_Plus)
    assert room.controller.state.value.speed == 2.0
    qtbot.keyClick(line, Qt.Key.Key_Minus)
    qtbot.keyClick(line, Qt.Key.Key_Minus)
    assert room.controller.state.value.speed == 0.5
    qtbot.keyClick(line, Qt.Key.Key_End)
    assert t_s(room) == pytest.approx(22.0, abs=0.1)


def test_buttons_do_the_same(room: ReplayRoom, qtbot: QtBot) -> None:
    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(room.transport.play, left)
    assert room.controller.state.value.playing
    assert room.transport.play.text() == "Pause"
    qtbot.mouseClick(room.transport.speeds[8.0], left)
    assert room.controller.state.value.speed == 8.0
    qtbot.mouseClick(room.transport.trial_on, left)
    assert t_s(room) == 13.0
    qtbot.mouseClick(room.transport.fixation_back, left)
    assert t_s(room) < 13.0


def test_the_time_line_is_pressed_dragged_and_zoomed(room: ReplayRoom, qtbot: QtBot) -> None:
    line, left = room.time_line, Qt.MouseButton.LeftButton
    at = QPoint(round(line.x_of(15.0)), line.height() // 2)
    qtbot.mouseClick(line, left, pos=at)
    assert t_s(room) == pytest.approx(15.0, abs=0.05)
    qtbot.mousePress(line, left, pos=at)
    qtbot.mouseMove(line, QPoint(round(line.x_of(17.0)), line.height() // 2))
    qtbot.mouseRelease(line, left, pos=QPoint(round(line.x_of(17.0)), line.height() // 2))
    begin, end = line.window_s
    qtbot.keyClick(line, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert line.window_s[1] - line.window_s[0] == pytest.approx((end - begin) / 2)
    assert line.window_s[0] <= t_s(room) <= line.window_s[1]
    room.controller.seek(10.2)
    assert line.window_s[0] <= 10.2 <= line.window_s[1], "the window follows the hand"
    qtbot.mouseClick(room.transport.all, left)
    assert line.window_s == (begin, end)
    for _ in range(40):
        line.zoom_in()
    assert line.window_s[1] - line.window_s[0] == pytest.approx(0.5)
    assert line.words_at(line.rect().center().toPointF()) is not None
    line.grab()


def test_every_moment_can_be_drawn(room: ReplayRoom) -> None:
    for moment in np.linspace(9.9, 22.0, 25):
        room.controller.seek(float(moment))
        assert not room.grab().isNull()
    room.pictures.curve.click()
    assert not room.grab().isNull()


def test_a_point_of_the_curve_leads_to_its_moment(qtbot: QtBot, house: House, played_path: Path) -> None:
    room = ReplayRoom(house)
    qtbot.addWidget(room)
    room.resize(1120, 740)
    room.show()
    room.enter(played_path)
    qtbot.waitUntil(lambda: room.controller.state.value.page is not None, timeout=20_000)
    room.pictures.curve.click()
    chart = room.pictures.chart
    qtbot.waitUntil(lambda: chart.isVisible() and chart.width() > 300)
    qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=chart.point_px(2.0).toPoint())
    assert t_s(room) == 17.0
    room.leave()
    room.close_down()


def test_other_colours_leave_the_session_where_it_is(room: ReplayRoom, house: House, qtbot: QtBot) -> None:
    room.controller.seek(14.0)
    before, old = room.grab().toImage(), room.time_line
    house.settings.put(house.settings.value.model_copy(update={"theme": "light"}))
    assert room.redress()
    assert room.time_line is not old
    qtbot.waitUntil(room.time_line.hasFocus)
    assert t_s(room) == 14.0
    assert room.time_line.window_s[1] > 20.0
    assert room.grab().toImage() != before
    qtbot.mouseClick(room.transport.trial_on, Qt.MouseButton.LeftButton)
    assert t_s(room) == 16.0


def test_the_main_button_goes_to_the_report(
    room: ReplayRoom, qtbot: QtBot, went: list[tuple[str, Path | None]], session_path: Path
) -> None:
    qtbot.keyClick(room.time_line, Qt.Key.Key_Return)
    assert went == [("report", session_path)]


def test_sessions_and_twins_of_the_data_folder_are_offered(
    qtbot: QtBot, house: House, session_path: Path, human_session_path: Path
) -> None:
    for name, path in (("one", session_path), ("two", human_session_path)):
        (house.sessions_folder / name).mkdir(parents=True)
        shutil.copy(path, house.sessions_folder / name / "session.h5")
    room = ReplayRoom(house)
    qtbot.addWidget(room)
    room.enter(None)
    qtbot.waitUntil(lambda: room.sessions.count() == 3, timeout=20_000)
    assert {room.sessions.itemText(i).split(" ")[0] for i in (1, 2)} == {"P01", "P02"}
    room.sessions.setCurrentIndex(2)
    room.sessions.activated.emit(2)
    qtbot.waitUntil(lambda: room.controller.state.value.stage == "ready", timeout=20_000)
    assert room.sessions.currentIndex() == 2
    room.leave()
    room.close_down()


def test_an_empty_room_says_what_to_do(qtbot: QtBot, house: House) -> None:
    room = ReplayRoom(house)
    qtbot.addWidget(room)
    room.enter(None)
    assert not room.report.isEnabled()
    assert not room.transport.play.isEnabled()
    assert not room.grab().isNull()
    room.controller.open(house.sessions_folder / "gone.h5")
    qtbot.waitUntil(lambda: house.notice.value is not None, timeout=10_000)
    assert house.notice.value is not None
    assert "gone.h5" in house.notice.value.text
    room.leave()
    room.close_down()


def test_circles_grow_with_duration_and_details_cover_their_poster(qtbot: QtBot, page: Page) -> None:
    picture = ScanpathPicture(DARK)
    qtbot.addWidget(picture)
    picture.resize(960, 540)

    def pixels(*circles: Circle, details: int | None = None) -> np.ndarray:
        picture.render_traces(page, Traces(circles, details=details), Trail.none(), "")
        image = picture.grab().toImage().convertToFormat(picture.grab().toImage().Format.Format_RGB888)
        flat = np.frombuffer(image.constBits(), dtype=np.uint8)
        return flat.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()].astype(int)

    bare = pixels()
    short, long = (np.abs(pixels(Circle(1, 960.0, 540.0, ms)) - bare) > 20 for ms in (80.0, 800.0))
    assert 0 < short.sum() < long.sum()
    box = page.layout.slots[4].box
    changed = np.abs(pixels(details=4) - bare).reshape(540, -1, 3).sum(axis=2) > 20
    ys, xs = np.nonzero(changed)
    assert box.left / 2 - 2 <= xs.min()
    assert xs.max() <= box.right / 2 + 2
    assert box.top / 2 - 2 <= ys.min()
    assert ys.max() <= box.bottom / 2 + 2


def test_the_file_is_the_same_after_replay(session_path: Path) -> None:
    with Recording.open(session_path) as recording:
        assert recording.has_slots() is False


def test_a_session_that_was_erased_is_no_longer_shown(
    qtbot: QtBot, house: House, session_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "erased.h5"
    path.write_bytes(session_path.read_bytes())
    room = ReplayRoom(house)
    qtbot.addWidget(room)
    room.enter(path)
    qtbot.waitUntil(lambda: room.controller.state.value.page is not None, timeout=20_000)
    room.leave()
    path.unlink()
    room.enter(None)
    assert room.controller.state.value.session is None
    assert room.controller.state.value.page is None
    room.close_down()
