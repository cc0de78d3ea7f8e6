from __future__ import annotations

import math
from dataclasses import replace

import pytest

from protocols.blocks import Breaks, Task
from protocols.carousel import arrow_box, layout, row_top_px
from protocols.errors import StudyInvalid
from protocols.markers import DISPLAY_LOST, Code
from protocols.runner import State, TrialRunner
from protocols.stimulus import Viewport
from protocols.study import StudyProtocol, Trial, load_study
from protocols.trial_events import (
    Abort,
    Begin,
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
RECGAZE = load_study("recgaze")
FREE_GAZE = load_study("free-gaze")
GAP_PX = (10.0, 10.0)


def _study(**changes: object) -> StudyProtocol:
    return DEMO.model_copy(update=changes)


def _runner(study: StudyProtocol = DEMO, count: int = 3) -> TrialRunner:
    return TrialRunner(study, study.trials(0, seed=7)[:count])


def _in_trial(study: StudyProtocol = DEMO, count: int = 3) -> TrialRunner:
    runner = _runner(study, count)
    runner.step(Begin())
    while runner.state is not State.TRIAL:
        runner.step(Continue())
    return runner


def _poster(runner: TrialRunner, slot: int = 0) -> tuple[float, float]:
    assert runner.trial is not None
    return layout(runner.trial.screen, runner.viewport).slots[slot].box.centre


def _marks(commands: list[Command]) -> list[Code]:
    return [c.code for c in commands if isinstance(c, Mark)]


def _run(runner: TrialRunner, *events: Event) -> list[Command]:
    return [command for event in events for command in runner.step(event)]


def test_session_begins_with_the_instruction_when_there_is_no_welcome() -> None:
    runner = _runner()
    commands = runner.step(Begin())
    assert isinstance(commands[0], ShowMessage)
    assert commands[0].kind == "instruction"
    assert commands[0].body.startswith("Look around and click")
    assert _marks(commands) == [Code.INSTRUCTION]


def test_welcome_comes_first_where_there_is_one() -> None:
    runner = TrialRunner(RECGAZE, RECGAZE.trials(0, seed=1))
    commands = runner.step(Begin())
    assert [(type(c), getattr(c, "kind", None)) for c in commands] == [(ShowMessage, "welcome")]
    assert runner.step(Continue())[-1] == Mark(Code.INSTRUCTION, -1, _instruction(runner.trial))


def _instruction(trial: Trial | None) -> dict[str, object]:
    assert trial is not None
    return {"task": trial.task.value, "text": trial.instruction}


def test_trial_starts_with_its_marker_and_the_unscrolled_page() -> None:
    runner = _runner()
    start, page = _run(runner, Begin(), Continue())[-2:]
    trial = runner.trial
    assert trial is not None
    assert start == Mark(
        Code.TRIAL_START, 0, {"screen": trial.screen.id, "task": "free_browsing", "target": None}
    )
    assert page == ShowPage(0, trial.screen, Viewport.top_of(trial.screen), None)


def test_instruction_is_shown_once_for_a_block() -> None:
    runner = _in_trial()
    commands = _run(runner, Click(_poster(runner)), TimedOut())
    assert Code.INSTRUCTION not in _marks(commands)
    assert runner.state is State.TRIAL


def test_search_shows_every_target_before_its_trial() -> None:
    trials = [t for t in RECGAZE.trials(0, seed=1) if t.task is Task.DIRECT_SEARCH]
    runner = TrialRunner(RECGAZE, tuple(trials))
    shown = [c.body for c in _drained(runner) if isinstance(c, ShowMessage) and c.kind == "instruction"]
    assert len(shown) == 5
    assert all(t.target in body for t, body in zip(trials, shown, strict=True) if t.target)


def _drained(runner: TrialRunner) -> list[Command]:
    commands = runner.step(Begin())
    for _ in range(1000):
        if runner.state is State.FINISHED:
            return commands
        commands += runner.step(Skip())
    raise AssertionError("the session does not end")


def test_scrolling_shows_the_new_view_and_marks_it() -> None:
    runner = _in_trial()
    page, mark = runner.step(Scroll(300.0))
    assert isinstance(page, ShowPage)
    assert page.viewport.scroll_px == 300.0
    assert isinstance(mark, Mark)
    assert mark.code is Code.VIEWPORT_CHANGED
    assert mark.payload["scroll_px"] == 300.0


def test_scrolling_against_the_end_changes_nothing() -> None:
    assert _in_trial().step(Scroll(-50.0)) == []


def test_swiping_and_clicking_an_arrow_do_the_same() -> None:
    by_swipe, by_click = _in_trial(), _in_trial()
    arrow = arrow_box(row_top_px(1), 1).centre
    assert by_swipe.step(Swipe(1, 1)) == by_click.step(Click(arrow))
    assert by_click.viewport.swipes[1] == 1


def test_hovering_opens_details_once_and_leaving_closes_them() -> None:
    runner = _in_trial()
    x, y = _poster(runner, 4)
    first = runner.step(PointerMoved((x, y)))
    assert isinstance(first[0], ShowPage)
    assert first[0].hover == 4
    assert _marks(first) == [Code.HOVER]
    assert runner.step(PointerMoved((x + 1, y))) == []
    left = runner.step(PointerMoved(GAP_PX))
    assert isinstance(left[0], ShowPage)
    assert left[0].hover is None


def test_scrolling_closes_details() -> None:
    runner = _in_trial()
    runner.step(PointerMoved(_poster(runner, 4)))
    page = runner.step(Scroll(100.0))[0]
    assert isinstance(page, ShowPage)
    assert page.hover is None


def test_clicking_a_poster_says_which_and_ends_the_trial() -> None:
    runner = _in_trial()
    runner.step(Swipe(1, 1))
    trial = runner.trial
    assert trial is not None
    x, y = _poster(runner, 7)
    click, end, *rest = runner.step(Click((x, y)))
    film = trial.screen.rows[1].films[7].key
    assert click == Mark(Code.CLICK, 0, {"slot": 7, "film": film, "row": 1, "item": 7, "x_px": x, "y_px": y})
    assert end == Mark(Code.TRIAL_END, 0, {"reason": "click"})
    assert rest == [StopTimer(), ShowMessage("", "", "blank"), StartTimer(0.4)]
    assert runner.state is State.BETWEEN


def test_search_trials_say_whether_the_target_was_found() -> None:
    trials = tuple(
        replace(t, target=t.screen.rows[0].films[i].key, task=Task.DIRECT_SEARCH)
        for i, t in enumerate(DEMO.trials(0, seed=7)[:2])
    )
    runner = TrialRunner(_study(inter_trial_s=0.0), trials)
    _run(runner, Begin(), Continue())
    ends = [
        c.payload["found"]
        for _ in range(2)
        for c in runner.step(Click(_poster(runner, 0)))
        if isinstance(c, Mark) and c.code is Code.TRIAL_END
    ]
    assert ends == [True, False]


def test_clicking_between_posters_does_nothing() -> None:
    runner = _in_trial()
    assert runner.step(Click(GAP_PX)) == []
    assert runner.step(Click((math.nan, 5.0))) == []


def test_trials_follow_at_once_when_there_is_no_time_between() -> None:
    runner = _in_trial(_study(inter_trial_s=0.0))
    commands = runner.step(Click(_poster(runner)))
    assert _marks(commands) == [Code.CLICK, Code.TRIAL_END, Code.TRIAL_START]


def test_time_out_ends_a_trial() -> None:
    runner = _runner(_study(timeout_s=30.0))
    assert StartTimer(30.0) in _run(runner, Begin(), Continue())
    assert Mark(Code.TRIAL_END, 0, {"reason": "timeout"}) in runner.step(TimedOut())


def test_stray_time_out_does_not_end_a_trial_without_one() -> None:
    assert _in_trial().step(TimedOut()) == []


def test_breaks_come_after_every_so_many_trials_but_not_at_the_end() -> None:
    runner = _runner(_study(breaks=Breaks(every=2, text="Rest.")), count=6)
    rests = [c for c in _drained(runner) if isinstance(c, Mark) and c.code in (Code.BREAK, Code.TRIAL_END)]
    codes = [c.code for c in rests]
    end, rest = Code.TRIAL_END, Code.BREAK
    assert codes == [end, end, rest, end, end, rest, end, end]


def test_training_does_not_count_for_breaks() -> None:
    commands = _drained(TrialRunner(RECGAZE, RECGAZE.trials(0, seed=1)))
    ended = 0
    rests = []
    for command in commands:
        ended += isinstance(command, Mark) and command.code is Code.TRIAL_END
        if isinstance(command, Mark) and command.code is Code.BREAK:
            rests.append(ended)
    assert rests == [11, 21, 31]


def test_pause_hides_the_page_and_resume_brings_back_the_same_view() -> None:
    runner = _in_trial(_study(timeout_s=30.0))
    runner.step(Scroll(200.0))
    paused = runner.step(Pause())
    assert paused == [StopTimer(), ShowMessage("Paused", "", "pause"), Mark(Code.PAUSE, 0)]
    assert _run(runner, Scroll(50.0), Click(GAP_PX), Skip(), Continue(), TimedOut(), Pause()) == []
    mark, page, timer = runner.step(Resume())
    assert mark == Mark(Code.RESUME, 0)
    assert isinstance(page, ShowPage)
    assert page.viewport.scroll_px == 200.0
    assert timer == StartTimer(30.0)


def test_a_pause_for_a_reason_says_so_in_its_marker() -> None:
    marks = [c for c in _in_trial(_study()).step(Pause(DISPLAY_LOST)) if isinstance(c, Mark)]
    assert marks == [Mark(Code.PAUSE, 0, {"reason": "display lost"})]


def test_abort_while_paused_ends_the_open_trial() -> None:
    runner = _in_trial()
    runner.step(Pause())
    commands = runner.step(Abort("tired"))
    assert _marks(commands) == [Code.TRIAL_END, Code.ABORT]
    assert commands[-1] == Finish("aborted")
    assert runner.step(Begin()) == []


def test_abort_between_trials_ends_no_trial_twice() -> None:
    runner = _in_trial()
    runner.step(Skip())
    assert _marks(runner.step(Abort("fire"))) == [Code.ABORT]


def test_last_trial_ends_the_session_without_waiting() -> None:
    runner = _in_trial(count=1)
    commands = runner.step(Click(_poster(runner)))
    assert commands[-2] == ShowMessage("Thank you", "That was all.", "goodbye")
    assert commands[-1] == Finish("complete")


def test_free_gaze_records_until_stopped() -> None:
    runner = TrialRunner(FREE_GAZE, ())
    assert runner.step(Begin()) == [ShowMessage("", "", "blank")]
    assert runner.state is State.RECORDING
    assert _run(runner, Scroll(10.0), Click(GAP_PX), TimedOut()) == []
    assert runner.step(Skip())[-1] == Finish("complete")


def test_carousel_study_without_trials_is_refused() -> None:
    with pytest.raises(StudyInvalid, match="without trials"):
        TrialRunner(DEMO, ())


@pytest.mark.parametrize("event", [Scroll(math.nan), Swipe(99, 1)])
def test_impossible_movements_are_refused_and_change_nothing(event: Event) -> None:
    runner = _in_trial()
    before = runner.viewport
    with pytest.raises(StudyInvalid):
        runner.step(event)
    assert (runner.state, runner.viewport) == (State.TRIAL, before)


def test_the_running_trial_is_repeated_from_its_beginning_also_out_of_a_pause() -> None:
    runner = _in_trial()
    runner.step(Scroll(340.0))
    assert _marks(runner.step(Repeat())) == [Code.TRIAL_END, Code.REPEAT]
    (again,) = (c for c in _run(runner, TimedOut(), Continue()) if isinstance(c, ShowPage))
    assert (again.trial, again.viewport.scroll_px) == (0, 0.0)
    runner.step(Pause())
    assert _marks(runner.step(Repeat())) == [Code.RESUME, Code.TRIAL_END, Code.REPEAT]
    assert runner.trial is not None
    assert runner.trial.index == 0


def test_between_trials_the_last_one_is_repeated_and_before_the_first_there_is_none() -> None:
    runner = _runner()
    runner.step(Begin())
    assert runner.step(Repeat()) == []
    runner = _in_trial()
    runner.step(Skip())
    commands = runner.step(Repeat())
    assert [(c.code, c.trial) for c in commands if isinstance(c, Mark)] == [(Code.REPEAT, 0)]
