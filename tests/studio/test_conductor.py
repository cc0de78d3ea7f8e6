"""Whole sessions in this process: a resting pointer as gaze, a stand-in engine, everything else real."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.clock import SteadyClock
from acquisition.mouse import MouseSource
from acquisition.source import SourceInfo
from protocols.carousel import layout
from protocols.errors import StudyInvalid
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.stimulus import Page, Viewport
from protocols.study import StudyProtocol, load_study
from protocols.trial_events import Abort, Click, Continue, Pause, PointerMoved, Repeat, Resume, Scroll, Skip
from sessions.agreement import view_differences
from sessions.reader import Recording
from sessions.schema import State
from studio.calibrating import Verdict
from studio.conductor import Conductor
from studio.foresight import Foresight
from studio.inputs import Did, Noted, Pointed
from studio.programs import Program
from studio.recording import Order, Recorded, record
from studio.sources import Rig
from studio.stage import HeadlessStage, Picture
from tuning.config import FitConfig
from tuning.events import Event

STUDY = """
name = "three"
title = "Three pages"
version = "1"
inter_trial_s = {inter_trial_s}
{more}
screens = {{ invented = {{ seed = 5, count = 3, kind = "rows", pool_seed = 1 }} }}
[[blocks]]
name = "browse"
kind = "free_browsing"
screens = "all"
{instruction}
"""


def study(folder: Path, inter_trial_s: float = 0.0, more: str = "", instruction: str = "") -> StudyProtocol:
    path = folder / "three.toml"
    path.write_text(STUDY.format(inter_trial_s=inter_trial_s, more=more, instruction=instruction))
    return load_study(str(path))


class Rehearsal:
    """One session in a thread, driven by the test."""

    def __init__(
        self, folder: Path, chosen: StudyProtocol, foresight: Foresight | None = None, tracker: bool = False
    ) -> None:
        self.clock = SteadyClock()
        self._source = Tracker(self.clock) if tracker else MouseSource(self.clock)
        self.stage = Obedient(self.clock, self._source)
        self.path = folder / "session.h5"
        self._study, self._foresight = chosen, foresight
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, name="session")
        self.conductor: Conductor
        self.recorded: Recorded

    def __enter__(self) -> Rehearsal:
        self._source.open()
        self._thread.start()
        assert self._began.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self.do(Abort("the test is over"))
        self._thread.join()

    def end(self) -> list[Marker]:
        """Wait for the end; return the markers of the file."""
        self._thread.join(20)
        assert not self._thread.is_alive()
        with Recording.open(self.path) as recording:
            return list(recording.markers())

    def do(self, *events: object) -> None:
        for event in events:
            self.conductor.post(Did(event))  # type: ignore[arg-type] # any event of the runner

    def look(self, slot: int, seconds: float) -> None:
        """Rest gaze on a poster of the page that is visible."""
        page = self.until_page()
        self._source.push(None, page.layout.slots[slot].box.centre)
        time.sleep(seconds)

    def choose(self, slot: int) -> None:
        page = self.until_page()
        self.do(Click(page.layout.slots[slot].box.centre))

    def until(self, true: Callable[[], bool], timeout_s: float = 10.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def until_page(self, trial: int | None = None) -> Page:
        self.until(lambda: bool(self.stage.pages) and self.conductor.live_state().page is not None)
        if trial is not None:
            self.until(lambda: self.stage.pages[-1][1] == trial)
        return self.stage.pages[-1][0]

    def _run(self) -> None:
        order = Order(self._study, Participant(pseudonym="P01"), self.path, headless=False)
        self.recorded = record(
            order, Rig(self._source), self.stage, self.clock, foresight=self._foresight, watch=self._watch
        )

    def _watch(self, conductor: Conductor) -> None:
        self.conductor = conductor
        self._began.set()


class RecordingStage(HeadlessStage):
    """Remembers what was shown."""

    def __init__(self, clock: SteadyClock) -> None:
        super().__init__(clock)
        self.pages: list[tuple[Page, int]] = []
        self.details_drawn = 0

    def page(self, page: Page, trial: int, target: str | None) -> float:
        self.pages.append((page, trial))
        return super().page(page, trial, target)

    def details(self, picture: Picture) -> float:
        assert picture().shape == (1080, 1920, 3)
        self.details_drawn += 1
        return super().details(picture)


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch):
    """Make a twin with the stand-in engine behind it."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    programs: list[Program] = []

    def make(*arguments: str) -> Foresight:
        program = Program("engine", "fake_engine", arguments, Event)
        program.start()
        programs.append(program)
        foresight = Foresight(program, SteadyClock().now_s)
        foresight.begin("P01", ("Drama",), FitConfig())
        return foresight

    yield make
    for program in programs:
        program.close(patience_s=1.0)


