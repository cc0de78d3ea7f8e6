"""Laws of the trial runner: whatever happens in whatever order, a session stays well-formed."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocols.blocks import Breaks
from protocols.carousel import layout
from protocols.markers import Code
from protocols.runner import State, TrialRunner
from protocols.study import load_study
from protocols.trial_events import (
    Abort,
    Begin,
    CheckDrift,
    Checked,
    CheckWanted,
    Click,
    Command,
    Continue,
    Event,
    Finish,
    Mark,
    Pause,
    PointerMoved,
    Repeat,
    Resume,
    Scroll,
    ShowMessage,
    ShowPage,
    Skip,
    StartTimer,
    StopTimer,
    Swipe,
    TimedOut,
)

DEMO = load_study("demo")
FREE_GAZE = load_study("free-gaze")
GAP_PX = (10.0, 10.0)

# Continue, Skip and Resume more than once, so that sessions get far; Abort once, so that most of them do.
ANYTHING: list[Event] = [
    *[Continue(), Skip(), Resume()] * 3,
    *[
        Begin(),
        Checked(),
        CheckWanted(),
        Pause(),
        Repeat(),
        Click(GAP_PX),
        Scroll(340.0),
        Scroll(-99.0),
        Abort("enough"),
    ],
]


class Sessions(RuleBasedStateMachine):
    """Any sequence of events leads to a well-formed recording and can be led to its end."""

    @initialize(
        count=st.integers(1, 5),
        inter_trial_s=st.sampled_from([0.0, 0.5]),
        timeout_s=st.sampled_from([None, 9.0]),
        every=st.sampled_from([None, 1, 2]),
        welcome=st.sampled_from(["", "Hello."]),
        free_gaze=st.booleans(),
        drift_check=st.sampled_from(["never", "blocks", "trials"]),
    )
    def begin(
        self,
        count: int,
        inter_trial_s: float,
        timeout_s: float | None,
        every: int | None,
        welcome: str,
        free_gaze: bool,
        drift_check: str,
    ) -> None:
        base = FREE_GAZE if free_gaze else DEMO
        texts = base.texts.model_copy(update={"welcome": welcome})
        breaks = Breaks(every=every, text="Rest.") if every else None
        changes = {
            "inter_trial_s": inter_trial_s,
            "timeout_s": timeout_s,
            "breaks": breaks,
            "texts": texts,
            "calibration": base.calibration.model_copy(update={"drift_check": drift_check}),
        }
        study = base.model_copy(update=changes)
        self.runner = TrialRunner(study, study.trials(0, seed=1)[:count], drift_checks=True)
        self.checks_drift = drift_check
        self.open: int | None = None
        self.last = -1
        self.over: set[int] = set()
        self.timeout_s = timeout_s
        self.timer = False
        self.finished: str | None = None
        self.shown: Command = ShowMessage("", "", "blank")
        self.wanted = False

    def _send(self, event: Event) -> None:
        paused = self.runner.state is State.PAUSED
        self.wanted |= isinstance(event, CheckWanted)
        commands = self.runner.step(event)
        for command in commands:
            self._carry_out(command)
        if paused and not isinstance(event, Resume | Abort | Repeat):
            assert commands == []

    def _carry_out(self, command: Command) -> None:
        assert self.finished is None, "a command follows Finish"
        match command:
            case Mark(Code.TRIAL_START, trial):
                assert self.open is None
                assert trial > self.last
                self.open = self.last = trial
            case Mark(Code.TRIAL_END, trial):
                assert trial == self.open
                self.open = None
                self.over.add(trial)
            case Mark(Code.REPEAT, trial):
                assert self.open is None
                assert trial == self.last
                self.last -= 1
                self.over.remove(trial)
            case Mark(Code.CLICK | Code.HOVER | Code.VIEWPORT_CHANGED, trial):
                assert trial == self.open
            case ShowPage(trial):
                assert trial == self.open
                assert self.runner.state is not State.PAUSED
                self.shown = command
            case ShowMessage():
                self.shown = command
            case CheckDrift():
                assert self.checks_drift != "never" or self.wanted
                assert self.open is None
                self.shown = command
            case StartTimer():
                self.timer = True
            case StopTimer():
                self.timer = False
            case Finish(reason):
                self.finished = reason

    @rule(event=st.sampled_from(ANYTHING))
    def anything(self, event: Event) -> None:
        self._send(event)

    @rule()
    @precondition(lambda self: self.timer)
    def run_down(self) -> None:
        self.timer = False
        self._send(TimedOut())

    @rule(row=st.integers(0, 9), step=st.sampled_from([-1, 1]))
    def swipe(self, row: int, step: int) -> None:
        self._send(Swipe(row, step))

    @rule(slot=st.integers(0, 14), click=st.booleans())
    @precondition(lambda self: self.runner.state is State.TRIAL)
    def point(self, slot: int, click: bool) -> None:
        assert self.runner.trial is not None
        slots = layout(self.runner.trial.screen, self.runner.viewport).slots
        xy_px = slots[slot % len(slots)].box.centre
        self._send(Click(xy_px) if click else PointerMoved(xy_px))

    @invariant()
    def display_agrees_with_state(self) -> None:
        state = self.runner.state
        assert isinstance(self.shown, ShowPage) == (state is State.TRIAL)
        assert isinstance(self.shown, CheckDrift) == (state is State.CHECK)
        assert (self.finished is not None) == (state is State.FINISHED)
        if state is State.BETWEEN:
            assert self.timer
        if self.timer:
            assert state is State.BETWEEN or (state is State.TRIAL and self.timeout_s is not None)

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        self._send(Begin())
        self._send(Resume())
        for _ in range(40):
            if self.finished:
                break
            self._send(Skip() if self.runner.state is not State.INSTRUCTION else Continue())
        assert self.finished is not None, "the session cannot be led to its end"
        assert self.open is None
        assert self.over == set(range(self.last + 1))


Sessions.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestSessions = Sessions.TestCase
