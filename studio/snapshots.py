"""What the operator's window shows, built from the running session only when somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from protocols.blocks import Task
from protocols.geometry import FloatArray
from protocols.markers import Code
from protocols.slots import SlotDistribution
from protocols.stimulus import Page
from protocols.study import StudyProtocol, Trial
from protocols.trial_events import ShowMessage
from sessions.live import LiveView
from studio.attended import seen_in
from studio.calibrating import Verdict
from studio.calibration_state import CalibrationState
from studio.foresight import Foresight
from studio.journal import Journal
from studio.recorded_predictions import scored
from studio.state import LiveState, Notice, Phase, Quality, Score, Trail, TrialLine, TrialStatus
from tuning.events import Predicted

_EVERY_S = 1 / 30
_TRAIL_S = 1.0
_QUALITY_S = 5.0
_TRAIL_POINTS = 240  # more cannot be told apart on the screen, and drawing them takes time


class Snapshots:
    """Keeps the operator's state up to date. All but ``pull`` belong to the conductor's thread.

    Args:
        study: what is run.
        trials: of this participant.
        journal: what was recorded.
        foresight: the twin, None without one.
        simulated: the participant is simulated.
        without_twin: why nothing is predicted, in a session without a twin.
    """

    def __init__(
        self,
        study: StudyProtocol,
        trials: tuple[Trial, ...],
        journal: Journal,
        foresight: Foresight | None,
        simulated: bool,
        without_twin: str,
    ) -> None:
        self._study, self._journal, self._foresight = study, journal, foresight
        lines = tuple(TrialLine(t.index, _task(t.task), t.screen.id) for t in trials)
        self._state = LiveState(trials=lines, simulated=simulated)
        self._without_twin = without_twin
        self._began_s = 0.0
        self._refreshed_s = float("-inf")
        self._trial = -1
        self._scores: dict[int, Score] = {}
        self._repeated: set[int] = set()
        self._verdict: Verdict | None = None
        self._drift_note = ""
        self._concluded = False
        self._looked_at = threading.Event()

    def pull(self) -> LiveState:
        """Return the newest state; from any thread."""
        self._looked_at.set()
        return self._state

    def began(self, now_s: float) -> None:
        """Start counting time."""
        self._began_s = now_s
        self._state = replace(self._state, phase="waiting", line=f"{self._study.title}: about to begin.")

    def phase(self, phase: Phase, line: str) -> None:
        """Say what the session is doing."""
        self._state = replace(self._state, phase=phase, line=line, page=None)

    def calibrated(self, verdict: Verdict) -> None:
        """Take note of the calibration."""
        self._verdict = verdict

    def calibration(self, state: CalibrationState) -> None:
        """Take note of how calibration and drift stand."""
        self._state = replace(self._state, calibration=state)

    def drifted(self, note: str) -> None:
        """Take note of what a drift check found, empty when gaze is well."""
        self._drift_note = note

    def page(self, page: Page, trial: int) -> None:
        """A page is visible."""
        self._trial = trial
        task = self._state.trials[trial].task
        line = f"Trial {trial + 1} of {len(self._state.trials)}: {task}."
        none = np.zeros(len(page.layout))
        self._state = replace(self._state, phase="running", line=line, page=page, dwell_ms=none)

    def message(self, shown: ShowMessage) -> None:
        """Text, or nothing, is visible."""
        paused = shown.kind == "pause"
        line = shown.title or ("Between trials." if self._study.kind == "carousel" else "Recording.")
        self._state = replace(self._state, phase="paused" if paused else "running", line=line, page=None)

    def marked(self, code: Code, trial: int, payload: Mapping[str, object]) -> None:
        """A trial began or ended."""
        if code is Code.TRIAL_START:
            self._set_trial(trial, replace(self._state.trials[trial], status="running"))
        elif code is Code.TRIAL_END:
            reason = str(payload.get("reason", ""))
            status: TrialStatus = "done" if reason == "click" else "skipped"
            self._set_trial(trial, replace(self._state.trials[trial], status=status, note=reason))
        elif code is Code.REPEAT:
            self._repeated.add(trial)
            self._scores.pop(trial, None)
            again = replace(self._state.trials[trial], status="waiting", note="to be repeated")
            self._set_trial(trial, again)

    def ended(self, outcome: str, why: str) -> None:
        """The session is over."""
        phase: Phase = "finished" if outcome == "complete" else "aborted"
        self._state = replace(self._state, phase=phase, line=why or "The session is complete.", page=None)

    def conclude(self) -> None:
        """No further gaze will come: take the last numbers."""
        self._concluded = True
        self._refresh_now(self._began_s + self._state.elapsed_s)

    def refresh(self, now_s: float) -> None:
        """Bring everything up to date when somebody has looked since the last time."""
        if self._looked_at.is_set() and now_s >= self._refreshed_s + _EVERY_S:
            self._looked_at.clear()
            self._refreshed_s = now_s
            self._refresh_now(now_s)

    def _refresh_now(self, now_s: float) -> None:
        views = self._journal.views()
        self._score(views)
        self._state = replace(self._state, quality=self._quality())
        self._state = replace(
            self._state,
            elapsed_s=now_s - self._began_s,
            trail=self._trail(now_s),
            dwell_ms=self._dwell_ms(views),
            prediction=self._prediction(),
            prediction_note=self._prediction_note(),
            scores=tuple(self._scores[trial] for trial in sorted(self._scores)),
            notices=self._notices(),
            eyes=seen_in(self._journal, self._study.screen.distance_mm)
            if self._state.phase == "calibrating"
            else None,
        )

    def _set_trial(self, index: int, line: TrialLine) -> None:
        lines = list(self._state.trials)
        lines[index] = line
        self._state = replace(self._state, trials=tuple(lines))

    def _trail(self, now_s: float) -> Trail:
        t_s, xy_px = self._journal.trail(_TRAIL_S)
        every = len(t_s) // _TRAIL_POINTS + 1
        return Trail(xy_px[::-every][::-1], now_s - t_s[::-every][::-1])

    def _dwell_ms(self, views: list[LiveView]) -> FloatArray:
        page = self._state.page
        if page is None or not views or views[-1].slots.view.trial != self._trial:
            return self._state.dwell_ms
        dwell_ms = views[-1].slots.fixation_ms
        return dwell_ms if len(dwell_ms) == len(page.layout) else self._state.dwell_ms

    def _predicted(self, trial: int) -> Predicted | None:
        if self._foresight is None or trial in self._repeated:
            return None
        found = self._foresight.foreseen(trial)
        return None if found is None else found.predicted

    def _prediction(self) -> SlotDistribution | None:
        """Return the twin's expectation of the visible page; scrolled views were not predicted."""
        page, found = self._state.page, self._predicted(self._trial)
        if page is None or found is None or "twin" not in found.views:
            return None
        if page.viewport.scroll_px or any(page.viewport.swipes):
            return None
        return SlotDistribution.of(np.asarray(found.views["twin"].attention), "model")

    def _prediction_note(self) -> str:
        if self._foresight is None:
            return self._without_twin
        if self._trial in self._repeated:
            return "This page has been seen before: what is repeated is not predicted."
        page = self._state.page
        if (
            self._foresight.ready
            and page is not None
            and (page.viewport.scroll_px or any(page.viewport.swipes))
        ):
            return "Only the page with which a trial begins is predicted, not what is scrolled to."
        return self._foresight.note

    def _score(self, views: list[LiveView]) -> None:
        """Score the first view of every trial that is over and was predicted; once its gaze is final."""
        first: dict[int, LiveView] = {}
        for view in views:
            first.setdefault(view.slots.view.trial, view)
        for trial, view in first.items():
            predicted, final = self._predicted(trial), view.final or self._concluded
            if trial not in self._scores and final and predicted:
                rows = {row: np.asarray(found.attention) for row, found in predicted.views.items()}
                score = scored(trial, view.slots.fixation_ms, {trial: rows})
                self._scores |= {trial: score} if score else {}

    def _quality(self) -> Quality:
        chunk = self._journal.tap.recent.snapshot(_QUALITY_S)
        status, nominal_hz = self._journal.recorder.status(), self._journal.nominal_hz
        span_s = float(chunk.t_s[-1] - chunk.t_s[0]) if len(chunk) > 1 else 0.0
        measured_hz = (len(chunk) - 1) / span_s if span_s > 0 else float("nan")
        expected = max(len(chunk), span_s * nominal_hz)
        loss = 1.0 - float(chunk.valid.sum()) / expected if expected else float("nan")
        accuracy = self._verdict.accuracy_deg if self._verdict else None
        accuracy_deg = float("nan") if accuracy is None else accuracy
        return Quality(measured_hz, nominal_hz, loss, accuracy_deg, status.samples)

    def _notices(self) -> tuple[Notice, ...]:
        status = self._journal.recorder.status()
        said = [
            (bool(status.failure), f"The recording has failed: {status.failure}", "bad"),
            (status.gone, _gone(status.silent_s), "bad"),
            (status.late and not status.gone, f"No gaze for {status.silent_s:.1f} s.", "bad"),
            (
                self._state.quality.blind,
                "No sample is valid: is the tracker calibrated, and does it see the eyes?",
                "bad",
            ),
            (bool(self._journal.live_failure), "The live slot map has failed; recording goes on.", "warn"),
            (
                self._verdict is not None and self._verdict.verdict == "red",
                "Gaze is poorly calibrated.",
                "warn",
            ),
            (bool(self._drift_note), self._drift_note, "warn"),
            (self._foresight is not None and not self._foresight.alive, self._twin_note(), "warn"),
        ]
        return tuple(Notice(text, "bad" if mood == "bad" else "warn") for told, text, mood in said if told)

    def _twin_note(self) -> str:
        return "" if self._foresight is None else self._foresight.note


def _gone(silent_s: float) -> str:
    return f"The tracker has left the network: no gaze for {silent_s:.0f} s. Waiting until it comes back."


def _task(task: Task) -> str:
    return task.value.replace("_", " ")