def of(markers: list[Marker], *codes: Code) -> list[Marker]:
    return [m for m in markers if m.code in codes]


def test_a_session_from_first_marker_to_sealed_file(tmp_path):
    with Rehearsal(tmp_path, study(tmp_path, instruction='instruction = "Look."')) as session:
        session.until(lambda: session.conductor.live_state().line == "Your task")
        session.do(Continue())
        for trial, slot in enumerate((3, 7, 11)):
            session.until_page(trial)
            session.look(slot, 0.3)
            session.choose(slot)
        markers = session.end()

    with Recording.open(session.path) as recording:
        assert recording.state is State.SEALED
        views = recording.views()
        assert [v.click for v in views] == [3, 7, 11]
        assert [int(v.fixation_ms.argmax()) for v in views] == [3, 7, 11]
        assert all(v.fixation_ms.sum() > 200 for v in views)
        assert recording.samples == session.recorded.report.samples
        assert [p.digest for p, _ in session.stage.pages] == [v.digest for v in views]
    assert session.recorded.ending.outcome == "complete"
    codes = [m.code for m in markers]
    page = [Code.TRIAL_START, Code.PAGE_SHOWN, Code.CLICK, Code.TRIAL_END]
    assert codes == [Code.SESSION_START, Code.INSTRUCTION, *page * 3, Code.SESSION_END]
    assert [m.t_s for m in markers] == sorted(m.t_s for m in markers)
    for shown, (drawn, trial) in zip(of(markers, Code.PAGE_SHOWN), session.stage.pages, strict=True):
        assert (shown.trial, shown.payload["page"]) == (trial, drawn.digest)


def test_what_was_found_live_is_what_the_file_gives(tmp_path):
    with Rehearsal(tmp_path, study(tmp_path)) as session:
        for slot in (0, 8, 14):
            session.look(slot, 0.25)
            session.do(Scroll(339.0))
            session.look(1, 0.25)
            session.choose(1)
        session.end()
    with Recording.open(session.path) as recording:
        live, derived = session.recorded.slots, recording.slots()
    for column in ("onset_s", "offset_s", "x_px", "y_px", "n"):
        np.testing.assert_array_equal(getattr(live.fixations, column), getattr(derived.fixations, column))
    assert [v.view for v in live.views] == [v.view for v in derived.views]
    assert len(live.views) == 6
    for ours, theirs in zip(live.views, derived.views, strict=True):
        np.testing.assert_array_equal(ours.fixation_ms, theirs.fixation_ms)
        np.testing.assert_array_equal(ours.cursor_ms, theirs.cursor_ms)


def test_a_finished_trial_that_is_repeated_counts_once(tmp_path):
    with Rehearsal(tmp_path, study(tmp_path, inter_trial_s=1.2)) as session:
        session.look(0, 0.3)
        session.choose(1)
        over_s = time.monotonic() + 0.8  # so long that the live pipeline has put the trial away
        session.until(lambda: session.conductor.live_state() and time.monotonic() > over_s)
        session.do(Repeat())
        session.until(lambda: len(session.stage.pages) == 2)
        session.look(8, 0.3)
        session.do(Abort("seen enough"))
        session.end()
    with Recording.open(session.path) as recording:
        assert view_differences(session.recorded.slots.views, recording.slots().views) == []
    assert [view.fixation_ms[8] > 0 for view in session.recorded.slots.views] == [True]


