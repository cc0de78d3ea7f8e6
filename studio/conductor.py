"""Conducts one session: runner, stage, recorder, live pipeline and twin, tied together without Qt.

The conductor belongs to one thread, which calls ``run``. Other threads ``post`` what happened and pull
``live_state``; nothing is ever pushed at them.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Mapping

from acquisition.clock import Clock
from protocols.errors import GazeTwinError
from protocols.markers import Code
from protocols.runner import State, TrialRunner
from protocols.trial_events import (
    Abort,
    Begin,
    CheckDrift,
    Checked,
    CheckWanted,
    Command,
    Continue,
    Event,
    Finish,
    Mark,
    Outcome,
    PointerMoved,
    Resume,
    ShowMessage,
    ShowPage,
    StartTimer,
    StopTimer,
)
from studio.agenda import Agenda
from studio.anticipation import Anticipation
from studio.calibrating import Verdict
from studio.foresight import Foresight
from studio.gaze_care import GazeCare
from studio.inputs import Broken, Did, Input, Noted, Pointed, Wished
from studio.journal import Journal
from studio.presenter import Presenter
from studio.script import Ending, Script
from studio.snapshots import Snapshots
from studio.source_end import ending, shortfall
from studio.stage import Stage
from studio.stamps import Stamps
from studio.state import LiveState, Phase
from studio.targets import Wait
from studio.wishes import CalibrateNow, CheckDriftNow, NextTarget

log = logging.getLogger(__name__)

_PULSE_S = 0.02
_CATCH_UP_S = 0.1
_READING_S = 0.8
_READ = ("welcome", "instruction", "break")


class _Ended(Exception):
    """The session is over while something was being waited for."""


class _Left(Exception):
    """The operator paused or skipped a drift check."""


class Conductor:
    """Runs one session from its first marker to its last.

    Args:
        script: what to do.
        journal: where everything is written; its recorder is running.
        stage: what the participant sees.
        clock: session clock.
        foresight: the twin, None for a session without one.
    """

    def __init__(
        self,
        script: Script,
        journal: Journal,
        stage: Stage,
        clock: Clock,
        foresight: Foresight | None = None,
    ) -> None:
        self._script, self._journal, self._clock = script, journal, clock
        self._twin = None if foresight is None else Anticipation(foresight, script.trials, journal)
        self._runner = TrialRunner(script.study, script.trials, script.calibrate)
        self._check_due = False
        self._inbox: queue.SimpleQueue[Input] = queue.SimpleQueue()
        self._snapshots = Snapshots(
            script.study, script.trials, journal, foresight, script.simulated, script.without_twin
        )
        self._care = GazeCare(script, stage, journal, self._snapshots.calibration)
        self._agenda, self._stamps = Agenda(), Stamps(clock, journal)
        self._presenter = Presenter(script, stage, journal, self._stamps, self._snapshots)
        self._trial = -1
        self._cursor_s = float("-inf")
        self._caught_up_s = float("-inf")
        self._outcome: Outcome | None = None
        self._began_s = float("nan")
        self._played_out = self.concluded = False
        self._why = ""
        self._error: GazeTwinError | None = None
        self._verdict: Verdict | None = None

    def post(self, item: Input) -> None:
        """Tell what happened; from any thread, also from a signal handler."""
        self._inbox.put(item)

    def live_state(self) -> LiveState:
        """Return what the operator's window shows now; from any thread, never blocks."""
        return self._snapshots.pull()

    def announce(self, phase: Phase, line: str) -> None:
        """Say what happens after the session, for whoever still looks at ``live_state``."""
        self._snapshots.phase(phase, line)

    @property
    def over(self) -> bool:
        """Whether the session has come to its end."""
        return self._outcome is not None

    def conclude(self) -> None:
        """Take the last gaze into account, once the recorder has stopped."""
        self._snapshots.conclude()
        self.concluded = True

    def run(self) -> Ending:
        """Run the session to its end. The recorder still runs afterwards."""
        now_s = self._began_s = self._clock.now_s()
        if self._script.duration_s is not None:
            self._agenda.end_s = now_s + self._script.duration_s
        self._snapshots.began(now_s)
        self._stamps.mark(Code.SESSION_START, now_s, payload=self._script.facts)
        try:
            self._perform()
        except _Ended:
            pass
        except GazeTwinError as error:
            self._break(error)
        self._measure_clicks(float("inf"))
        self._judge()
        how = {"outcome": self._outcome, "why": self._why}
        self._stamps.mark(Code.SESSION_END, self._stamps.now_s(), payload=how)
        self._snapshots.ended(self._outcome or "aborted", self._why)
        return Ending(self._outcome or "aborted", self._why, self._error, self._verdict)

    def _perform(self) -> None:
        for trial in self._script.trials:
            self._journal.trial(trial)
        if self._script.calibrate:
            self._calibrate(self._wait_until)
        if self._twin is not None:
            self._twin.load(self._wait_until)
        self._step(Begin(), self._stamps.now_s())
        while self._outcome is None:
            self._attend(self._agenda.soonest_s(self._clock.now_s() + _PULSE_S))
            if self._check_due and self._outcome is None:
                self._check_drift()

    def _calibrate(self, wait_until: Wait) -> None:
        self._snapshots.phase("calibrating", "Look at the targets.")
        self._verdict = self._care.calibrate(wait_until)
        self._snapshots.calibrated(self._verdict)

    def _check_drift(self) -> None:
        """Show the target that the runner asked for, and do what follows from it."""
        self._check_due = False
        self._snapshots.phase("calibrating", "Look at the target: checking for drift.")
        try:
            away = self._care.drifted_away(self._wait_in_check)
            self._snapshots.drifted(self._care.note)
            if away:
                self._calibrate(self._wait_in_check)
            self._step(Checked(), self._stamps.now_s())
        except _Left:
            log.info("the drift check was left for a pause or skipped")
            self._snapshots.calibrated(self._care.verdict)

    def _measure_clicks(self, now_s: float) -> None:
        for found in self._care.clicks(now_s):
            # Its own stamp must not delay an event that is still to come.
            last_s = max(self._stamps.last_s, self._journal.marked_s)
            self._stamps.mark(Code.DRIFT_CHECK, last_s, found.trial, found.payload())

    def _wait_in_check(self, t_s: float) -> float:
        """Wait as always, but leave when the operator pauses or skips the check, even if it is due again."""
        now_s = self._wait_until(t_s)
        if self._runner.state is not State.CHECK or self._check_due:
            raise _Left
        return now_s

    def _wait_until(self, t_s: float) -> float:
        """Wait, attending to everything meanwhile; return the time it became.

        Raises:
            _Ended: the session ended meanwhile.
        """
        while (now_s := self._clock.now_s()) < t_s:
            self._attend(min(t_s, now_s + _PULSE_S))
            if self._outcome is not None:
                raise _Ended
        return now_s

    def _attend(self, until_s: float) -> None:
        """Take what comes until a time, and do what is due."""
        try:
            self._take(self._inbox.get(timeout=max(until_s - self._clock.now_s(), 0.0)))
            while self._outcome is None:
                self._take(self._inbox.get_nowait())
        except queue.Empty:
            pass
        self._do_what_is_due()
        self._keep_up()
        if self._outcome is None:
            self._check_recorder()

    def _do_what_is_due(self) -> None:
        now_s = self._clock.now_s()
        if self._outcome is None and self._agenda.over(now_s):
            self._end_as_planned()
        for event in self._agenda.due(now_s):
            self._step(event, self._stamps.now_s())

    def _end_as_planned(self) -> None:
        """The time is over: what was asked for was recorded."""
        self._why = f"recorded for {self._script.duration_s:g} s, as asked"
        self._step(Abort(self._why), self._stamps.now_s())
        self._outcome = "complete"

    def _keep_up(self) -> None:
        """Keep gaze, twin and windows up to date."""
        now_s = self._clock.now_s()
        if now_s >= self._caught_up_s + _CATCH_UP_S:
            self._journal.catch_up()
            self._caught_up_s = now_s
            self._measure_clicks(now_s)
        if self._twin is not None:
            self._twin.foresight.listen()
        self._snapshots.refresh(now_s)

    def _check_recorder(self) -> None:
        """End when recording cannot go on."""
        freely = self._runner.state is State.RECORDING
        why = ending(self._journal.recorder.status(), freely, self._script.replayed)
        if isinstance(why, GazeTwinError):
            self._break(why)
        elif why:
            self._played_out, self._why = True, why
            self._step(Continue(), self._stamps.now_s())

    def _judge(self) -> None:
        """A session that lacks gaze is not complete, even though it came to its end."""
        lacking = shortfall(self._journal.recorder.status(), self._clock.now_s() - self._began_s)
        if self._outcome == "complete" and lacking and not self._played_out:
            self._outcome, self._why = "aborted", lacking

    def _end_freely(self, reason: str, t_s: float) -> None:
        """End a study without trials: somebody always does, so that is its normal end."""
        self._step(Resume(), t_s)
        self._step(Continue() if self._runner.state is State.RECORDING else Abort(reason), t_s)
        self._why = reason

    # ---- what comes in

    def _take(self, item: Input) -> None:
        match item:
            case Did(Abort(reason), t_s) if not self._script.trials:
                self._end_freely(reason, self._stamps.of(t_s))
            case Did(Continue()) if self._care.busy:
                self._care.wish(NextTarget())
            case Did(event, t_s):
                self._step(event, self._stamps.of(t_s))
            case Pointed(t_s, xy_px, buttons):
                self._cursor_s = max(t_s, self._cursor_s)
                self._journal.cursor(self._cursor_s, xy_px, buttons)
                self._step(PointerMoved(xy_px), self._stamps.of(t_s))
            case Noted(text):
                self._stamps.mark(Code.NOTE, self._stamps.now_s(), self._trial, {"text": text})
            case Wished(wish) if self._care.calibrated:
                self._care.wish(wish)
                if isinstance(wish, CheckDriftNow | CalibrateNow):
                    self._step(CheckWanted(), self._stamps.now_s())
            case Broken(error):
                self._break(error)

    def _break(self, error: GazeTwinError) -> None:
        if self._outcome is None:
            self._why, self._error = error.what, error
            self._step(Abort(error.what), self._stamps.now_s())
            self._outcome = "aborted"

    def _step(self, event: Event, t_s: float) -> None:
        if self._outcome is not None:
            return
        if isinstance(event, Abort):
            self._why = event.reason
        for command in self._runner.step(event):
            t_s = self._carry_out(command, t_s)

    # ---- what goes out

    def _carry_out(self, command: Command, t_s: float) -> float:
        """Carry out one command; return the time from which the next one counts."""
        match command:
            case Mark(code, trial, payload):
                return self._carry_out_mark(code, trial, payload, t_s)
            case ShowPage():
                t_s = self._presenter.show_page(command)
                self._agenda.read_s = None
            case ShowMessage(kind=kind):
                t_s = self._presenter.show_message(command)
                read = self._script.reads_by_itself and kind in _READ
                self._agenda.read_s = t_s + _READING_S if read else None
            case CheckDrift():
                self._presenter.page, self._agenda.read_s, self._check_due = None, None, True
            case StartTimer(seconds):
                self._agenda.timer_s = t_s + seconds
            case StopTimer():
                self._agenda.timer_s = None
            case Finish(reason):
                self._outcome = reason
        return t_s

    def _carry_out_mark(self, code: Code, trial: int, payload: Mapping[str, object], t_s: float) -> float:
        if code is Code.TRIAL_START:
            self._trial = trial
            t_s = self._foresee(t_s)
        self._stamps.mark(code, t_s, trial, payload)
        self._snapshots.marked(code, trial, payload)
        if code is Code.CLICK and self._presenter.page is not None:
            self._care.clicked(t_s, trial, payload, self._presenter.page.layout)
        if code is Code.TRIAL_END:
            self._trial = -1
            if self._twin is not None and payload.get("reason") != "repeat":
                self._twin.after(trial)
        return t_s

    def _foresee(self, t_s: float) -> float:
        """Give the twin time to predict the trial that begins; return the time it became."""
        if self._twin is None:
            return t_s
        found = self._twin.before(self._trial, self._keep_up)
        if found is not None:
            came_s = self._stamps.of(found.t_s)
            self._stamps.mark(Code.PREDICTION, came_s, self._trial, found.payload())
        return self._stamps.now_s()
