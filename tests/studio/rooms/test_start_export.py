"""Exporting from the start room: the real programs write into the folder that is offered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from acquisition.clock import SteadyClock
from studio.background import Background
from studio.house import House
from studio.observed import Observed
from studio.rooms.start.view import StartRoom
from studio.settings import Settings
from studio.visit import Visit


@pytest.fixture
def room(tmp_path: Path, session_path: Path, qtbot):
    """The room with one recording, chosen."""
    background = Background()
    house = House(
        settings=Observed(Settings(data_folder=tmp_path / "data")),
        visit=Observed(Visit()),
        notice=Observed(None),
        background=background,
        clock=SteadyClock(),
        performance=Observed(None),
        go=lambda *_: None,
    )
    house.sessions_folder.mkdir(parents=True)
    shutil.copy2(session_path, house.sessions_folder / "P01.h5")
    made = StartRoom(house)
    qtbot.addWidget(made)
    made.show()
    made.enter(None)
    qtbot.waitUntil(lambda: not made.controller.state.value.loading, timeout=20_000)
    made.table.selectRow(0)
    yield made
    made.close_down()
    background.close()


def test_an_export_goes_into_a_new_folder_with_one_enter(room: StartRoom, qtbot) -> None:
    room.export_menu.actions()[1].trigger()
    place = room.place.folder
    assert place.parent == room.house.settings.value.data_folder / "exports"
    assert place.name.startswith("bids-")
    assert not place.exists()
    qtbot.keyClick(room.place.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not room.controller.state.value.doing, timeout=30_000)
    assert room.controller.state.value.problem == ""
    assert (place / "dataset_description.json").exists()


def test_another_folder_can_be_typed_but_not_none(room: StartRoom) -> None:
    room.export_menu.actions()[0].trigger()
    offered = room.place.folder
    room.place.name.setText("mine")
    assert room.place.folder == offered.parent / "mine"
    room.place.name.setText(" ")
    assert not room.place.export.isEnabled()
    room.place.reject()


def test_an_export_that_was_refused_is_not_what_enter_does(room: StartRoom, monkeypatch) -> None:
    asked = []
    no = QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *given: asked.append(given[-1]) or no)
    monkeypatch.setattr(room.controller, "export_doubt", lambda: "P01 did not agree.")
    room.export_menu.actions()[0].trigger()
    assert asked == [no]
    assert room.place is None