def test_a_page_is_marked_again_after_a_pause_but_not_for_details(tmp_path):
    with Rehearsal(tmp_path, study(tmp_path)) as session:
        page = session.until_page()
        session.do(PointerMoved(page.layout.slots[4].box.centre))
        session.until(lambda: session.stage.details_drawn == 1)
        session.do(Pause())
        session.until(lambda: session.conductor.live_state().phase == "paused")
        session.do(Click(page.layout.slots[4].box.centre), Resume())
        session.until(lambda: len(session.stage.pages) == 2)
        session.do(Skip(), Skip(), Skip())
        markers = session.end()
    first = [m.code for m in markers if m.trial == 0]
    paused = [Code.PAUSE, Code.RESUME, Code.PAGE_SHOWN]
    assert first == [Code.TRIAL_START, Code.PAGE_SHOWN, Code.HOVER, *paused, Code.TRIAL_END]
    assert [line.status for line in session.conductor.live_state().trials] == ["skipped"] * 3


def test_pointer_and_notes_are_recorded_with_their_own_time(tmp_path):
    with Rehearsal(tmp_path, study(tmp_path)) as session:
        page = session.until_page()
        t_s = session.clock.now_s()
        session.conductor.post(Pointed(t_s, page.layout.slots[2].box.centre))
        session.conductor.post(Noted("sneezed"))
        time.sleep(0.2)
        session.choose(2)
        session.until_page(1)
        session.do(Abort("enough"))
        markers = session.end()
    (note,) = of(markers, Code.NOTE)
    assert (note.trial, note.payload) == (0, {"text": "sneezed"})
    with Recording.open(session.path) as recording:
        assert recording.state is State.ABORTED
        np.testing.assert_array_equal(recording.cursor().t_s, [t_s])
        assert recording.views()[0].cursor_ms[2] == pytest.approx(200, abs=60)
        assert recording.views()[0].cursor_ms.sum() == recording.views()[0].cursor_ms[2]
    assert session.recorded.ending.why == "enough"
    assert session.conductor.live_state().phase == "aborted"


def test_an_event_never_counts_before_the_page_it_refers_to(tmp_path):
    with Rehearsal(tmp_path, study(tmp_path)) as session:
        page = session.until_page()
        session.conductor.post(Did(Click(page.layout.slots[0].box.centre), t_s=1.0))
        session.until_page(1)
        session.do(Abort("enough"))
        markers = session.end()
    assert [m.t_s for m in markers] == sorted(m.t_s for m in markers)


def test_time_between_trials_and_time_out_are_kept(tmp_path):
    with Rehearsal(tmp_path, study(tmp_path, 0.2, "timeout_s = 0.3")) as session:
        markers = session.end()
    starts, ends = of(markers, Code.PAGE_SHOWN), of(markers, Code.TRIAL_END)
    assert [m.payload["reason"] for m in ends] == ["timeout"] * 3
    assert [e.t_s - s.t_s for s, e in zip(starts, ends, strict=True)] == pytest.approx([0.3] * 3, abs=0.1)
    between = [s.t_s - e.t_s for e, s in zip(ends, starts[1:], strict=False)]
    assert all(0.2 <= gap < 0.5 for gap in between)


def test_each_page_is_predicted_before_it_is_shown_and_learned_from_afterwards(tmp_path, twin):
    foresight = twin()
    with Rehearsal(tmp_path, study(tmp_path, 0.1), foresight) as session:
        for trial in range(3):
            session.until_page(trial)
            assert session.conductor.live_state() is not None
            session.look(14, 0.3)
            session.until(lambda: session.conductor.live_state().prediction is not None)
            session.choose(14)
        markers = session.end()
    predicted, shown = of(markers, Code.PREDICTION), of(markers, Code.PAGE_SHOWN)
    assert [m.trial for m in predicted] == [m.trial for m in shown] == [0, 1, 2]
    for before, onset in zip(predicted, shown, strict=True):
        assert before.t_s < onset.t_s
        twins = before.payload["views"]["twin"]  # type: ignore[index] # JSON from the file
        assert sum(twins["attention"]) == pytest.approx(1.0)
        assert len(twins["attention"]) == 15
    assert foresight.concluded()
    assert foresight.observed == 3
    scores = session.conductor.live_state().scores
    assert [s.trial for s in scores] == [0, 1, 2]
    assert all(s.twin < s.uniform for s in scores)  # the stand-in likes the last slot, which was looked at


