"""The room "Twin", with a stand-in for the engine that speaks the real protocol."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QPoint, Qt

from acquisition.clock import SteadyClock
from protocols.errors import GazeTwinError
from protocols.wire import decode
from sessions.erase import find
from studio.background import Background
from studio.engine import engine
from studio.house import House
from studio.observed import Observed
from studio.programs import Program
from studio.rooms.twin.choices import NO_ENGINE, operators, why_no_fit
from studio.rooms.twin.controller import TwinController
from studio.rooms.twin.fold import folded
from studio.rooms.twin.foretold_tab import ForetoldTab
from studio.rooms.twin.log_file import comparison_of, log_of, read_log, unfinished_of
from studio.rooms.twin.offers import Offered
from studio.rooms.twin.results import Foretold, TwinResults
from studio.rooms.twin.state import TwinState
from studio.rooms.twin.view import TwinRoom
from studio.settings import Settings
from studio.state import Score
from studio.theme import LIGHT
from studio.visit import Visit
from tuning.events import Comparison, Event

FAKES = Path(__file__).parent.parent


def at_once(job, then, failed) -> None:
    try:
        result = job()
    except GazeTwinError as error:
        failed(error)
    else:
        then(result)


class Visited:
    """A room, and where it led."""

    def __init__(self, qtbot, data: Path, make: Callable[[], Program], no_engine: str = "") -> None:
        self.went: list[tuple[str, Path | None]] = []
        house = House(
            settings=Observed(Settings(data_folder=data)),
            visit=Observed(Visit()),
            notice=Observed(None),
            background=Background(),
            clock=SteadyClock(),
            performance=Observed(None),
            go=lambda key, about: self.went.append((key, about)),
        )
        folders = (house.sessions_folder, house.personas_folder)
        self.controller = TwinController(folders, at_once, house.clock.now_s, make, no_engine)
        self.room = TwinRoom(house, self.controller)
        qtbot.addWidget(self.room)
        self.room.resize(1100, 760)
        self.room.show()
        self.room.activateWindow()
        self.qtbot = qtbot

    @property
    def view(self):
        return self.controller.run.view.value

    def press(self, button) -> None:
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def until(self, phase: str) -> None:
        self.qtbot.waitUntil(lambda: self.view.phase == phase, timeout=20_000)


@pytest.fixture
def data(tmp_path: Path, session_path: Path) -> Path:
    place = tmp_path / "data" / "sessions" / "P01"
    place.mkdir(parents=True)
    shutil.copy(session_path, place / "session.h5")
    return tmp_path / "data"


@pytest.fixture
def visit(qtbot, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Visited]]:
    """Enter the room with the stand-in engine behind it."""
    monkeypatch.setenv("PYTHONPATH", str(FAKES))
    made: list[Visited] = []

    def make(*arguments: str, folder: Path = data, no_engine: str = "", about: Path | None = None) -> Visited:
        program = lambda: Program("engine", "fake_engine", arguments, Event)  # noqa: E731
        made.append(Visited(qtbot, folder, program, no_engine))
        made[-1].room.enter(about)
        return made[-1]

    yield make
    for one in made:
        one.room.close_down()


def test_a_fit_by_mouse_and_keyboard_shows_learning_pages_and_scores(visit, qtbot, data: Path):
    visited = visit("--steps", "5", "--pace", "0.02")
    room, controller = visited.room, visited.controller
    assert room.headline.text() == "P01 has no twin yet."
    assert room.fitting.fit.isEnabled()
    assert (room.fitting.fit.property("role"), room.on.property("role")) == ("main", "")
    qtbot.keyClick(room, Qt.Key.Key_Return)
    assert room.busy()
    visited.until("done")
    assert not room.busy()
    assert (room.fitting.fit.property("role"), room.on.property("role")) == ("", "main")

    persona = next((data / "personas" / "P01").glob("rollout-after-image-*.safetensors"))
    comparison = decode(comparison_of(persona).read_text(), Comparison)
    assert folded(read_log(log_of(persona))) == visited.view  # the log alone gives the same view
    assert [s.step for s in visited.view.steps] == [1, 2, 3, 4, 5]
    assert "after step 5 is kept" in room.learning.words.text()
    assert room.headline.text().startswith("On pages it was never fitted on, the twin comes closer")
    assert room.explained.text().startswith("SIMULATED DATA")
    assert "The stand-in beats nobody." in room.outcome.words.text()
    assert room.outcome.table.item(0, 1).text() == f"{comparison.heldout['twin']['kl']:.3f}"

    pages = controller.state.value.shown.pages
    assert [row.split for row in pages] == ["test", "val", "train", "train"]
    assert [row.kl for row in pages] == [j.scores["twin"]["kl"] for j in comparison.judged]
    assert room.page_by_page.split.text().startswith("TEST page")
    qtbot.keyClick(room, Qt.Key.Key_PageDown)
    assert controller.state.value.page == 1
    assert room.page_by_page.split.text().startswith("VALIDATION page")
    assert controller.state.value.picture.digest == pages[1].digest

    room.tabs.setCurrentWidget(room.all_pages)
    assert len(controller.state.value.small) == 4
    assert room.all_pages.pages.item(3).text() == f"Trial 4 · training\nKL {pages[3].kl:.2f} nats"
    visited.press(room.all_pages.evidence)
    assert [room.all_pages.pages.item(k).isHidden() for k in range(4)] == [False, True, True, True]
    visited.press(room.all_pages.evidence)
    room.all_pages.pages.setCurrentRow(3)
    qtbot.keyClick(room.all_pages.pages, Qt.Key.Key_Return)
    assert room.tabs.currentWidget() is room.page_by_page
    assert controller.state.value.page == 3

    visited.press(room.on)
    assert visited.went == [("replay", pages[3].session)]
    again = visit(about=persona)  # the twin by its path, as it was left
    assert again.view == visited.view
    assert again.room.headline.text() == room.headline.text()


def test_a_twin_that_was_fitted_elsewhere_is_compared_when_asked(visit, data: Path):
    visited = visit()
    visited.press(visited.room.fitting.fit)
    visited.until("done")
    persona = visited.controller.state.value.shown.twin.path
    unfinished_of(persona).write_text("1")
    erased = find("P01", data).files
    assert {persona, log_of(persona), comparison_of(persona), unfinished_of(persona)} <= set(erased)
    unfinished_of(persona).unlink()
    comparison_of(persona).unlink()
    elsewhere = visit(about=persona)
    assert "has not been compared" in elsewhere.room.headline.text()
    elsewhere.press(elsewhere.room.fitting.judge)
    elsewhere.qtbot.waitUntil(lambda: elsewhere.controller.state.value.shown.comparison is not None)
    assert elsewhere.room.headline.text().startswith("On pages it was never fitted on")
    assert [s.step for s in elsewhere.view.steps] == [1]  # the learning curve is still there
    gone = data / "sessions" / "P01" / "session.h5"
    gone.rename(gone.with_suffix(".moved"))
    lost = visit(about=persona)
    assert "cannot be found" in lost.room.explained.text()
    assert lost.controller.state.value.shown.pages == ()


def test_a_cancelled_fit_ends_within_a_second_and_goes_on(visit):
    visited = visit("--steps", "60", "--pace", "0.06")
    room = visited.room
    visited.press(room.fitting.fit)
    visited.qtbot.waitUntil(lambda: len(visited.view.steps) >= 3, timeout=20_000)
    assert "of 60, loss" in room.fitting.words.text()
    assert "left" in room.fitting.words.text()
    asked_s = time.monotonic()
    visited.press(room.fitting.cancel)
    visited.until("cancelled")
    assert time.monotonic() - asked_s < 1.0
    made = len(visited.view.steps)
    assert made < 60
    assert room.fitting.fit.text().replace("&", "") == "Go on with the fit"
    visited.press(room.fitting.fit)
    visited.until("done")
    assert visited.view.resumed == made
    assert [s.step for s in visited.view.steps] == list(range(1, 61))


def test_an_engine_in_the_middle_of_a_long_step_is_ended_within_a_second(visit):
    visited = visit("--steps", "100", "--pace", "5", "--deaf")
    visited.press(visited.room.fitting.fit)
    visited.qtbot.waitUntil(lambda: visited.view.phase == "fitting", timeout=20_000)
    program = psutil.Process(visited.controller.run._program.pid)
    asked_s = time.monotonic()
    visited.press(visited.room.fitting.cancel)
    visited.until("cancelled")
    assert time.monotonic() - asked_s < 1.0
    visited.qtbot.waitUntil(lambda: not program.is_running(), timeout=5_000)


def test_an_engine_that_crashes_is_told_in_words_and_the_fit_goes_on(visit):
    visited = visit("--steps", "3", "--die-at", "2")
    visited.press(visited.room.fitting.fit)
    visited.until("failed")
    words = visited.room.fitting.words.text()
    assert "exit status 3" in words
    assert "no more memory" in words
    assert "Press Fit again: it goes on from there." in words
    assert visited.controller.unfinished
    assert unfinished_of(visited.controller.target).read_text() == "2"

    again = visit("--steps", "3")
    visited.press(again.room.fitting.anew)  # forget it, and begin anew
    again.until("done")
    assert again.view.resumed is None
    assert [s.step for s in again.view.steps] == [1, 2, 3]


def test_a_room_without_sessions_says_what_to_do(visit, tmp_path: Path):
    visited = visit(folder=tmp_path / "empty")
    assert visited.room.headline.text() == "No session has been recorded yet."
    assert not visited.room.fitting.fit.isEnabled()
    assert not visited.room.on.isEnabled()
    assert "record one first" in visited.room.on.toolTip()


def test_without_the_model_libraries_results_can_be_read_and_fitting_says_why_not(visit):
    visited = visit(no_engine=NO_ENGINE)
    assert not visited.room.fitting.fit.isEnabled()
    assert "pip install 'gazetwin[tune]'" in visited.room.fitting.words.text()
    assert visited.room.on.isEnabled()


def test_sessions_are_chosen_by_their_boxes(visit):
    visited = visit()
    before = visited.controller.target
    visited.room.choosing.sessions.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert visited.controller.target is None
    assert "Choose at least one session" in visited.room.fitting.words.text()
    visited.room.choosing.sessions.item(0).setCheckState(Qt.CheckState.Checked)
    assert visited.controller.target == before
    box = visited.room.choosing.operator
    box.setCurrentIndex(box.findData("glimpse"))
    box.activated.emit(box.currentIndex())
    assert visited.controller.state.value.config.operator == "glimpse"
    assert visited.controller.target != before
    visited.room.choosing.further.seed.setValue(5)
    assert visited.controller.state.value.config.seed == 5


def test_nothing_is_read_while_a_session_is_recorded(visit):
    class Recording:
        running = True

    visited = visit()
    before = visited.controller.state.value.offers
    visited.room.house.performance.put(Recording())
    visited.room.enter(None)
    assert visited.controller.state.value.offers is before
    assert "is being recorded" in visited.room.fitting.words.text()
    visited.room.house.performance.put(None)
    visited.room.enter(None)
    assert visited.controller.state.value.offers.sessions[0] is before.sessions[0]  # not read again
    assert "is being recorded" not in visited.room.fitting.words.text()


def test_a_broken_session_does_not_hide_the_others(visit, data: Path):
    (data / "sessions" / "broken.h5").write_bytes(b"no HDF5")
    shutil.copy(data / "sessions" / "P01" / "session.h5", data / "sessions" / "copy.h5")  # the same session
    visited = visit()
    assert len(visited.controller.state.value.offers.sessions) == 1
    assert "broken.h5" in visited.room.fitting.warnings.text()


def offered(*screens: str, why_not: str = "") -> Offered:
    return Offered(Path("s.h5"), "id", "P01", "2026-01-01T00:00:00+00:00", "demo", "sealed", screens, why_not)


def test_too_few_screens_and_gaze_off_the_screen_are_refused_before_the_engine_starts():
    assert "2 different screens" in why_no_fit([offered("a", "b"), offered("a")], "")
    assert why_no_fit([offered("a", "b"), offered("c")], "") == ""
    assert "not on the screen" in why_no_fit([offered("a", "b", "c", why_not="scene camera")], "")
    assert {"rollout", "glimpse", "attnlrp"} <= set(operators())


def test_a_point_of_the_curve_leads_to_its_trial_by_mouse_and_by_keyboard(qtbot):
    tab = ForetoldTab(LIGHT)
    qtbot.addWidget(tab)
    tab.resize(800, 500)
    tab.show()
    session, led = offered("a"), list[tuple[Path, int]]()
    tab.trial_chosen.connect(lambda path, trial: led.append((path, trial)))
    scores = tuple(Score(trial, twin=0.5, uniform=0.9) for trial in (0, 1, 4, 5))
    tab.render_state(TwinState(shown=TwinResults(foretold=(Foretold(session, scores),))))
    assert "closer than knowing nothing (on 4 of 4)" in tab.words.text()
    where = tab.chart.point_px(5).toPoint()
    qtbot.mouseClick(tab.chart, Qt.MouseButton.LeftButton, pos=where)
    tab.chart.setFocus()
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(tab.chart, key)
    assert led == [(session.path, 4), (session.path, 1)]
    assert "0.500" in tab.chart.accessibleDescription()
    qtbot.mouseClick(tab.chart, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))  # far from any point
    assert len(led) == 2


@pytest.mark.engine
def test_the_real_engine_fits_and_looks_at_every_page(qtbot, data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    visited = Visited(qtbot, data, engine)
    visited.room.enter(None)
    visited.controller.configure(steps=4, evaluate_every=2)
    visited.press(visited.room.fitting.fit)
    qtbot.waitUntil(lambda: not visited.view.running, timeout=100_000)
    assert visited.view.failure is None
    assert [s.step for s in visited.view.steps] == [1, 2, 3, 4]
    shown = visited.controller.state.value.shown
    assert {row.split for row in shown.pages} == {"train", "val", "test"}
    assert all(row.kl is not None for row in shown.pages)
    assert shown.comparison is not None
    assert len(shown.comparison.judged) == sum(row.split == "test" for row in shown.pages)
    for row in shown.pages:
        assert sum(row.views["twin"].choice) == pytest.approx(1.0)
    assert visited.room.clicks.table.rowCount() == len(shown.comparison.heldout)
    visited.room.close_down()


def test_who_was_erased_is_no_longer_shown(visit, data: Path):
    visited = visit("crash")
    assert visited.controller.state.value.participant == "P01"
    shutil.rmtree(data / "sessions" / "P01")
    visited.room.enter(None)
    state = visited.controller.state.value
    assert (state.participant, state.chosen, state.shown.pages) == ("", frozenset(), ())
