"""When the twin is asked and told: each page before it appears, and again when it is over."""

from __future__ import annotations

import time
from collections.abc import Callable

from protocols.stimulus import Viewport
from protocols.study import Trial
from studio.foresight import Foreseen, Foresight
from studio.journal import Journal
from studio.targets import Wait

READY_S = 90.0
PREDICT_S = 5.0
_NAP_S = 0.005
_PULSE_S = 0.02


class Anticipation:
    """Asks for the page with which each trial begins; scrolled views are not predicted, but learned from.

    Args:
        foresight: the twin.
        trials: of the session.
        journal: knows what was looked at.
    """

    def __init__(self, foresight: Foresight, trials: tuple[Trial, ...], journal: Journal) -> None:
        self.foresight = foresight
        self._trials, self._journal = trials, journal
        self._told: set[int] = set()

    def load(self, wait_until: Wait) -> None:
        """Give the twin time to load; without it the first pages could not be predicted."""
        now_s = wait_until(float("-inf"))
        deadline_s = now_s + READY_S
        while self.foresight.alive and not self.foresight.ready and now_s < deadline_s:
            now_s = wait_until(now_s + _PULSE_S)
        self.prepare(0)

    def prepare(self, trial: int) -> None:
        """Ask for a trial's page ahead of time; does nothing after the last trial."""
        if trial < len(self._trials):
            screen = self._trials[trial].screen
            self.foresight.ask(trial, screen, Viewport.top_of(screen))

    def before(self, trial: int, meanwhile: Callable[[], None]) -> Foreseen | None:
        """Return the prediction of a trial that begins now, after a short wait for it.

        Args:
            trial: which.
            meanwhile: called over and over while waiting.

        Returns:
            None when it did not come in time, or the trial is repeated: its page is no news any more.
        """
        if self.foresight.has_begun(trial):
            return None
        self.prepare(trial)
        deadline = time.monotonic() + PREDICT_S
        while self.foresight.ready and self.foresight.foreseen(trial) is None:
            if time.monotonic() >= deadline:
                break
            time.sleep(_NAP_S)
            meanwhile()
        return self.foresight.begun(trial)

    def after(self, trial: int) -> None:
        """Ask for the next page, then tell what happened in the trial that ended.

        In this order the participant never waits for the twin to learn; it is one page behind.
        """
        self.foresight.revive()
        if not self.foresight.alive:
            return
        self.prepare(trial + 1)
        self._journal.catch_up()
        if trial in self._told:  # a page that is repeated is not learned from twice
            return
        self._told.add(trial)
        screen = self._trials[trial].screen
        for slots in (view.slots for view in self._journal.views() if view.slots.view.trial == trial):
            if slots.fixation_ms.sum() > 0:
                viewport = slots.view.change.viewport
                self.foresight.tell(screen, viewport, slots.fixation_ms, slots.view.click)
