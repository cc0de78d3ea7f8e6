"""The Session room in the Studio: whole sessions with a simulated viewer, and what goes wrong in them.

Everything is real (LSL between processes, HDF5, windows) but the model behind the engine program.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from acquisition.lsl import LslSource
from acquisition.samples import GazeChunk
from acquisition.viewer.settings import ViewerSettings
from protocols.markers import Code
from protocols.participant import Participant
from protocols.study import load_study
from sessions.reader import Recording
from sessions.recover import recover
from sessions.schema import State
from studio import visit_session
from studio.app import Studio
from studio.ending import ending_sessions
from studio.inputs import Wished
from studio.programs import Program
from studio.recorded_predictions import prediction_scores, score_differences
from studio.recording import Recorded
from studio.replay import Replayed, replay
from studio.rooms.session.view import SessionRoom
from studio.settings import Settings
from studio.simulated_viewer import SimulatedViewer
from studio.sources import SourceChoice
from studio.visit import Visit
from studio.wishes import Accept, ShowTargets
from tuning.events import Event, Shutdown

STUDY = """
name = "few"
title = "A few pages"
version = "1"
inter_trial_s = 0.1
screens = {{ invented = {{ seed = 5, count = {count}, kind = "rows", pool_seed = 1 }} }}
[calibration]
targets = 5
validation = 4
[[blocks]]
name = "browse"
kind = "free_browsing"
screens = "all"
"""

KEY = Qt.KeyboardModifier.ControlModifier


class Lab:
    """A Studio with a visit that is ready to be recorded."""

    def __init__(self, qtbot: QtBot, folder: Path, trials: int) -> None:
        self._qtbot = qtbot
        study = folder / "few.toml"
        study.write_text(STUDY.format(count=trials))
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.studio = Studio(app, Settings(data_folder=folder))
        self.house = self.studio.house
        self.house.visit.put(
            Visit(
                study=load_study(str(study)),
                participant=Participant(pseudonym="P01"),
                source=SourceChoice("mock"),
                seed=3,
            )
        )
        self.studio.window.show()
        self.window.activateWindow()
        self.until(lambda: QApplication.activeWindow() is self.window)
        self.studio.go("session", None)

    @property
    def room(self) -> SessionRoom:
        room = self.studio.window.room("session")
        assert isinstance(room, SessionRoom)
        return room

    @property
    def window(self):
        return self.studio.window

    def begin(self, calibrate: bool = False) -> None:
        """Begin as the calibration room does; calibrating takes long."""
        self.performance = visit_session.begin(self.house)
        self._qtbot.wait(50)
        self.window.activateWindow()  # a participant who is no simulation has the keyboard
        self.until(lambda: QApplication.activeWindow() is self.window)
        self.until(lambda: self._step() == "positions")
        if calibrate:
            self.performance.post(Wished(ShowTargets()))
            self.until(lambda: self._step() == "deciding")
        self.performance.post(Wished(Accept("for a test")))

    def until(self, true: Callable[[], bool], timeout_s: float = 20.0) -> None:
        self._qtbot.waitUntil(true, timeout=round(timeout_s * 1000))

    def until_page(self, trial: int = 0) -> None:
        self.until(lambda: self._on_page(trial))

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = KEY) -> None:
        self.until(lambda: self.room.operator.controls.skip.isEnabled() or self._paused())
        self._qtbot.keyClick(self.window, key, modifiers)

    def abort(self) -> None:
        """Abort by keyboard, with a reason."""
        self.press(Qt.Key.Key_A, KEY | Qt.KeyboardModifier.ShiftModifier)
        question = self.room.operator.question
        self._qtbot.keyClicks(question.reason, "enough seen")
        self._qtbot.keyClick(question.end, Qt.Key.Key_Space)

    def end(self) -> Recorded:
        self.until(lambda: not self.performance.running, 30.0)
        return self.performance.result()

    def words(self) -> str:
        """Everything that can be read in the room."""
        labels = self.room.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible())

    def close(self) -> None:
        performance = self.house.performance.value
        if performance is not None and performance.running:
            self.room.controller.end("the test is over")
            self.until(lambda: not performance.running, 30.0)
        self.studio.window.close()
        self.house.background.close()

    def _step(self) -> str:
        calibration = self.performance.state().calibration
        return "" if calibration is None else calibration.step

    def _paused(self) -> bool:
        return self.performance.state().phase == "paused"

    def _on_page(self, trial: int) -> bool:
        state = self.performance.state()
        lines = state.trials
        return state.page is not None and len(lines) > trial and lines[trial].status == "running"


engines: list[Program] = []


@contextmanager
def stand_in() -> Iterator[Program]:
    program = Program("engine", "fake_engine", [], Event)
    program.start()
    engines.append(program)
    try:
        yield program
    finally:
        program.close(Shutdown())


@pytest.fixture
def lab(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(visit_session, "running", stand_in)
    monkeypatch.setattr(visit_session, "installed", lambda: True)
    monkeypatch.setattr(visit_session, "ViewerSettings", partial(ViewerSettings, fixations=(3, 4)))
    engines.clear()
    made: list[Lab] = []

    def make(trials: int = 2) -> Lab:
        made.append(Lab(qtbot, tmp_path, trials))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_whole_session_from_the_rooms(lab) -> None:
    it = lab(3)
    it.begin()
    it.until_page(0)
    it.press(Qt.Key.Key_R)
    it.press(Qt.Key.Key_N)
    it._qtbot.keyClicks(it.room.operator.controls.note_text, "yawned")
    it._qtbot.keyClick(it.room.operator.controls.note_text, Qt.Key.Key_Return)
    it.until_page(1)
    it.until(lambda: it.performance.state().dwell_ms.sum() > 0)
    it.press(Qt.Key.Key_P)
    it.until(lambda: it.performance.state().phase == "paused")
    it.until(lambda: it.room.operator.controls.pause.text().startswith("Resume"))
    it.press(Qt.Key.Key_P)
    it.until_page(2)
    it.until(lambda: it.performance.state().dwell_ms.sum() > 0)
    it.press(Qt.Key.Key_K)
    recorded = it.end()
    assert recorded.ending.outcome == "complete"
    assert it.house.visit.value.recorded == recorded.path
    it.until(lambda: "Quality" in it.words())
    assert "The session is complete" in it.words()
    assert "2 of 3 done, 1 skipped" in it.words()
    assert it.room.main.text() == "Go on to the Twin"
    with Recording.open(recorded.path) as recording:
        assert recording.state is State.SEALED
        markers, views = list(recording.markers()), recording.views()
    codes = [m.code for m in markers]
    assert codes.count(Code.REPEAT) == 1
    assert [m.trial for m in markers if m.code is Code.TRIAL_START] == [0, 0, 1, 2]
    assert [m.payload["text"] for m in markers if m.code is Code.NOTE] == ["yawned"]
    predicted = [m.trial for m in markers if m.code is Code.PREDICTION]
    assert predicted == [0, 1, 2], "a page that is repeated is not predicted again"
    first = [v for v in views if v.trial == 0]
    assert first[0].t_on_s > max(m.t_s for m in markers if m.code is Code.REPEAT)
    live = it.performance.state().scores
    assert [score.trial for score in live] == [1, 2]
    *_, replayed = replay(recorded.path, float("inf"))
    assert isinstance(replayed, Replayed)
    assert replayed.identical
    assert replayed.against == "live"
    assert score_differences(replayed.scores, live) == []
    with Recording.open(recorded.path) as recording:
        assert score_differences(prediction_scores(recording), live) == []


def test_before_a_session_the_room_says_what_to_do(lab) -> None:
    it = lab()
    assert "room 4" in it.words()
    assert it.room.main.text() == "Go to Calibration"
    it.house.visit.put(replace(it.house.visit.value, source=None))
    assert it.room.main.text() == "Go to Devices"


def test_a_killed_engine_does_not_end_the_session_and_comes_back(lab) -> None:
    it = lab(4)
    it.begin()
    it.until_page(0)
    engines[0]._child().kill()
    it.until(lambda: "No predictions any more" in it.words())
    assert "exit status -9" in it.words()
    it.until_page(2)
    assert it.end().ending.outcome == "complete"
    assert len(engines) == 2
    with Recording.open(it.performance.result().path) as recording:
        predicted = {m.trial for m in recording.markers() if m.code is Code.PREDICTION}
        assert recording.state is State.SEALED
    assert predicted >= {0, 3}


def test_a_killed_tracker_is_said_and_nothing_recorded_is_lost(lab) -> None:
    it = lab()
    it.begin()
    it.until_page(0)
    (viewer,) = [p for p in psutil.Process().children() if "viewer" in " ".join(p.cmdline())]
    before = it.performance.state().quality.samples
    viewer.send_signal(signal.SIGKILL)
    it.until(lambda: it.performance.state().phase in ("aborted", "failed"))
    recorded = it.end()
    assert recorded.ending.outcome == "aborted"
    it.until(lambda: "What to do" in it.words())
    assert "viewer" in it.words()
    with Recording.open(recorded.path) as recording:
        assert recording.state is State.ABORTED
        assert recording.samples >= before > 0


def test_a_tracker_that_leaves_the_network_is_said_and_waited_for(lab) -> None:
    """The program that publishes the stream is killed; it is no simulated participant of this session."""
    it = lab()
    outlet = SimulatedViewer(ViewerSettings(seed=1), None, "bench-tracker")
    name = outlet.start().source_id
    try:
        it.house.visit.put(replace(it.house.visit.value, source=SourceChoice("lsl", name=name)))
        it.begin()
        it.until_page(0)
        before = it.performance.state().quality.samples
        os.kill(outlet._program.pid, signal.SIGKILL)
        it.until(lambda: "The tracker has left the network" in it.words(), 30.0)
        assert it.performance.running, "it may come back"
        it.abort()
        recorded = it.end()
    finally:
        outlet.close()
    it.until(lambda: "lost on the way" in it.words())
    with Recording.open(recorded.path) as recording:
        assert recording.state is State.ABORTED
        assert recording.samples >= before > 0
        assert Code.SOURCE_LOST in {m.code for m in recording.markers()}


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], None]]:
    """Let no file of this process grow beyond a size, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_what_is_recorded_can_be_recovered(lab, small_disk) -> None:
    it = lab()
    it.begin()
    it.until_page(1)
    (path,) = it.house.sessions_folder.rglob("session.h5")
    it._qtbot.wait(1200)  # the page is in the file; what is still to come fits into the journal
    small_disk(path.stat().st_size)
    recorded = it.end()
    small_disk(resource.RLIM_INFINITY)
    it.until(lambda: "File too large" in it.words())
    assert "its file is not complete" in it.words()
    assert "Everything recorded is there" in it.words()
    assert f"gazetwin recover {path}" in it.words()
    recover(path)
    with Recording.open(path) as recording:
        assert recording.samples == recorded.report.samples > 0


