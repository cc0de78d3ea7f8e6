"""Sessions whose gaze source goes away or never sends, in this process: what is told, and how they end."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquisition.clock import SteadyClock
from acquisition.event_words import left
from acquisition.mouse import MouseSource
from acquisition.samples import GazeChunk
from acquisition.source_event import SourceEvent
from protocols.participant import Participant
from protocols.study import load_study
from protocols.trial_events import Abort, Pause, Skip
from protocols.wire import Progress
from sessions.reader import Recording
from sessions.schema import State
from studio.conductor import Conductor
from studio.inputs import Did
from studio.recording import Order, Recorded, record
from studio.sources import Rig
from studio.stage import HeadlessStage
from studio.watching import watched


class Leaving(MouseSource):
    """A resting pointer that goes away like a tracker whose cable is pulled."""

    def __init__(self, clock: SteadyClock) -> None:
        super().__init__(clock)
        self._now_s = clock.now_s
        self._news: list[SourceEvent] = []
        self.pulled = False
        self._told = False

    def read(self, timeout_s: float) -> GazeChunk:
        if not self.pulled:
            return super().read(timeout_s)
        time.sleep(timeout_s)
        if not self._told:
            self._told = True
            self._news.append(left(self._now_s(), self.info, 3.0))
        return GazeChunk.empty(2)

    def news(self) -> list[SourceEvent]:
        news, self._news = self._news, []
        return news


class Session:
    """One session in a thread."""

    def __init__(self, folder: Path, study: str) -> None:
        self.path = folder / "session.h5"
        self._clock = SteadyClock()
        self.source = Leaving(self._clock)
        self._order = Order(load_study(study), Participant(pseudonym="P01"), self.path, headless=False)
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, name="session")
        self.conductor: Conductor
        self.recorded: Recorded

    def begin(self) -> None:
        self.source.open()
        self._thread.start()
        assert self._began.wait(10)

    def do(self, *events: Abort | Pause | Skip) -> None:
        for event in events:
            self.conductor.post(Did(event))

    def end(self) -> Recorded:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.recorded

    def rest(self) -> None:
        """Look somewhere until it was recorded."""
        self.source.push(None, (300.0, 300.0))
        self.until(lambda: self.conductor.live_state().quality.samples > 0)

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10.0
        while not true():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def _run(self) -> None:
        rig, stage = Rig(self.source), HeadlessStage(self._clock)
        self.recorded = record(self._order, rig, stage, self._clock, watch=self._watch)

    def _watch(self, conductor: Conductor) -> None:
        self.conductor = conductor
        self._began.set()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Callable[[str], Session]]:
    sessions: list[Session] = []

    def begin(study: str) -> Session:
        sessions.append(Session(tmp_path, study))
        sessions[-1].begin()
        return sessions[-1]

    yield begin
    for one in sessions:
        one.do(Abort("the test is over"))
        one.end()


def test_a_session_whose_tracker_left_says_so_in_red_and_is_not_complete(session, monkeypatch) -> None:
    monkeypatch.setattr("studio.watching.on_terminal", lambda: True)
    said: list[Progress] = []
    running = session("demo")
    running.rest()
    running.source.pulled = True
    with watched(said.append) as show:
        show(running.conductor)
        running.until(lambda: any("[bold red]The tracker has left" in one.message for one in said))
    notices = running.conductor.live_state().notices
    assert [(n.mood, n.text[:34]) for n in notices] == [("bad", "The tracker has left the network: ")]
    while not running.conductor.over:
        running.do(Skip())
        time.sleep(0.002)
    ending = running.end().ending
    assert ending.outcome == "aborted"
    assert re.fullmatch(r"the gaze source was lost after \d\.\d s and did not come back", ending.why)
    with Recording.open(running.path) as recording:
        assert recording.state is State.ABORTED
        assert recording.markers()[-1].payload == {"outcome": "aborted", "why": ending.why}


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(("seen", "outcome"), [(True, "complete"), (False, "aborted")])
def test_free_gaze_that_somebody_ends_is_complete_if_there_is_any(session, seen, outcome, paused) -> None:
    running = session("free-gaze")
    running.until(lambda: running.conductor.live_state().line == "Recording.")
    if seen:
        running.rest()
    running.do(*[Pause()] * paused, Abort("enough"))
    ending = running.end().ending
    assert ending.outcome == outcome
    assert ending.why == ("enough" if seen else "no gaze arrived at all")
