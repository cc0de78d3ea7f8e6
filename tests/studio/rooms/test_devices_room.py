"""The devices room: streams as they come and go, what is wrong with them, the participant's display."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDoubleSpinBox
from pytestqt.qtbot import QtBot

import studio.remembered
import studio.rooms.devices.picking as questions
from acquisition.clock import FakeClock, SteadyClock
from acquisition.coordinates import Unit
from acquisition.listening import Heard
from acquisition.lsl_discovery import ON_SCREEN
from acquisition.outlet import GazeOutlet
from acquisition.picker import infer, suggest
from acquisition.presence import Present
from acquisition.profiles import format_named
from acquisition.streams import Channel, StreamDescription
from protocols.errors import GazeTwinError
from protocols.geometry import Screen
from protocols.study import load_study
from studio.background import Background
from studio.house import House
from studio.monitors import Monitor
from studio.observed import Observed
from studio.picking import Candidate, Choice
from studio.rooms.devices.controller import DevicesController, Shared
from studio.rooms.devices.entries import of_streams
from studio.rooms.devices.view import DevicesRoom
from studio.settings import Settings
from studio.sources import SourceChoice
from studio.visit import Visit
from studio.windows.overlay import CardRuler

DESK = Monitor("DP-1", "", (0, 0, 1920, 1200), 1.0, (518.0, 324.0), 60.0, primary=True)
BOOTH = Monitor("HDMI-1", "", (1920, 0, 1920, 1080), 1.0, (527.0, 296.0), 60.0)


def at_once(
    job: Callable[[], object], then: Callable[[object], None], failed: Callable[[GazeTwinError], None]
):
    try:
        result = job()
    except GazeTwinError as error:
        failed(error)
    else:
        then(result)


@pytest.fixture
def shared() -> Shared:
    visit = Observed(Visit(study=load_study("demo")))
    return Shared(visit, Observed(Settings()), at_once, SteadyClock())  # type: ignore[arg-type] # runs at once


@pytest.fixture
def controller(shared: Shared) -> Iterator[DevicesController]:
    controller = DevicesController(shared)
    yield controller
    controller.close_down()


@pytest.fixture
def outlet() -> Iterator[Callable[..., GazeOutlet]]:
    made: list[GazeOutlet] = []

    def make(profile: str, device: str, rate_hz: float = 60.0) -> GazeOutlet:
        made.append(GazeOutlet(format_named(profile), device, rate_hz))
        return made[-1]

    yield make
    for one in made:
        one.close()


def looking_around(n: int = 120) -> np.ndarray:
    rng = np.random.default_rng(2)
    values = np.full((n, 6), 3.0)
    values[:, [0, 1]] = values[:, [3, 4]] = rng.uniform(0.1, 0.9, (n, 2))
    return values


# ---- the controller, with real streams


def until(true: Callable[[], object], beat: Callable[[], None], seconds: float = 12.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came about"
        beat()
        time.sleep(0.02)


def test_a_stream_appears_is_measured_leaves_and_comes_back(
    controller: DevicesController, shared: Shared, outlet: Callable[..., GazeOutlet]
) -> None:
    tracker = outlet("tobii-pro", "room", 60.0)
    sent = [tracker.now_s()]

    def beat() -> None:
        due = int((tracker.now_s() - sent[0]) * 60.0)
        if due:
            tracker.push(looking_around(due), sent[0] + (np.arange(due) + 1) / 60.0)
            sent[0] += due / 60.0
        controller.beat()

    controller.enter((DESK, BOOTH))
    key = f"lsl:{tracker.source_id}"
    until(lambda: any(one.key == key for one in controller.state.value.entries), beat)
    assert controller.state.value.chosen == ""
    assert shared.visit.value.source is None
    controller.choose(key)
    assert shared.visit.value.source == SourceChoice("lsl", name=tracker.source_id)

    def measured() -> bool:
        found = controller.state.value.measured
        return found is not None and abs(found.glance.measured_hz - 60.0) < 3.0

    until(measured, beat)
    assert controller.state.value.missing == ""
    tracker.close()
    until(lambda: controller.state.value.entry and controller.state.value.entry.gone, controller.beat)
    assert "has left the network" in controller.state.value.missing
    tracker = outlet("tobii-pro", "room", 60.0)
    sent[0] = tracker.now_s()
    until(lambda: controller.state.value.entry and not controller.state.value.entry.gone, beat)
    assert controller.state.value.missing == ""
    closed: list[bool] = []
    controller.leave(lambda: closed.append(True))
    assert closed == [True]
    until(lambda: not tracker.has_consumer(), lambda: None)  # nobody listens when a recording begins


def test_the_picker_of_the_command_line_answers_in_the_room(
    controller: DevicesController, shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = StreamDescription(
        "Lab", "Gaze", "l1", "u3", "lab", 100.0, 3, (Channel("gx"), Channel("gy"), Channel("ok"))
    )
    values = np.column_stack([looking_around()[:, :2], np.ones(120)])
    guesses = infer(stream, values)
    heard = Candidate(None, stream, Heard(values, np.arange(120) / 100), guesses, suggest(guesses))
    monkeypatch.setattr(studio.remembered, "profiles_folder", lambda: tmp_path)
    monkeypatch.setattr(questions, "candidate", lambda *_: heard)
    entries = of_streams([Present(None, stream)], ON_SCREEN)
    controller.state.put(replace(controller.state.value, entries=entries))
    controller.choose(entries[0].key)
    assert shared.visit.value.source is None
    assert "cannot be recorded as it is" in controller.state.value.missing
    controller.picker.begin()
    assert controller.state.value.picking is not None
    controller.picker.answer(Choice((("both", ("gx", "gx")),), Unit.FRACTION))
    assert "one channel" in controller.state.value.picking.refusal
    controller.picker.answer(Choice((("both", ("gx", "gy")),), Unit.PX))
    assert controller.state.value.picking.concerns
    controller.picker.answer(Choice((("both", ("gx", "gy")),), Unit.FRACTION))
    assert controller.state.value.picking is None
    assert (tmp_path / "my-lab.toml").is_file()
    again = of_streams([Present(None, stream)], studio.remembered.reading(None))
    assert again[0].choice == SourceChoice("lsl", name="l1")


def test_a_session_file_is_replayed(
    controller: DevicesController, shared: Shared, session_path: Path, tmp_path: Path
) -> None:
    controller.enter((DESK,))
    controller.replay(session_path)
    assert shared.visit.value.source == SourceChoice("replay", session_path)
    assert "P01" in controller.state.value.entry.detail
    until(lambda: controller.state.value.measured is not None, controller.beat)
    controller.replay(tmp_path / "none.h5")
    assert controller.state.value.said is not None
    assert controller.state.value.said.mood == "bad"
    assert controller.state.value.chosen == "replay"
    controller.leave()


def test_a_room_that_is_built_anew_takes_what_the_visit_has(shared: Shared, session_path: Path) -> None:
    shared.visit.put(replace(shared.visit.value, source=SourceChoice("replay", session_path)))
    again = DevicesController(shared)
    again.enter((DESK,))
    assert again.state.value.chosen == "replay"
    assert again.state.value.missing == ""
    again.close_down()


def test_nothing_is_looked_at_while_a_session_is_recorded(shared: Shared, session_path: Path) -> None:
    busy = DevicesController(replace(shared, recording=lambda: True))
    busy.replay(session_path)
    busy.beat()
    assert shared.visit.value.source == SourceChoice("replay", session_path)
    assert busy.state.value.measured is None
    busy.close_down()


# ---- the display


def test_the_display_goes_into_the_visit_and_is_remembered(
    controller: DevicesController, shared: Shared
) -> None:
    controller.monitors((DESK, BOOTH))
    display = shared.visit.value.display
    assert display is not None
    assert (display.name, display.screen.size_mm) == ("HDMI-1", (527.0, 296.0))
    controller.size(530.0, 298.0)
    controller.distance(700.0)
    assert shared.visit.value.display.screen == Screen((1920, 1080), (530.0, 298.0), 700.0)
    another = DevicesController(shared)
    another.monitors((DESK, BOOTH))
    assert another.state.value.setup.size_mm == (530.0, 298.0)
    assert another.state.value.setup.distance_mm == 700.0
    controller.display("DP-1")
    assert shared.visit.value.display.frame.placement.top_px == 60
    controller.monitors((BOOTH,))
    assert shared.visit.value.display is None
    assert "not connected" in controller.state.value.setup.missing


# ---- the window


@pytest.fixture
def house(tmp_path: Path, gone: list[object]) -> Iterator[House]:
    background = Background()
    yield House(
        settings=Observed(Settings(data_folder=tmp_path)),
        visit=Observed(Visit(study=load_study("demo"))),
        notice=Observed(None),
        background=background,
        clock=FakeClock(),
        performance=Observed(None),
        go=lambda key, _: gone.append(key),
    )
    background.close()


@pytest.fixture
def gone() -> list[object]:
    return []


@pytest.fixture
def room(qtbot: QtBot, house: House) -> Iterator[DevicesRoom]:
    room = DevicesRoom(house)
    qtbot.addWidget(room)
    room.resize(1120, 740)
    room.show()
    room.enter(None)
    yield room
    room.leave()
    room.close_down()


def test_choosing_by_keyboard_and_going_on(
    qtbot: QtBot, room: DevicesRoom, house: House, gone: list[object]
) -> None:
    qtbot.waitUntil(lambda: not room.controller.state.value.looking, timeout=8000)
    assert not room.go_on.isEnabled()
    assert "Choose where gaze comes from" in room.why_not.text()
    room.sources.entries.setFocus()
    assert house.visit.value.source is None  # merely coming by chooses nothing
    qtbot.keyClick(room.sources.entries, Qt.Key.Key_Down)
    assert house.visit.value.source == SourceChoice("mock")
    room.display.width_mm.setValue(520.0)
    room.display.height_mm.setValue(520.0)
    assert house.visit.value.display is not None
    assert room.go_on.isEnabled()
    qtbot.mouseClick(room.go_on, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: gone == ["calibration"], timeout=2000)


def test_wrong_sizes_are_said_and_can_be_insisted_on(room: DevicesRoom, house: House) -> None:
    room.display.width_mm.setValue(50.0)
    room.display.height_mm.setValue(2.0)
    assert room.display.doubts.isVisibleTo(room)
    assert house.visit.value.display is None
    room.display.insist.click()
    assert house.visit.value.display is not None


def test_enter_takes_a_number_that_is_being_typed(
    qtbot: QtBot, room: DevicesRoom, house: House, gone: list[object]
) -> None:
    room.controller.choose("mock")
    room.activateWindow()
    field = room.display.width_mm
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    field.selectAll()
    qtbot.keyClicks(field, "212")
    assert room.controller.state.value.setup.size_mm[0] != 212.0
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert room.controller.state.value.setup.size_mm[0] == 212.0
    assert house.visit.value.display is not None
    assert gone == []


def test_other_instruments_are_set_for_this_computer(qtbot: QtBot, room: DevicesRoom, house: House) -> None:
    assert room.instruments.publish.isChecked()
    room.instruments.publish.click()
    room.instruments.corner.setFocus()
    qtbot.keyClick(room.instruments.corner, Qt.Key.Key_Down)
    assert not house.settings.value.publish_markers
    assert house.settings.value.photodiode == "top-left"


def test_a_bank_card_is_matched_by_keyboard(qtbot: QtBot) -> None:
    ruler = CardRuler(300.0)
    qtbot.addWidget(ruler)
    ruler.resize(1600, 900)
    ruler.show()
    with qtbot.waitSignal(ruler.measured) as measured:
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Return):
            qtbot.keyClick(ruler, key)
    assert measured.args == [321.0]
    assert not ruler.isVisible()
    with qtbot.assertNotEmitted(ruler.measured):
        ruler.show()
        qtbot.keyClick(ruler, Qt.Key.Key_Escape)
    assert not ruler.isVisible()


def test_every_control_has_a_name(room: DevicesRoom) -> None:
    controls = [room.go_on, room.sources.open_session, room.source.pick, room.source.surface]
    controls += [*room.display.findChildren(QAbstractButton), *room.picker.findChildren(QAbstractButton)]
    fields = [one for kind in (QComboBox, QDoubleSpinBox) for one in room.findChildren(kind)]
    unnamed = [one for one in controls if not (one.accessibleName() or one.text() or one.parent() in fields)]
    unnamed += [one for one in fields if not one.accessibleName()]
    # The corner of a table is a bare QAbstractButton that Qt never gives the focus.
    assert [one for one in unnamed if type(one) is not QAbstractButton] == []
