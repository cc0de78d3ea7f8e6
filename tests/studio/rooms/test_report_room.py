"""The Report room: choosing by plain calls, writing by the real program, showing on a real window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from acquisition.clock import FakeClock
from protocols.errors import GazeTwinError, SessionError, SetupError
from protocols.wire import Progress
from studio.background import Background
from studio.comparing import Tell
from studio.house import House
from studio.observed import Observed
from studio.rooms.report.controller import ReportController
from studio.rooms.report.shelf import free_stem
from studio.rooms.report.state import Written
from studio.rooms.report.view import ReportRoom
from studio.rooms.report.writing import write
from studio.session_choices import SessionChoice, choices
from studio.settings import Settings
from studio.state import Notice
from studio.theme import LIGHT
from studio.visit import Visit
from studio.windows.appearance import dress

T = TypeVar("T")


def at_once(job: Callable[[], T], then: Callable[[T], None], failed: Callable[[GazeTwinError], None]) -> None:
    try:
        result = job()
    except GazeTwinError as error:
        failed(error)
    else:
        then(result)


@pytest.fixture
def data(tmp_path: Path, session_path: Path, human_session_path: Path) -> Path:
    """A data folder with two recordings."""
    for name, path in (("one", session_path), ("two", human_session_path)):
        (tmp_path / "sessions" / name).mkdir(parents=True)
        shutil.copy(path, tmp_path / "sessions" / name / "session.h5")
    return tmp_path


Order = tuple[str, str | None]


@pytest.fixture
def orders() -> list[Order]:
    return []


@pytest.fixture
def controller(data: Path, orders: list[Order]) -> ReportController:
    def note(session: SessionChoice, persona: Path | None, folder: Path, tell: Tell) -> Written:
        tell(Progress(done=1, total=2, message="half of it"))
        orders.append((session.path.parent.name, None if persona is None else persona.name))
        if session.path.parent.name == "broken":
            raise SessionError("It is broken.", "Nothing can be told.", "Use another.")
        return Written(session.words, folder / f"{session.name}.html", folder / "x.pdf", ())

    made = ReportController(at_once, data, data / "reports", note)
    made.refresh()
    return made


def test_one_click_is_enough(controller: ReportController, orders: list[Order]) -> None:
    assert len(controller.state.value.choices.sessions) == 2
    assert len(controller.state.value.chosen) == 1
    assert controller.state.value.cannot_write == ""
    controller.write()
    assert len(orders) == 1
    assert orders[0][1] is None, "no twin was fitted on it"
    assert len(controller.state.value.written) == 1
    assert not controller.state.value.working


def test_several_sessions_and_a_persona(
    controller: ReportController, data: Path, orders: list[Order]
) -> None:
    for choice in controller.state.value.choices.sessions:
        controller.choose(choice.path, chosen=True)
    controller.about(data / "personas" / "P01.safetensors")
    controller.write()
    assert sorted(orders) == [("one", "P01.safetensors"), ("two", "P01.safetensors")]
    assert len(controller.state.value.written) == 2
    controller.write()
    assert len(controller.state.value.written) == 2, "the same reports are replaced"


def test_nothing_chosen_and_nothing_there_is_said(controller: ReportController, tmp_path: Path) -> None:
    controller.choose(controller.state.value.chosen[0], chosen=False)
    assert "Choose at least one" in controller.state.value.cannot_write
    empty = ReportController(at_once, tmp_path / "nowhere", tmp_path, write)
    assert "Looking" in empty.state.value.cannot_write
    empty.refresh()
    assert "no session yet" in empty.state.value.cannot_write


def test_what_goes_wrong_ends_the_work_in_words(controller: ReportController, data: Path) -> None:
    controller.about(data / "broken" / "session.h5")
    controller.write()
    assert "It is broken." in controller.state.value.problem
    assert not controller.state.value.working
    controller.tick()
    assert controller.state.value.said == ""


def test_a_session_names_its_files(data: Path) -> None:
    found = choices(data)
    assert all("P0" in choice.words and "demo" in choice.words for choice in found.sessions)
    assert all(set(choice.name) <= set("0123456789_-.Pdemo") for choice in found.sessions)


def test_the_program_writes_both_files_and_its_pages(data: Path) -> None:
    session = choices(data).sessions[0]
    said: list[str] = []
    written = write(session, None, data / "reports", lambda told: said.append(told.message))
    assert written.html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert written.pdf.read_bytes().startswith(b"%PDF")
    assert len(written.pages) >= 4
    assert all(page.startswith(b"\xff\xd8") for page in written.pages)
    assert said[0] == "Drawing pages"
    (data / "reports").rename(data / "old")
    (data / "reports").write_text("in the way")
    with pytest.raises(SetupError, match="cannot be made"):
        write(session, None, data / "reports", lambda _: None)


@pytest.fixture
def room(qtbot: QtBot, data: Path, qapp: QApplication) -> Iterator[ReportRoom]:
    dress(qapp, LIGHT)
    background = Background()
    house = House(
        settings=Observed(Settings(data_folder=data, theme="light")),
        visit=Observed(Visit()),
        notice=Observed[Notice | None](None),
        background=background,
        clock=FakeClock(0.0),
        performance=Observed(None),
        go=lambda *_: None,
    )
    made = ReportRoom(house)
    qtbot.addWidget(made)
    made.resize(1120, 740)
    made.show()
    made.enter(None)
    qtbot.waitUntil(lambda: not made.controller.state.value.listing, timeout=20_000)
    yield made
    made.leave()
    made.close_down()
    background.close()


def test_the_room_writes_and_shows_a_report(room: ReportRoom, qtbot: QtBot, data: Path) -> None:
    assert room.sessions.count() == 2
    assert not room.open_html.isEnabled()
    qtbot.mouseClick(room.write, Qt.MouseButton.LeftButton)
    assert room.busy()
    assert not room.write.isEnabled()
    qtbot.waitUntil(lambda: not room.controller.state.value.working, timeout=60_000)
    assert room.controller.state.value.problem == ""
    assert room.preview.pages >= 4
    assert room.open_html.isEnabled()
    assert {path.suffix for path in (data / "reports").iterdir()} == {".html", ".pdf"}
    assert not room.busy()
    assert not room.grab().isNull()


def test_boxes_are_ticked_by_keyboard(room: ReportRoom, qtbot: QtBot) -> None:
    room.sessions.setFocus()
    room.sessions.setCurrentRow(1)
    before = room.controller.state.value.chosen
    qtbot.keyClick(room.sessions, Qt.Key.Key_Space)
    assert len(room.controller.state.value.chosen) == len(before) + 1
    room.personas.setCurrentIndex(1)
    room.personas.activated.emit(1)
    assert room.controller.state.value.which == "none"


def test_earlier_reports_are_listed_the_newest_first_and_what_was_erased_goes(data: Path) -> None:
    shelf = data / "reports"
    shelf.mkdir()
    for age_s, name in ((100, "old"), (0, "new")):
        (shelf / f"{name}.html").write_text(f"<title>GazeTwin report: {name} &amp; all</title>", "utf-8")
        os.utime(shelf / f"{name}.html", (1e9 - age_s, 1e9 - age_s))
    made = ReportController(at_once, data, shelf, write)
    made.refresh()
    assert [one.words.split(" · ")[0] for one in made.state.value.reports] == ["new & all", "old & all"]
    made.choose(data / "sessions" / "one" / "session.h5", chosen=True)
    shutil.rmtree(data / "sessions" / "one")
    (shelf / "new.html").unlink()
    made.refresh()
    assert [one.html.stem for one in made.state.value.reports] == ["old"]
    assert data / "sessions" / "one" / "session.h5" not in made.state.value.chosen


def test_no_report_is_written_over(tmp_path: Path) -> None:
    assert free_stem(tmp_path, "P01") == "P01"
    (tmp_path / "P01.pdf").write_bytes(b"")
    (tmp_path / "P01_2.html").write_bytes(b"")
    assert free_stem(tmp_path, "P01") == "P01_3"