def test_the_session_survives_the_engine_and_says_so(tmp_path, twin):
    with Rehearsal(tmp_path, study(tmp_path, 0.1), twin("--predictions", "1")) as session:
        for trial in range(3):
            session.until_page(trial)
            session.look(6, 0.2)
            session.choose(6)
        markers = session.end()
        state = session.conductor.live_state()
    assert session.recorded.ending.outcome == "complete"
    assert [m.trial for m in of(markers, Code.PREDICTION)] == [0]
    assert len(of(markers, Code.CLICK)) == 3
    assert any("out of ideas" in notice.text for notice in state.notices)


def test_a_prediction_that_comes_too_late_does_not_count(twin):
    foresight = twin("--slow", "0.3")
    (screen,) = load_study("demo").screens[:1]
    top = Viewport.top_of(screen)
    foresight.ask(0, screen, top)
    assert foresight.begun(0) is None
    assert foresight.concluded()
    assert foresight.foreseen(0) is None
    foresight.ask(1, screen, top)
    assert foresight.concluded()
    found = foresight.foreseen(1)
    assert found is not None
    assert len(found.predicted.views["twin"].attention) == len(layout(screen, top))


class Tracker(MouseSource):
    """A pointer that passes for a tracker, so that gaze is calibrated and checked."""

    @property
    def info(self) -> SourceInfo:
        return replace(super().info, kind="lsl")


class Obedient(RecordingStage):
    """Somebody whose gaze goes where a target is shown, at once."""

    def __init__(self, clock: SteadyClock, source: MouseSource) -> None:
        super().__init__(clock)
        self._source = source
        self.targets: list[tuple[float, float]] = []

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        self.targets.append(xy_px)
        self._source.push(None, xy_px)
        return super().target(xy_px, picture)


def test_drift_is_checked_between_trials_and_a_pause_or_a_skip_leaves_the_check(tmp_path, monkeypatch):
    green = Verdict(1, 0.3, "green")
    monkeypatch.setattr("studio.calibrating.CalibrationPhase.run", lambda _: green)
    chosen = study(tmp_path, more='calibration = { drift_check = "trials" }')
    with Rehearsal(tmp_path, chosen, tracker=True) as session:
        targets = session.stage.targets
        session.look(5, 0.3)
        session.choose(5)
        session.until(lambda: len(targets) == 1)
        session.do(Pause())
        session.until(lambda: session.conductor.live_state().phase == "paused")
        session.do(Resume())
        session.until(lambda: len(targets) == 2)
        session.until_page(1)
        session.choose(0)
        session.until(lambda: len(targets) == 3)
        session.do(Skip())
        session.until_page(2)
        session.choose(1)
        markers = session.end()
    assert [m.t_s for m in markers] == sorted(m.t_s for m in markers)
    decided = [m for m in of(markers, Code.DRIFT_CHECK) if "decision" in m.payload]
    at_targets = [m for m in decided if m.trial == -1]
    assert [m.payload["decision"] for m in at_targets] == ["ok"]
    clicks = [m for m in decided if m.trial >= 0]
    assert [m.trial for m in clicks] == [0, 1, 2]
    assert clicks[0].payload["looks"][0]["finding"] == "ok"  # type: ignore[index] # JSON from the file
    assert session.recorded.ending.outcome == "complete"


def test_pages_need_somebody_who_sees_them(tmp_path):
    order = Order(study(tmp_path), Participant(pseudonym="P01"), tmp_path / "new" / "session.h5")
    with pytest.raises(StudyInvalid, match="nobody can see them"):
        record(order, Rig(MouseSource()), HeadlessStage(SteadyClock()), SteadyClock())
    assert not (tmp_path / "new").exists()