def test_a_failing_recorder_ends_the_session_in_words(lab, monkeypatch) -> None:
    it = lab()
    it.begin()
    it.until_page(0)

    def broken(*_: object) -> GazeChunk:
        raise RuntimeError("the driver has gone mad")

    monkeypatch.setattr(LslSource, "read", broken)
    recorded = it.end()
    assert recorded.ending.outcome == "aborted"
    it.until(lambda: "What to do" in it.words())
    assert "the driver has gone mad" in it.words()
    with Recording.open(recorded.path) as recording:
        assert recording.state is State.ABORTED
        assert recording.samples > 0


def test_closing_the_studio_asks_and_the_file_is_sealed(lab) -> None:
    it = lab()
    it.begin()
    it.until_page(0)
    it.studio.go("start", None)
    assert not it.window.close()
    assert it.window.here == "session"
    assert it.room.operator.question.isVisible()
    it._qtbot.keyClick(it.room.operator.question.end, Qt.Key.Key_Space)
    recorded = it.end()
    assert recorded.ending.outcome == "aborted"
    with Recording.open(recorded.path) as recording:
        assert recording.state is State.ABORTED
    assert it.window.close()


def test_a_terminate_ends_the_session_in_order(lab) -> None:
    it, left = lab(), []
    it.begin()
    it.until_page(0)
    with ending_sessions(it.house, lambda: left.append(True)):
        os.kill(os.getpid(), signal.SIGTERM)
        it.until(lambda: bool(left))
    assert it.performance.result().ending.why == "interrupted by SIGTERM"
    with Recording.open(it.performance.result().path) as recording:
        assert recording.state is State.ABORTED


