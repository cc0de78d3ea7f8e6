"""The start room: studies, sessions and everything that begins there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication

from acquisition.clock import SteadyClock
from protocols.errors import SessionCorrupt
from protocols.study import load_study
from studio.background import Background
from studio.house import House
from studio.observed import Observed
from studio.rooms.start.controller import StartController
from studio.rooms.start.demo_run import DemoRun
from studio.rooms.start.state import SessionLine, StartState
from studio.rooms.start.view import StartRoom
from studio.session_jobs import session_job
from studio.settings import Settings
from studio.visit import Rest, Visit


def at_once(job, then, failed):
    """Run a job where it is asked for."""
    try:
        result = job()
    except SessionCorrupt as error:
        failed(error)
    else:
        then(result)


@pytest.fixture
def gone():
    return []


@pytest.fixture
def house(tmp_path, gone, qapp):
    assert qapp
    background = Background()
    yield House(
        settings=Observed(Settings(data_folder=tmp_path / "data")),
        visit=Observed(Visit()),
        notice=Observed(None),
        background=background,
        clock=SteadyClock(),
        performance=Observed(None),
        go=lambda key, about: gone.append((key, about)),
    )
    background.close()


def told(**changes):
    return {
        "path": "/data/a.h5",
        "standing": "complete",
        "created_utc": "2026-01-02T03:04:05+00:00",
        "participant": "P01",
        "study": "demo",
        "quality": "good",
        "twins": [],
        "problem": "",
        "agreed": None,
        "trials": 3,
        **changes,
    }


def jobs(*sessions, log=None):
    """Stand in for the programs: a list of sessions, and a record of what else was asked for."""

    def job(name, *arguments):
        if log is not None:
            log.append((name, *map(str, arguments)))
        return {
            "list": {"sessions": list(sessions)},
            "check": {"verdict": "warning"},
            "recover": {"kept": {"gaze": 12}},
            "export": {"target": "/out/x", "notes": ["One note."]},
            "erase": {"files": ["/data/a.h5"], "left": {}, "removed": [{"size_bytes": 5}]},
        }[name]

    return job


@pytest.fixture
def controller(house):
    made = StartController(
        house, at_once, jobs(told(), told(path="/data/b.h5", participant="P02", study="recgaze"))
    )
    made.refresh()
    return made


def test_a_twin_is_told_by_what_it_beats():
    rows = {
        "twin": {"kl": 0.5},
        "twin_combined": {"kl": 0.1},
        "uniform": {"kl": 0.9},
        "backbone": {"kl": 0.4},
    }
    line = SessionLine.of(told(twins=[{"path": "/p", "heldout": rows}]))
    assert (line.twin.words, line.twin.mood) == ("beats 1 of 2 baselines", "warn")
    assert SessionLine.of(told(twins=[{"path": "/p", "heldout": {}}])).twin.words == "fitted, not compared"
    assert SessionLine.of(told()).twin.words == "none"


@pytest.mark.parametrize(
    ("query", "found"), [("p02", 1), ("P0 demo", 1), ("complete", 2), ("zebra", 0), ("", 2)]
)
def test_a_search_finds_sessions_with_all_words(controller, query, found):
    controller.search(query)
    assert len(controller.state.value.found) == found


def test_every_empty_state_says_what_to_do():
    assert "Looking" in StartState().hint()
    assert "Begin one" in StartState(loading=False).hint()
    line = SessionLine.of(told())
    assert "Clear the search" in StartState(sessions=(line,), loading=False, query="zebra").hint()
    assert "Choose a session" in StartState(sessions=(line,), loading=False).hint()


def test_a_new_session_begins_with_the_chosen_study(controller, house, gone):
    controller.choose_study("recgaze")
    controller.new_session()
    assert house.visit.value.study.name == "recgaze"
    assert house.settings.value.last_study == "recgaze"
    assert gone == [("participant", None)]


def test_study_files_of_the_data_folder_are_offered_and_broken_ones_refused_in_words(house):
    folder = house.settings.value.data_folder / "studies"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('name = "mine"\ntitle = "Mine"\nversion = "1"\nkind = "free-gaze"\n')
    (folder / "torn.toml").write_text("name = ")
    made = StartController(house, at_once, jobs())
    made.refresh()
    lines = {study.name: study for study in made.state.value.studies}
    assert {"demo", "recgaze", "free-gaze", "mine", "torn"} == set(lines)
    made.choose_study(lines["torn"].key)
    assert "cannot be read" in made.cannot_begin()
    made.choose_study(lines["mine"].key)
    made.new_session()
    assert house.visit.value.study.title == "Mine"


def test_only_what_can_be_read_is_opened(controller, gone):
    controller.open("replay")
    assert gone == []
    controller.select(Path("/data/b.h5"))
    controller.open("replay")
    controller.open("twin")
    assert gone == [("replay", Path("/data/b.h5")), ("twin", Path("/data/b.h5"))]


def test_work_on_a_session_is_said_when_it_is_done(house):
    log = []
    made = StartController(house, at_once, jobs(told(), log=log))
    made.refresh()
    made.select(Path("/data/a.h5"))
    made.check()
    assert "fair" in house.notice.value.text
    made.recover()
    assert "12 gaze samples" in house.notice.value.text
    made.export("bids", Path("/out"))
    assert "/out/x" in house.notice.value.text
    assert ("export", "/data/a.h5", "--to", "bids", "--out", "/out") in log
    assert ("check", "/data/a.h5", "--keep") in log


def test_a_recording_without_consent_to_hand_it_over_is_doubted(house):
    lines = [told(agreed=["recording"]), told(path="/data/b.h5", agreed=["recording", "export"])]
    made = StartController(house, at_once, jobs(*lines))
    made.refresh()
    made.select(Path("/data/a.h5"))
    assert "P01 did not agree" in made.export_doubt()
    assert "twin" in made.no_twin()
    made.select(Path("/data/b.h5"))
    assert made.export_doubt() == ""


def test_a_job_that_fails_says_why(house):
    def job(*_):
        raise SessionCorrupt("It is torn.", "Nothing can be read.", "Copy it again.")

    made = StartController(house, at_once, job)
    made.refresh()
    assert made.state.value.problem == "It is torn. Nothing can be read. Copy it again."
    assert not made.state.value.loading


def speaking(*lines, status=0, linger=False):
    code = f"import sys, time\nfor l in {lines!r}: print(l, file=sys.stderr, flush=True)\n"
    code += "time.sleep(60)\n" if linger else f"sys.exit({status})\n"
    return lambda out: DemoRun(out, (sys.executable, "-c", code))


def test_the_demonstration_tells_what_it_does_and_is_listed_afterwards(house, qtbot):
    made = StartController(house, at_once, jobs(told()), speaking("page 1", "page 2"))
    made.start_demo()
    qtbot.waitUntil(lambda: made.tick() or made.state.value.demo is None, timeout=10_000)
    assert made.state.value.problem == ""
    assert made.state.value.sessions


def test_a_demonstration_that_fails_says_what_it_said(house, qtbot):
    made = StartController(house, at_once, jobs(), speaking("No engine is installed.", status=2))
    made.start_demo()
    qtbot.waitUntil(lambda: made.tick() or made.state.value.demo is None, timeout=10_000)
    assert "No engine is installed." in made.state.value.problem


def test_a_demonstration_can_be_cancelled(house, qtbot):
    made = StartController(house, at_once, jobs(), speaking("page 1", linger=True))
    made.start_demo()
    qtbot.waitUntil(lambda: made.tick() or made.state.value.demo.startswith("page 1 ("), timeout=10_000)
    made.cancel_demo()
    assert made.state.value.demo is None
    assert "ended" in house.notice.value.text


@pytest.fixture
def room(house, session_path, qtbot):
    """The room with one real recording, read by the real program."""
    folder = house.sessions_folder
    folder.mkdir(parents=True)
    shutil.copy2(session_path, folder / "P01.h5")
    made = StartRoom(house)
    qtbot.addWidget(made)
    made.resize(1100, 760)
    made.show()
    made.enter(None)
    qtbot.waitUntil(lambda: not made.controller.state.value.loading, timeout=20_000)
    yield made
    made.close_down()


def test_a_session_is_chosen_searched_checked_and_opened_by_keyboard(room, house, qtbot, gone):
    assert room.table.rowCount() == 1
    assert room.table.item(0, 1).text() == "P01"
    assert not room.replay.isEnabled()
    room.table.setFocus()
    room.table.selectRow(0)
    assert room.replay.isEnabled()
    assert not room.recover.isEnabled()
    qtbot.mouseClick(room.check, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: room.table.item(0, 4).text() != "not checked", timeout=20_000)
    qtbot.keyClick(room.table, Qt.Key.Key_Return)
    assert gone == [("replay", house.sessions_folder / "P01.h5")]
    qtbot.keyClicks(room.search, "zebra")
    assert room.table.rowCount() == 0
    assert "Clear the search" in room.hint.text()


def test_the_main_button_begins_a_session(room, house, qtbot, gone):
    qtbot.mouseClick(room.new_session, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(gone), timeout=10_000)
    assert house.visit.value.study is not None


def test_a_participant_is_erased_after_a_question(room, house, qtbot):
    room.table.selectRow(0)
    qtbot.mouseClick(room.erase, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: room.question is not None and room.question.isVisible(), timeout=20_000)
    qtbot.mouseClick(room.question.keep, Qt.MouseButton.LeftButton)
    assert (house.sessions_folder / "P01.h5").exists()
    qtbot.mouseClick(room.erase, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: room.question.isVisible(), timeout=20_000)
    qtbot.mouseClick(room.question.erase, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: room.table.rowCount() == 0, timeout=20_000)
    assert not (house.sessions_folder / "P01.h5").exists()
    assert "removed" in house.notice.value.text


def test_another_data_folder_is_listed_at_once(house, tmp_path, qtbot):
    asked = []
    made = StartRoom(house, StartController(house, at_once, jobs(log=asked)))
    qtbot.addWidget(made)
    house.settings.put(house.settings.value.model_copy(update={"data_folder": tmp_path / "other"}))
    assert asked == [("list", str(tmp_path / "other"))]
    made.close_down()


def test_every_control_has_a_name_and_the_first_run_offers_the_demonstration(house, qtbot):
    made = StartRoom(house, StartController(house, at_once, jobs()))
    qtbot.addWidget(made)
    made.enter(None)
    assert "demonstration" in made.hint.text()
    assert made.demo.isEnabled()
    for control in (made.studies, made.search, made.table):
        assert control.accessibleName()
    made.close_down()


def test_the_programs_errors_come_back_as_errors(tmp_path):
    (tmp_path / "a.h5").write_text("?")
    with pytest.raises(SessionCorrupt):
        session_job("check", tmp_path / "a.h5")


def test_a_session_that_ended_early_is_resumed_with_its_participant(house, gone):
    rest = {
        "session_id": "abc",
        "study": load_study("demo").snapshot(),
        "participant": {"pseudonym": "P07"},
        "consent": {"scopes": ["recording"]},
        "seed": 3,
        "left": [5, 9],
    }
    listed = jobs(told(standing="aborted"))
    made = StartController(house, at_once, lambda name, *_: rest if name == "rest" else listed(name))
    made.refresh()
    made.select(Path("/data/a.h5"))
    made.resume()
    visit = house.visit.value
    assert gone == [("devices", None)]
    assert (visit.participant.pseudonym, visit.seed, visit.rest) == ("P07", 3, Rest("abc", (5, 9)))
    assert "2 trials left" in house.notice.value.text


class _Running:
    running = True


def test_nothing_is_begun_while_a_session_is_recorded_and_the_room_says_why(house, qtbot):
    made = StartRoom(house, StartController(house, at_once, jobs(told()), speaking("page 1", linger=True)))
    qtbot.addWidget(made)
    made.enter(None)
    house.performance.put(_Running())
    assert not made.demo.isEnabled()
    assert not made.new_session.isEnabled()
    for words in (made.demo.toolTip(), made.new_session.toolTip(), made.demo_line.text()):
        assert "being recorded" in words
    made.controller.start_demo()
    assert made.controller.state.value.demo is None
    made.close_down()


def test_a_button_that_is_greyed_gives_the_keyboard_to_the_sessions(house, qtbot):
    waiting = []
    controller = StartController(house, lambda *work: waiting.append(work), jobs(told()))
    made = StartRoom(house, controller)
    qtbot.addWidget(made)
    made.show()
    made.enter(None)
    at_once(*waiting.pop())
    controller.select(Path("/data/a.h5"))
    made.check.setFocus()
    controller.check()
    assert not made.check.isEnabled()
    assert made.focusWidget() is made.table
    made.close_down()


def test_a_study_that_comes_while_another_program_is_at_the_front_is_offered(house, qtbot):
    made = StartRoom(house, StartController(house, at_once, jobs()))
    qtbot.addWidget(made)
    made.enter(None)
    folder = house.settings.value.data_folder / "studies"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('name = "mine"\ntitle = "Mine"\n')
    QApplication.sendEvent(made, QEvent(QEvent.Type.WindowActivate))
    assert "mine" in [study.name for study in made.controller.state.value.studies]
    made.close_down()
