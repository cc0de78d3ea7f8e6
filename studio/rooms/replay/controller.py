"""Plays a recorded session: where it is, how fast it goes, what the twin is compared with. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.clock import Clock
from protocols.errors import GazeTwinError
from protocols.geometry import FloatArray
from protocols.wire import Progress
from studio.background import Later
from studio.lanes import Lane
from studio.observed import Observed
from studio.rooms.replay.lanes import lanes
from studio.rooms.replay.moment import moment_at
from studio.rooms.replay.pages import PageShelf
from studio.rooms.replay.session import ReplaySession, Tell, load
from studio.rooms.replay.state import SPEEDS, ReplayState
from tuning.events import Comparison

Compare = Callable[[Path, Path, Tell], Comparison]
"""Compares a persona with a session: persona, session, told about progress."""

PREDICTED = "predicted before the page appeared"
_NOT_PREDICTED = "No prediction was made for this page before it appeared."
_SCROLLED = "Only the page with which a trial begins is predicted, not what is scrolled to."
_NOT_HELD_OUT = "This page was used to fit the persona, or nobody looked at it: it is not compared."


class ReplayController:
    """Belongs to one thread; time passes in ``tick`` only, by the clock it is given.

    Args:
        later: runs slow work.
        clock: whose passing is that of the replay.
        compare: compares a persona with a session.
    """

    def __init__(self, later: Later, clock: Clock, compare: Compare) -> None:
        self.state = Observed(ReplayState())
        self._later, self._clock, self._compare = later, clock, compare
        self._shelf = PageShelf(later, self._refresh, self._failed)
        self._work = 0
        self._told: Progress | None = None
        self._from: tuple[float, float] = (0.0, 0.0)  # clock and session time when playing began
        self._judged: dict[str, FloatArray] = {}

    def open(self, path: Path) -> None:
        """Load a session; what was played before goes away."""
        speed = self.state.value.speed
        self.state.put(ReplayState(stage="loading", speed=speed, working=True, said="Opening the session"))
        self._judged = {}
        self._begin(lambda tell: _prepared(path, tell), self._loaded)

    def close(self) -> None:
        """Forget the session, and what is still being loaded."""
        self._work += 1
        self._told = None
        self.state.put(ReplayState())

    def play(self) -> None:
        """Let time go on; from the beginning when it had come to the end."""
        session, state = self.state.value.session, self.state.value
        if session is None:
            return
        t_s = session.begin_s if state.t_s >= session.end_s else state.t_s
        self._show(t_s, playing=True)

    def pause(self) -> None:
        """Let time stand still."""
        self._change(playing=False)

    def toggle(self) -> None:
        """Play, or pause."""
        if self.state.value.playing:
            self.pause()
        else:
            self.play()

    def tick(self) -> None:
        """Bring the state to the time of the clock, and take note of progress."""
        state = self.state.value
        if self._told is not None:
            told, self._told = self._told, None
            share = told.done / told.total if told.total else None
            self._change(said=told.message or state.said, progress=share)
        if state.playing and state.session is not None:
            began_s, from_s = self._from
            t_s = from_s + (self._clock.now_s() - began_s) * state.speed
            self._move(min(t_s, state.session.end_s), playing=t_s < state.session.end_s)

    def seek(self, t_s: float) -> None:
        """Go to a moment, session clock in s; one outside the session is its first or last."""
        if self.state.value.session is not None:
            self._show(t_s, playing=self.state.value.playing)

    def jump(self, trial: int) -> None:
        """Go to where the page of a trial appeared; nothing happens when there is no such trial."""
        session = self.state.value.session
        if session is None:
            return
        shown = [v.view.t_on_s for v in session.slots.views if v.view.trial == trial]
        begun = [t.on_s for t in session.trials if t.index == trial]
        if shown or begun:
            self.seek((shown or begun)[0])

    def step_fixation(self, by: int) -> None:
        """Go to the beginning of the next fixation (1) or of the one before (-1), and pause."""
        session = self.state.value.session
        if session is not None:
            self._step(session.slots.fixations.onset_s, by)

    def step_trial(self, by: int) -> None:
        """Go to the beginning of the next trial (1), of this one or the one before (-1), and pause."""
        session = self.state.value.session
        if session is not None:
            self._step(np.asarray([trial.on_s for trial in session.trials]), by)

    def go_at(self, speed: float) -> None:
        """Play at one of ``SPEEDS``."""
        self._change(speed=min(SPEEDS, key=lambda known: abs(known - speed)))
        self._from = (self._clock.now_s(), self.state.value.t_s)

    def faster(self, by: int = 1) -> None:
        """Take the next speed, or with -1 the one before."""
        at = SPEEDS.index(self.state.value.speed) + by
        self.go_at(SPEEDS[min(max(at, 0), len(SPEEDS) - 1)])

    def compare_with(self, persona: Path | None) -> None:
        """Show a persona's comparison with the session; None shows what was predicted during it."""
        session = self.state.value.session
        self._judged = {}
        self._change(persona=persona, working=False, said="", progress=None)
        if session is None or persona is None:
            self._work += 1
            self._refresh()
            return
        self._change(working=True, said=f"Comparing with {persona.name}", progress=None)
        self._begin(lambda tell: self._compare(persona, session.path, tell), self._compared)

    def _loaded(self, found: tuple[ReplaySession, tuple[Lane, ...]]) -> None:
        session, its_lanes = found
        self._change(stage="ready", session=session, lanes=its_lanes, working=False, said="", progress=None)
        first = session.slots.views[0].view.t_on_s if session.slots.views else session.begin_s
        self._show(first, playing=False)

    def _compared(self, comparison: Comparison) -> None:
        self._judged = {
            judged.shown: np.asarray(judged.views["twin"].attention)
            for judged in comparison.judged
            if "twin" in judged.views
        }
        self._change(working=False, said="", progress=None)
        self._refresh()

    def _begin(self, job: Callable[[Tell], object], then: Callable[..., None]) -> None:
        """Run a job whose result counts only when nothing else was begun meanwhile."""
        self._work += 1
        work = self._work

        def tell(said: Progress) -> None:
            if work == self._work:
                self._told = said

        def done(result: object) -> None:
            if work == self._work:
                self._told = None
                then(result)

        def failed(error: GazeTwinError) -> None:
            if work == self._work:
                self._told = None
                self._failed(error)

        self._later(lambda: job(tell), done, failed)

    def _failed(self, error: GazeTwinError) -> None:
        stage = "ready" if self.state.value.session is not None else "nothing"
        self._change(stage=stage, working=False, said=str(error), progress=None, playing=False)

    def _step(self, moments_s: FloatArray, by: int) -> None:
        now_s = self.state.value.t_s
        side = moments_s[moments_s > now_s] if by > 0 else moments_s[moments_s < now_s]
        if len(side):
            self._show(float(side.min() if by > 0 else side.max()), playing=False)
        else:
            self.pause()

    def _show(self, t_s: float, *, playing: bool) -> None:
        self._move(t_s, playing=playing)
        self._from = (self._clock.now_s(), self.state.value.t_s)

    def _move(self, t_s: float, *, playing: bool) -> None:
        session = self.state.value.session
        if session is None:
            return
        moment = moment_at(session, float(np.clip(t_s, session.begin_s, session.end_s)))
        self.state.put(replace(self.state.value, moment=moment, playing=playing))
        self._refresh()

    def _refresh(self) -> None:
        """Fetch the page and the twin's shares of the moment."""
        state = self.state.value
        if state.session is None or state.moment is None:
            return
        digest = state.moment.digest
        page = self._shelf.page(state.session.path, digest) if digest else None
        following = int(np.searchsorted(state.session.view_s, state.t_s, side="right"))
        if digest and following < len(state.session.slots.views):
            self._shelf.page(state.session.path, state.session.slots.views[following].view.change.page)
        shares, words = self._foreseen(state)
        if page is not state.page or shares is not state.simulated or words != state.simulated_words:
            self.state.put(replace(self.state.value, page=page, simulated=shares, simulated_words=words))

    def _foreseen(self, state: ReplayState) -> tuple[FloatArray | None, str]:
        view = None if state.moment is None else state.moment.view
        if view is None or state.session is None:
            return None, ""
        if state.persona is not None:
            shares = self._judged.get(view.view.change.page)
            return shares, state.persona.stem if shares is not None else (state.said or _NOT_HELD_OUT)
        viewport = view.view.change.viewport
        if viewport.scroll_px or any(viewport.swipes):
            return None, _SCROLLED
        shares = state.session.predictions.get(view.view.trial, {}).get("twin")
        fits = shares is not None and len(shares) == len(view.fixation_ms)
        return (shares, PREDICTED) if fits else (None, _NOT_PREDICTED)

    def _change(self, **values: object) -> None:
        self.state.put(replace(self.state.value, **values))  # type: ignore[arg-type]  # names are checked there


def _prepared(path: Path, tell: Tell) -> tuple[ReplaySession, tuple[Lane, ...]]:
    session = load(path, tell)
    return session, lanes(session)