def test_a_lost_display_pauses_until_the_operator_decides(lab) -> None:
    it = lab()
    it.begin()
    it.until_page(0)
    it.performance.window.display_lost.emit("The display HDMI-2 was disconnected.")
    it.until(lambda: it.performance.state().phase == "paused")
    assert "HDMI-2" in it.words()
    light = it.house.settings.value.model_copy(update={"theme": "light"})
    it.house.settings.put(light)
    assert "HDMI-2" in it.words(), "a change of theme loses nothing"
    it._qtbot.mouseClick(it.room.lost_display.move_here, Qt.MouseButton.LeftButton)
    assert it.performance.window.screen() is QApplication.primaryScreen()
    assert "HDMI-2" not in it.words()
    assert it.performance.state().phase == "paused"
    it.abort()
    assert it.end().ending.why == "enough seen"


def test_escape_at_the_participants_window_pauses_and_then_asks(lab) -> None:
    it = lab()
    it.begin()
    it.until_page(0)
    it._qtbot.keyClick(it.performance.window, Qt.Key.Key_Escape)
    it.until(lambda: it.performance.state().phase == "paused")
    it._qtbot.keyClick(it.performance.window, Qt.Key.Key_Escape)
    assert it.room.operator.question.isVisible()
    it.room.operator.question.reject()
