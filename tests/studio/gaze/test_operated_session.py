"""Whole sessions in this process with an operator: a resting pointer passes for a tracker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from acquisition.clock import SteadyClock
from acquisition.mouse import MouseSource
from acquisition.source import SourceInfo
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.stimulus import Page
from protocols.study import load_study
from protocols.trial_events import Abort, Click, Continue
from sessions.reader import Recording
from studio.conductor import Conductor
from studio.inputs import Did, Wished
from studio.recording import Order, record
from studio.sources import Rig
from studio.stage import HeadlessStage, Picture
from studio.state import LiveState
from studio.wishes import Accept, CalibrateNow, CheckDriftNow, ShowTargets, StopTargets, Wish

STUDY = """
name = "three"
title = "Three pages"
version = "1"
inter_trial_s = 0.0
calibration = { targets = 5, drift_check = "never" }
screens = { invented = { seed = 5, count = 3, kind = "rows", pool_seed = 1 } }
[[blocks]]
name = "browse"
kind = "free_browsing"
screens = "all"
"""


class Tracker(MouseSource):
    """A pointer that passes for a tracker, so that gaze is calibrated and checked."""

    @property
    def info(self) -> SourceInfo:
        return replace(super().info, kind="lsl")


class Eyes(HeadlessStage):
    """Somebody whose gaze goes where a target is shown, at once."""

    def __init__(self, clock: SteadyClock, source: MouseSource) -> None:
        super().__init__(clock)
        self._source = source
        self.targets: list[tuple[float, float]] = []
        self.pages: list[Page] = []

    def page(self, page: Page, trial: int, target: str | None) -> float:
        self.pages.append(page)
        return super().page(page, trial, target)

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        self.targets.append(xy_px)
        self._source.push(None, xy_px)
        return super().target(xy_px, picture)


class Session:
    """One session in a thread, operated by the test."""

    def __init__(self, folder: Path) -> None:
        self._clock = SteadyClock()
        self._source = Tracker(self._clock)
        self.stage = Eyes(self._clock, self._source)
        self.path = folder / "session.h5"
        (folder / "three.toml").write_text(STUDY)
        self._study = load_study(str(folder / "three.toml"))
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, name="session")
        self.conductor: Conductor

    def begin(self) -> None:
        self._source.open()
        self._thread.start()
        assert self._began.wait(10)

    def end(self) -> None:
        self.conductor.post(Did(Abort("the test is over")))
        self._thread.join(10)

    def markers(self) -> list[Marker]:
        self.end()
        with Recording.open(self.path) as recording:
            return list(recording.markers())

    def wish(self, wish: Wish) -> None:
        self.conductor.post(Wished(wish))

    def choose(self) -> None:
        """Click the first poster of the page that is shown, and wait for what follows."""
        self.until(lambda live: live.page is not None)
        self.conductor.post(Did(Click(self.stage.pages[-1].layout.slots[0].box.centre)))

    def until(self, true: Callable[[LiveState], bool]) -> LiveState:
        deadline = time.monotonic() + 10.0
        while not true(live := self.conductor.live_state()):
            assert time.monotonic() < deadline, live
            time.sleep(0.005)
        return live

    def until_step(self, step: str) -> LiveState:
        return self.until(lambda live: live.calibration is not None and live.calibration.step == step)

    def _run(self) -> None:
        order = Order(self._study, Participant(pseudonym="P01"), self.path, headless=False, operated=True)

        def began(conductor: Conductor) -> None:
            self.conductor = conductor
            self._began.set()

        record(order, Rig(self._source), self.stage, self._clock, watch=began)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    one = Session(tmp_path)
    one.begin()
    yield one
    one.end()


def test_the_participants_space_bar_ends_a_target_and_the_operator_stops_them(session: Session) -> None:
    session.until_step("positions")
    session.conductor.post(Did(Continue()))
    session.wish(ShowTargets(by_key=True))
    session.until(lambda _: len(session.stage.targets) == 1)
    time.sleep(0.1)
    session.conductor.post(Did(Continue()))
    session.until(lambda _: len(session.stage.targets) == 2)
    session.wish(StopTargets())
    live = session.until_step("positions")
    assert live.calibration is not None
    assert "stopped" in live.calibration.question
    assert live.calibration.attempts == ()
    assert live.eyes is not None
    markers = session.markers()
    assert sum(m.code is Code.CALIBRATION_POINT for m in markers) == 2
    assert not any(m.code is Code.CALIBRATION_ACCEPTED for m in markers)


def test_the_operator_asks_for_a_drift_check_and_for_a_calibration_between_trials(session: Session) -> None:
    session.until_step("positions")
    session.wish(Accept("the tracker's own calibration is fresh"))
    session.until(lambda live: live.page is not None)
    session.wish(CheckDriftNow())
    time.sleep(0.1)
    assert not session.stage.targets, "not during a trial"
    session.choose()
    session.until_step("drift")
    live = session.until(lambda live: live.page is not None)
    assert live.calibration is not None
    (look,) = [look for look in live.calibration.drifts if look.how == "target"]
    assert (look.decision, look.well) == ("nothing to do", True)
    session.wish(CalibrateNow())
    session.choose()
    session.until_step("positions")
    assert session.stage.targets == [(960.0, 540.0)], "a calibration needs no drift check before"
    session.wish(Accept("as before"))
    session.until(lambda live: live.page is not None)
    session.choose()
    session.until(lambda live: live.phase == "finished")
    markers = session.markers()
    accepted = [m.payload for m in markers if m.code is Code.CALIBRATION_ACCEPTED]
    assert [p["reason"] for p in accepted] == ["the tracker's own calibration is fresh", "as before"]
    assert [p["verdict"] for p in accepted] == ["red", "red"]
    assert [m.t_s for m in markers] == sorted(m.t_s for m in markers)
