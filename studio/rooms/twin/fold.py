"""A fit as a value: what the engine has said so far, folded line by line; a log gives it again.

Every fit keeps its log beside the persona: one `Line` per request and per event, with its time. The view
while a fit runs and the view of a fit of last year are the same fold over the same lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Annotated, Literal

from pydantic import Field

from protocols.wire import Cancelled, Done, Failed, Message
from tuning.events import Compare, Compared, Evaluated, Event, Fit, Load, Simulate, Simulated, Step, Warned

Phase = Literal["idle", "loading", "reading", "fitting", "judging", "looking", "done", "cancelled", "failed"]
Said = Load | Fit | Compare | Simulate | Event

RUNNING: tuple[Phase, ...] = ("loading", "reading", "fitting", "judging", "looking")


class Line(Message):
    """One line of a fit's log.

    Attributes:
        t_s: session clock in s when it was asked or heard.
        said: a request to the engine or what it answered.
    """

    kind: Literal["line"] = "line"
    t_s: float
    said: Annotated[Said, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class FitView:
    """What a fit has come to.

    Attributes:
        phase: what the engine does; the last three are ends.
        asked: the fit that was asked for, None when a twin was only judged.
        model: the backbone that was asked for.
        steps: optimiser steps in order; a fit that went on has those before the interruption too.
        looks: scores on validation screens in order.
        resumed: the step at which an interrupted fit went on, None when it began anew.
        warnings: of the engine, in words.
        failure: why it ended without a result.
        compared: held-out scores.
        pages: what the twin was asked to look at afterwards.
        simulated: its answers.
        began_s: when the first step of this run was heard, with its number.
        now_s: when the last line was heard.
        open: kinds of the requests that have not been answered to their end.
    """

    phase: Phase = "idle"
    asked: Fit | None = None
    model: Load | None = None
    steps: tuple[Step, ...] = ()
    looks: tuple[Evaluated, ...] = ()
    resumed: int | None = None
    warnings: tuple[str, ...] = ()
    failure: Failed | None = None
    compared: Compared | None = None
    pages: Simulate | None = None
    simulated: tuple[Simulated, ...] = ()
    began_s: tuple[float, int] | None = None
    now_s: float = 0.0
    open: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the engine is at it."""
        return self.phase in RUNNING

    @property
    def best(self) -> Evaluated | None:
        """The look whose state is kept, None before the first."""
        return next((look for look in reversed(self.looks) if look.best), None)

    @property
    def left_s(self) -> float | None:
        """Time until the last step at the present pace, in s; None while it is unknown. It may end sooner."""
        if self.phase != "fitting" or self.began_s is None or not self.steps:
            return None
        began_s, first = self.began_s
        made = self.steps[-1].step - first
        if made < 1:
            return None
        return (self.now_s - began_s) / made * (self.steps[-1].total - self.steps[-1].step)


def folded(lines: Iterable[Line]) -> FitView:
    """Return what a whole log comes to."""
    return reduce(fold, lines, FitView())


def fold(view: FitView, line: Line) -> FitView:
    """Return the view after one more line."""
    said = line.said
    view = replace(view, now_s=line.t_s)
    match said:
        case Load():
            return replace(view, phase="loading", model=said, open=(said.kind,), failure=None, began_s=None)
        case Fit() | Compare() | Simulate():
            return _asked(view, said)
        case Step() | Evaluated():
            return _learned(view, said, line.t_s)
        case Warned():
            return replace(view, warnings=(*view.warnings, f"{said.what} {said.why} {said.fix}"))
        case Compared():
            return replace(view, compared=said)
        case Simulated():
            return replace(view, phase="looking", simulated=(*view.simulated, said))
        case Done() | Cancelled() | Failed():
            return _ended(view, said)
        case _:
            return view


def _asked(view: FitView, said: Fit | Compare | Simulate) -> FitView:
    view = replace(view, open=(*view.open, said.kind))
    if isinstance(said, Simulate):
        return replace(view, pages=said, simulated=())
    if isinstance(said, Compare):
        return replace(view, compared=None, warnings=())
    steps, looks = (view.steps, view.looks) if view.asked == said else ((), ())
    return replace(view, asked=said, steps=steps, looks=looks, resumed=None, warnings=(), compared=None)


def _learned(view: FitView, said: Step | Evaluated, t_s: float) -> FitView:
    """Take a step or a look; what an earlier, interrupted run did from there on is made again."""
    looks = tuple(look for look in view.looks if look.step < said.step)
    if isinstance(said, Evaluated):
        return replace(view, phase="fitting", looks=(*looks, said))
    steps = tuple(step for step in view.steps if step.step < said.step)
    began_s, resumed = view.began_s or (t_s, said.step), view.resumed
    if view.began_s is None and said.step > 1:
        resumed = said.step - 1
    return replace(view, phase="fitting", began_s=began_s, resumed=resumed, steps=(*steps, said), looks=looks)


_NEXT: dict[str, Phase] = {"fit": "reading", "compare": "judging", "simulate": "looking"}


def _ended(view: FitView, said: Done | Cancelled | Failed) -> FitView:
    if isinstance(said, Cancelled):
        return replace(view, phase="cancelled", open=())
    if isinstance(said, Failed):
        return replace(view, phase="failed", failure=said, open=())
    left = view.open[1:]
    return replace(view, open=left, phase=_NEXT[left[0]] if left else "done")
