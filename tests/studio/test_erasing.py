"""Erasing a participant from the Studio: the question, and what is forgotten afterwards."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QListWidget, QWidget

from protocols.participant import Participant
from studio.erasing import Erasure, forgotten
from studio.visit import Visit
from studio.widgets.erase_question import EraseQuestion


def test_enter_keeps_everything_when_erasing_is_asked(qtbot):
    asking = EraseQuestion(Erasure("P01", (Path("/data/a.h5"),), {}), (made := QWidget()))
    qtbot.addWidget(made)
    answers = []
    asking.finished.connect(answers.append)
    asking.open()
    qtbot.waitExposed(asking)
    assert asking.keep.isDefault()
    assert asking.focusWidget() is asking.keep
    qtbot.keyClick(asking.focusWidget(), Qt.Key.Key_Return)
    asking.open()
    qtbot.keyClick(asking.findChild(QListWidget), Qt.Key.Key_Return)
    assert answers == [QDialog.DialogCode.Rejected] * 2


def test_an_erased_participant_is_forgotten_by_the_visit():
    visit = Visit(
        participant=Participant(pseudonym="P01"), consent={"scopes": []}, recorded=Path("/data/a.h5")
    )
    left = forgotten(visit, "P01")
    assert (left.participant, left.consent, left.recorded) == (None, {}, None)
    assert forgotten(visit, "P010") is visit
