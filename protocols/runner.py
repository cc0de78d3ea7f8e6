"""The trial state machine: events in, commands out; no clock, no window.

::

    ready ─Begin─▶ welcome ─▶ instruction ─▶ trial ─▶ between ─▶ break | finished | (as break)
                                                        break ─▶ check | instruction | trial
                                                        check ─Checked─▶ instruction | trial
    (free gaze)    welcome ─▶ recording ─▶ finished
    between, instruction ─CheckWanted─▶ check (in a trial: after it)
    any ─Pause─▶ paused ─Resume─▶ the same again        any ─Abort─▶ finished
    any ─Repeat─▶ between, before the running trial or the last one

States with nothing to show (no welcome text, no pause between trials) are passed through. Whoever carries out
the commands also marks session start and end and every page onset (it alone knows when pixels are visible).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from protocols.blocks import Task
from protocols.carousel import Arrow, Poster, control_at, layout, scrolled, swiped
from protocols.errors import StudyInvalid
from protocols.markers import Code
from protocols.stimulus import Viewport
from protocols.study import StudyProtocol, Trial
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
    MessageKind,
    Outcome,
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


class State(StrEnum):
    """Where a session is."""

    READY = "ready"
    WELCOME = "welcome"
    INSTRUCTION = "instruction"
    TRIAL = "trial"
    BETWEEN = "between"
    BREAK = "break"
    CHECK = "check"
    RECORDING = "recording"
    PAUSED = "paused"
    FINISHED = "finished"


class TrialRunner:
    """Leads one participant through the trials of a study.

    Args:
        study: whose texts, breaks and times count.
        trials: what ``study.trials`` gave; empty for a study without stimuli.
        drift_checks: gaze is calibrated, so that drift is checked as often as the study says.

    Raises:
        StudyInvalid: a carousel study without trials.
    """

    def __init__(self, study: StudyProtocol, trials: tuple[Trial, ...], drift_checks: bool = False) -> None:
        if study.kind == "carousel" and not trials:
            raise StudyInvalid(
                f"Study {study.name} was started without trials.",
                "There would be nothing to show.",
                "Pass what study.trials(participant_index, seed) returns.",
            )
        self._study = study
        self._trials = trials
        self._state = State.READY
        self._interrupted = State.READY
        self._position = 0
        self._viewport = Viewport(0.0, ())
        self._hover: int | None = None
        self._rested_before: set[int] = set()
        self._checks_drift = study.calibration.drift_check if drift_checks else "never"
        self._checked_before: set[int] = set()
        self._check_wanted = False

    @property
    def state(self) -> State:
        """Where the session is now."""
        return self._state

    @property
    def trial(self) -> Trial | None:
        """The trial that is running or comes next, None when there is none left."""
        return self._trials[self._position] if self._position < len(self._trials) else None

    @property
    def viewport(self) -> Viewport:
        """What is visible of the running trial's screen."""
        return self._viewport

    def step(self, event: Event) -> list[Command]:
        """Return what to do about an event, in this order; events that mean nothing now give nothing.

        Raises:
            StudyInvalid: a scroll or swipe that the page cannot make.
        """
        if self._state is State.FINISHED:
            return []
        match event:
            case Abort(reason):
                return self._abort(reason)
            case CheckWanted():
                return self._want_check()
            case Begin() if self._state is State.READY:
                return self._welcome()
            case Resume() if self._state is State.PAUSED:
                return self._resume()
            case Repeat():
                return self._repeat()
            case _ if self._state in (State.READY, State.PAUSED):
                return []
            case Pause(reason):
                return self._pause(reason)
            case Skip():
                return self._skip()
            case _ if self._state is State.TRIAL:
                return self._in_trial(event)
            case _:
                return self._outside_trial(event)

    def _outside_trial(self, event: Event) -> list[Command]:
        if self._state is State.BETWEEN:
            return self._proceed() if isinstance(event, TimedOut) else []
        if self._state is State.CHECK:
            return self._proceed() if isinstance(event, Checked) else []
        return self._go_on() if isinstance(event, Continue) else []

    def _in_trial(self, event: Event) -> list[Command]:
        trial = self._current()
        match event:
            case Scroll(delta_px):
                return self._moved(scrolled(trial.screen, self._viewport, delta_px), {"by_px": delta_px})
            case Swipe(row, step):
                after = swiped(trial.screen, self._viewport, row, step)
                return self._moved(after, {"row": row, "step": step})
            case PointerMoved(xy_px):
                return self._pointed(xy_px)
            case Click(xy_px):
                return self._clicked(xy_px)
            case TimedOut() if self._study.timeout_s is not None:
                return self._end_trial({"reason": "timeout"})
            case _:
                return []

    def _welcome(self) -> list[Command]:
        if not self._study.texts.welcome:
            return self._go_on()
        self._state = State.WELCOME
        return [self._display()]

    def _go_on(self) -> list[Command]:
        """Leave a message that was read."""
        if self._state is State.INSTRUCTION:
            return self._start_trial()
        if self._state is State.RECORDING:
            return self._finish("complete")
        if not self._trials:
            self._state = State.RECORDING
            return [self._display()]
        return self._proceed()

    def _proceed(self) -> list[Command]:
        """Go to whatever comes before the next trial, or to the end."""
        if self.trial is None:
            return self._finish("complete")
        if self._break_due():
            self._state = State.BREAK
            self._rested_before.add(self._position)
            return [self._display(), Mark(Code.BREAK)]
        if self._check_due():
            self._state, self._check_wanted = State.CHECK, False
            self._checked_before.add(self._position)
            return [self._display()]
        if self._instruction_due():
            self._state = State.INSTRUCTION
            payload = {"task": self._current().task.value, "text": self._current().instruction}
            return [self._display(), Mark(Code.INSTRUCTION, payload=payload)]
        return self._start_trial()

    def _break_due(self) -> bool:
        breaks = self._study.breaks
        if breaks is None or self._position in self._rested_before:
            return False
        done = sum(trial.task is not Task.TRAINING for trial in self._trials[: self._position])
        return done > 0 and done % breaks.every == 0

    def _want_check(self) -> list[Command]:
        """Check before the next trial: at once between trials, and before an instruction is read again."""
        self._check_wanted = True
        if self._state is State.BETWEEN:
            return [StopTimer(), *self._proceed()]
        return self._proceed() if self._state is State.INSTRUCTION else []

    def _check_due(self) -> bool:
        if self._check_wanted:
            return True
        if self._checks_drift == "never" or self._position in ({0} | self._checked_before):
            return False
        new_block = self._trials[self._position - 1].block != self._current().block
        return self._checks_drift == "trials" or new_block or self._position in self._rested_before

    def _instruction_due(self) -> bool:
        trial = self._current()
        if not trial.instruction:
            return False
        before = self._trials[self._position - 1] if self._position else None
        return before is None or (before.task, before.instruction) != (trial.task, trial.instruction)

    def _start_trial(self) -> list[Command]:
        trial = self._current()
        self._state = State.TRIAL
        self._viewport = Viewport.top_of(trial.screen)
        self._hover = None
        payload = {"screen": trial.screen.id, "task": trial.task.value, "target": trial.target}
        return [Mark(Code.TRIAL_START, trial.index, payload), self._display(), *self._timer()]

    def _moved(self, viewport: Viewport, cause: Mapping[str, object]) -> list[Command]:
        if viewport == self._viewport:
            return []
        self._viewport = viewport
        self._hover = None
        payload = {"scroll_px": viewport.scroll_px, "swipes": list(viewport.swipes), **cause}
        return [self._display(), Mark(Code.VIEWPORT_CHANGED, self._current().index, payload)]

    def _pointed(self, xy_px: tuple[float, float]) -> list[Command]:
        control = control_at(self._current().screen, self._viewport, xy_px)
        hover = control.slot if isinstance(control, Poster) else None
        if hover == self._hover:
            return []
        self._hover = hover
        return [self._display(), Mark(Code.HOVER, self._current().index, self._described(hover))]

    def _clicked(self, xy_px: tuple[float, float]) -> list[Command]:
        trial = self._current()
        match control_at(trial.screen, self._viewport, xy_px):
            case Arrow(row, step):
                after = swiped(trial.screen, self._viewport, row, step)
                return self._moved(after, {"row": row, "step": step})
            case Poster(slot):
                payload = {**self._described(slot), "x_px": xy_px[0], "y_px": xy_px[1]}
                end = {"reason": "click", **self._found(payload["film"])}
                return [Mark(Code.CLICK, trial.index, payload), *self._end_trial(end)]
            case _:
                return []

    def _described(self, slot: int | None) -> dict[str, object]:
        if slot is None:
            return {"slot": None}
        shown = layout(self._current().screen, self._viewport).slots[slot]
        return {"slot": slot, "film": shown.film, "row": shown.row, "item": shown.item}

    def _found(self, film: object) -> dict[str, object]:
        trial = self._current()
        return {"found": film == trial.target} if trial.task is Task.DIRECT_SEARCH else {}

    def _end_trial(self, payload: Mapping[str, object]) -> list[Command]:
        commands = self._close_trial(payload)
        self._state = State.BETWEEN
        if self.trial is None or self._study.inter_trial_s == 0:
            return [*commands, *self._proceed()]
        return [*commands, self._display(), *self._timer()]

    def _close_trial(self, payload: Mapping[str, object]) -> list[Command]:
        ended = self._current().index
        self._position += 1
        self._hover = None
        return [Mark(Code.TRIAL_END, ended, payload), StopTimer()]

    def _skip(self) -> list[Command]:
        if self._state is State.TRIAL:
            return self._end_trial({"reason": "skip"})
        if self._state is State.BETWEEN:
            return [StopTimer(), *self._proceed()]
        return self._go_on()

    def _repeat(self) -> list[Command]:
        """Go back to before the running trial, or the last one; what was recorded of it counts no more."""
        running = self._open_trial()
        if running < 0 and self._position == 0:
            return []
        resumed = [Mark(Code.RESUME, running)] if self._state is State.PAUSED else []
        ended = [Mark(Code.TRIAL_END, running, {"reason": "repeat"})] if running >= 0 else []
        self._position -= running < 0
        self._state, self._hover = State.BETWEEN, None
        before: list[Command] = [*resumed, *ended, StopTimer(), Mark(Code.REPEAT, self._current().index)]
        if self._study.inter_trial_s == 0:
            return [*before, *self._proceed()]
        return [*before, self._display(), *self._timer()]

    def _pause(self, reason: str) -> list[Command]:
        self._interrupted, self._state = self._state, State.PAUSED
        self._hover = None
        payload = {"reason": reason} if reason else {}
        return [StopTimer(), self._display(), Mark(Code.PAUSE, self._open_trial(), payload)]

    def _resume(self) -> list[Command]:
        self._state = self._interrupted
        return [Mark(Code.RESUME, self._open_trial()), self._display(), *self._timer()]

    def _abort(self, reason: str) -> list[Command]:
        trial = self._open_trial()
        end = self._close_trial({"reason": "abort"}) if trial >= 0 else [StopTimer()]
        return [*end, Mark(Code.ABORT, trial, {"reason": reason}), *self._finish("aborted")]

    def _finish(self, outcome: Outcome) -> list[Command]:
        self._state = State.FINISHED
        texts = self._study.texts
        body = texts.goodbye if outcome == "complete" else ""
        kind: MessageKind = "goodbye" if body else "blank"
        return [ShowMessage(texts.goodbye_title if body else "", body, kind), Finish(outcome)]

    def _open_trial(self) -> int:
        """Return the number of the trial that has started and not ended, -1 for none."""
        state = self._interrupted if self._state is State.PAUSED else self._state
        return self._current().index if state is State.TRIAL else -1

    def _timer(self) -> list[Command]:
        """Start the timer of the current state; after a pause it starts anew, for there is no clock here."""
        if self._state is State.BETWEEN:
            return [StartTimer(self._study.inter_trial_s)]
        if self._state is State.TRIAL and self._study.timeout_s is not None:
            return [StartTimer(self._study.timeout_s)]
        return []

    def _display(self) -> Command:
        """Return what the current state shows."""
        texts = self._study.texts
        match self._state:
            case State.TRIAL:
                trial = self._current()
                return ShowPage(trial.index, trial.screen, self._viewport, self._hover)
            case State.WELCOME:
                return self._message(self._study.title, texts.welcome, "welcome")
            case State.INSTRUCTION:
                return self._message(texts.task_title, self._current().instruction, "instruction")
            case State.BREAK:
                text = self._study.breaks.text if self._study.breaks else ""
                return self._message(texts.break_title, text, "break")
            case State.CHECK:
                return CheckDrift()
            case State.PAUSED:
                return ShowMessage(texts.paused, "", "pause")
            case _:
                return ShowMessage("", "", "blank")

    def _message(self, title: str, body: str, kind: MessageKind) -> ShowMessage:
        return ShowMessage(title, f"{body}\n\n{self._study.texts.continue_hint}".strip(), kind)

    def _current(self) -> Trial:
        return self._trials[self._position]
