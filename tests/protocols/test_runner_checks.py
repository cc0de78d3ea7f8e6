"""When the trial runner asks for a drift check, and what leaves one."""

from __future__ import annotations

import itertools

from protocols.blocks import Breaks
from protocols.runner import State, TrialRunner
from protocols.study import StudyProtocol, load_study
from protocols.trial_events import (
    Begin,
    CheckDrift,
    Checked,
    CheckWanted,
    Click,
    Command,
    Continue,
    Event,
    Pause,
    Resume,
    Scroll,
    ShowMessage,
    Skip,
    StopTimer,
    TimedOut,
)

DEMO = load_study("demo")
RECGAZE = load_study("recgaze")
GAP_PX = (10.0, 10.0)


def _study(**changes: object) -> StudyProtocol:
    return DEMO.model_copy(update=changes)


def _run(runner: TrialRunner, *events: Event) -> list[Command]:
    return [command for event in events for command in runner.step(event)]


def _checked(study: StudyProtocol, count: int) -> list[str]:
    """Click and continue through a session; return what came, in order."""
    runner = TrialRunner(study, study.trials(0, seed=7)[:count], drift_checks=True)
    waiting, came = runner.step(Begin()), []
    while runner.state is not State.FINISHED:
        came.append(runner.state.value)
        answers = {State.CHECK: Checked(), State.TRIAL: Skip(), State.BETWEEN: TimedOut()}
        waiting = runner.step(answers.get(runner.state, Continue()))
        assert waiting
    return [state for state in came if state in ("trial", "check", "break")]


def _drift(when: str, **changes: object) -> StudyProtocol:
    return _study(calibration=DEMO.calibration.model_copy(update={"drift_check": when}), **changes)


def test_drift_is_checked_as_often_as_the_study_says() -> None:
    assert _checked(_drift("never"), 3) == ["trial"] * 3
    assert _checked(_drift("trials"), 3) == ["trial", "check", "trial", "check", "trial"]
    assert _checked(_drift("blocks"), 3) == ["trial"] * 3, "one block"
    rested = _drift("blocks", breaks=Breaks(every=2, text="Rest."))
    assert _checked(rested, 4) == ["trial", "trial", "break", "check", "trial", "trial"]
    both = RECGAZE.model_copy(update={"breaks": None})
    came = _checked(both, 60)
    blocks = [trial.block for trial in both.trials(0, seed=7)[:60]]
    assert came.count("check") == sum(a != b for a, b in itertools.pairwise(blocks)) > 0


def test_without_calibrated_gaze_drift_is_not_checked() -> None:
    runner = TrialRunner(_drift("trials"), DEMO.trials(0, seed=7)[:2])
    runner.step(Begin())
    runner.step(Continue())
    runner.step(Skip())
    runner.step(TimedOut())
    assert runner.state is State.TRIAL


def test_only_its_end_a_skip_or_a_pause_leave_a_drift_check() -> None:
    study = _drift("trials", inter_trial_s=0.0)
    runner = TrialRunner(study, study.trials(0, seed=7)[:3], drift_checks=True)
    _run(runner, Begin(), Continue())
    assert runner.step(Skip())[-1] == CheckDrift()
    for event in (Continue(), Click(GAP_PX), Scroll(340.0), TimedOut()):
        assert runner.step(event) == []
    assert isinstance(runner.step(Pause())[1], ShowMessage)
    assert CheckDrift() in runner.step(Resume())
    assert runner.state is State.CHECK
    runner.step(Checked())
    assert runner.state is State.TRIAL
    runner.step(Skip())
    runner.step(Skip())
    assert runner.state is State.TRIAL


def test_a_check_that_is_wanted_comes_before_the_next_trial_whatever_the_study_says() -> None:
    study = _drift("never", inter_trial_s=0.5)
    runner = TrialRunner(study, study.trials(0, seed=7)[:6], drift_checks=True)
    _run(runner, Begin(), Continue())
    assert runner.step(CheckWanted()) == [], "not during a trial"
    _run(runner, Skip())
    assert runner.step(TimedOut()) == [CheckDrift()]
    _run(runner, Checked(), Skip())
    assert runner.state is State.BETWEEN
    assert runner.step(CheckWanted()) == [StopTimer(), CheckDrift()], "between trials at once"
    _run(runner, Pause(), Resume())
    assert runner.state is State.CHECK
    _run(runner, Checked())
    _run(runner, Pause())
    assert runner.step(CheckWanted()) == []
    _run(runner, Resume(), Skip(), TimedOut())
    assert runner.state is State.CHECK
    _run(runner, Checked(), Skip(), TimedOut())
    assert runner.state is State.TRIAL, "once for each time it was wanted"


def test_a_check_that_is_wanted_while_an_instruction_is_read_comes_first_and_it_is_read_again() -> None:
    runner = TrialRunner(DEMO, DEMO.trials(0, seed=7)[:2], drift_checks=True)
    _run(runner, Begin())
    if runner.state is State.WELCOME:
        _run(runner, Continue())
    assert runner.state is State.INSTRUCTION
    assert runner.step(CheckWanted()) == [CheckDrift()]
    _run(runner, Checked())
    assert runner.state is State.INSTRUCTION
