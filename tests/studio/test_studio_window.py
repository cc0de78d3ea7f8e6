"""The Studio's window: rooms, what comes next, menus, closing, and what it remembers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QDialog

from protocols.participant import Participant
from protocols.study import load_study
from studio.app import Studio, run
from studio.inputs import Noted
from studio.logs import LogFile
from studio.rooms.participant.view import ParticipantRoom
from studio.rooms.start.view import StartRoom
from studio.settings import Settings, SettingsFile
from studio.sources import SourceChoice
from studio.state import LiveState, Notice, TrialLine
from studio.steps import steps
from studio.visit import Display, Visit
from studio.windows.studio import ROOMS


@pytest.fixture(autouse=True)
def resting(monkeypatch):
    """Rooms read nothing when they are entered; their own tests are about that."""
    monkeypatch.setattr(StartRoom, "enter", lambda *_: None)
    monkeypatch.setattr(ParticipantRoom, "enter", lambda *_: None)


@pytest.fixture
def studio(tmp_path, qtbot):
    app = QApplication.instance()
    before = (app.font(), app.palette(), app.styleSheet(), app.style().objectName())
    made = Studio(app, Settings(data_folder=tmp_path))
    qtbot.addWidget(made.window)
    made.show()
    yield made
    made.window.close()
    app.setStyleSheet(before[2])
    app.setStyle(before[3])
    app.setFont(before[0])
    app.setPalette(before[1])


class Page(QObject):
    display_lost, display_back = Signal(str), Signal(str)


class Recording(QObject):
    over, escaped = Signal(), Signal()

    def __init__(self):
        super().__init__()
        self.window, self.posted = Page(), []
        trials = tuple(
            TrialLine(n, "browse", f"s{n}", status) for n, status in enumerate(("done", "running", "waiting"))
        )
        self.live, self.running = LiveState(phase="running", elapsed_s=44.4, trials=trials), True

    def state(self):
        return self.live

    def post(self, item):
        self.posted.append(item)


def coming(visit):
    return [key for key, step in steps(visit).items() if step == "next"]


def door(studio, key):
    return studio.window._doors[key]


def test_the_next_step_is_the_first_that_is_not_done():
    assert steps(Visit())["start"] == "next"
    visit = Visit(study=load_study("free-gaze"), participant=Participant(pseudonym="P01"))
    found = steps(visit)
    assert (found["start"], found["participant"], found["devices"]) == ("done", "done", "next")
    assert found["calibration"] == ""


def test_the_steps_follow_the_session_and_what_is_done_with_it(tmp_path):
    study, recorded = load_study("demo"), tmp_path / "session.h5"
    visit = Visit(
        study=study,
        participant=Participant(pseudonym="P01"),
        source=SourceChoice("mock"),
        display=Display("", study.screen),
    )
    now = {key: step for key, step in steps(visit, "calibrating").items() if step != "done"}
    assert now == {"calibration": "now", "session": ""}
    found = steps(visit, "recording")
    assert (found["calibration"], found["session"]) == ("done", "now")
    visit = replace(visit, recorded=recorded)
    assert coming(visit) == ["twin"]
    assert coming(replace(visit, done=frozenset({"twin"}))) == ["replay"]
    assert coming(replace(visit, done=frozenset({"replay"}))) == ["report"]
    assert coming(replace(visit, done=frozenset({"twin", "replay", "report"}))) == []
    free = replace(visit, study=load_study("free-gaze"))
    assert coming(free) == ["replay"], "there is nothing for a twin to learn from"


def test_a_recording_is_seen_in_every_room_and_its_end_is_told(studio):
    sign, session = studio.window.sign, Recording()
    assert not sign.isVisible()
    studio.house.performance.put(session)
    assert (sign.isVisible(), sign.text()) == (True, "● Recording,\ntrial 2 of 3")
    assert sign.accessibleName() == "Recording, trial 2 of 3"
    assert "now" in door(studio, "session").text()
    studio.go("participant", None)
    room = studio.window.room("participant")
    assert not room.pseudonym.isEnabled()
    assert "until it is over" in room.problem.text()
    session.live, session.running = LiveState(phase="finished"), False
    session.over.emit()
    assert not sign.isVisible()
    assert room.pseudonym.isEnabled()
    assert "room 5" in studio.house.notice.value.text
    assert "now" not in door(studio, "session").text()


def test_closing_while_recording_asks_and_what_was_said_goes_with_the_question(studio, qtbot):
    session = Recording()
    studio.house.visit.put(Visit(study=load_study("demo")))
    studio.house.performance.put(session)
    assert not studio.window.close()
    operator = studio.window.room("session").operator
    assert "resumed later from room 1" in operator.question.promise.text()
    assert "abort it first" in studio.house.notice.value.text
    operator.question.keep.click()
    assert studio.house.notice.value is None
    operator.controls.note_text.setText("she laughed")
    qtbot.keyClick(operator.controls.note_text, Qt.Key.Key_Return)
    assert session.posted == [Noted("she laughed")]
    assert studio.house.notice.value == Notice("Note kept at 0:44.", "quiet", brief=True)
    session.running = False


def test_news_goes_by_itself(studio, qtbot):
    studio.window._news.setInterval(20)
    studio.house.notice.put(Notice("Note kept at 0:44.", "quiet", brief=True))
    qtbot.waitUntil(lambda: studio.house.notice.value is None)


def test_doors_tell_in_words_what_is_done_and_what_is_next(studio):
    assert "next" in door(studio, "start").text()
    studio.house.visit.put(Visit(study=load_study("free-gaze")))
    assert "done" in door(studio, "start").text()
    assert door(studio, "participant").accessibleName() == "Room Participant, next"


def test_every_room_is_entered_by_its_key(studio, qtbot):
    for number, key in enumerate(("start", "participant"), start=1):
        qtbot.keyClick(studio.window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.AltModifier)
        assert studio.window.here == key
    assert len(ROOMS) == 8


def test_enter_presses_the_main_button_unless_a_field_has_use_for_it(studio, qtbot, monkeypatch):
    room, pressed = studio.window.room("start"), []
    monkeypatch.setattr(room.controller, "cannot_begin", lambda: "")
    room.redress()
    room.new_session.clicked.connect(lambda: pressed.append(1))
    room.new_session.clicked.disconnect(room.controller.new_session)
    room.setFocus()
    qtbot.keyClick(studio.window, Qt.Key.Key_Return)
    assert pressed == [1]
    room.search.setFocus()
    qtbot.keyClick(room.search, Qt.Key.Key_Return)
    assert pressed == [1]


def test_news_stays_in_its_room_and_a_warning_does_not(studio):
    studio.house.notice.put(Notice("Exported.", "quiet"))
    studio.go("participant", None)
    assert studio.house.notice.value is None
    studio.house.notice.put(Notice("The disk is full.", "bad"))
    studio.go("start", None)
    assert studio.house.notice.value.text == "The disk is full."


def test_letters_and_theme_change_by_key_and_at_once(studio):
    menus, settings = studio.window.menus, studio.house.settings
    menus.larger.trigger()
    assert settings.value.font_scale == 1.1
    assert QApplication.font().pixelSize() == 14
    menus.ordinary.trigger()
    assert QApplication.font().pixelSize() == 13
    menus.other.trigger()
    assert settings.value.theme == "light"
    assert menus.light.isChecked()
    menus.dark.trigger()
    assert settings.value.theme == "dark"
    assert menus.larger.shortcut().toString() == "Ctrl++"


def test_the_keys_are_listed(studio):
    studio.window.menus.shortcuts.trigger()
    dialog = next(d for d in studio.window.findChildren(QDialog) if d.isVisible())
    assert dialog.windowTitle() == "Keys"
    dialog.reject()


def test_a_busy_room_keeps_the_window_open_and_is_shown(studio, monkeypatch):
    room = studio.window.room("participant")
    monkeypatch.setattr(room, "busy", lambda: "Something runs.")
    assert not studio.window.close()
    assert studio.window.here == "participant"
    assert studio.house.notice.value.text == "Something runs."
    monkeypatch.undo()


def test_the_place_is_remembered_and_used_only_where_a_display_is(studio, tmp_path, qtbot):
    studio.window.resize(1200, 760)
    studio.window.close()
    window = studio.house.settings.value.window
    assert window[2:] == (1200, 760)
    for place, size in ((window, (1200, 760)), ((90_000, 90_000, 1200, 760), (1280, 800))):
        again = Studio(QApplication.instance(), Settings(data_folder=tmp_path, window=place))
        qtbot.addWidget(again.window)
        assert again.window.size().toTuple() == size
        again.window.close()


def test_a_defect_is_said_and_settings_are_kept_by_a_whole_run(tmp_path, qtbot):
    file = SettingsFile(tmp_path / "settings.json")
    file.save(Settings(data_folder=tmp_path / "data"))
    said = []

    def meanwhile():
        window = next(w for w in QApplication.topLevelWidgets() if hasattr(w, "went_wrong") and w.isVisible())
        window.menus.larger.trigger()
        import sys

        sys.excepthook(RuntimeError, RuntimeError("the lamp"), None)
        QTimer.singleShot(50, lambda: (said.append(window._notice.text()), window.close()))

    QTimer.singleShot(300, meanwhile)
    assert run(file) == 0
    assert "the lamp" in said[0]
    assert "studio.log" in said[0]
    assert file.load().settings.font_scale == 1.1
    assert "the lamp" in (tmp_path / "data" / "logs" / "studio.log").read_text()
    QApplication.instance().setStyleSheet("")
    assert qtbot


def test_a_data_folder_that_cannot_be_written_is_said_with_what_to_do(studio, tmp_path):
    (tmp_path / "file").touch()
    studio.write_into(LogFile(tmp_path / "file"))
    assert "Choose another place" in studio.house.notice.value.text


def test_settings_that_cannot_be_kept_are_said(studio, tmp_path):
    (tmp_path / "file").touch()
    studio.keep_settings(SettingsFile(tmp_path / "file" / "settings.json"))
    assert "not kept" in studio.house.notice.value.text
