"""Page views: what the tuner, the report and the operator read from a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from protocols.blocks import Task
from protocols.geometry import FloatArray
from protocols.slots import SlotLayout
from protocols.stimulus import CarouselScreen, Film, Page, Viewport
from protocols.study import Trial
from sessions.timeline import showings


@dataclass(frozen=True, eq=False)
class PageView:
    """One page as one participant saw it, without scroll or swipe in between; a pause does not end it.

    Attributes:
        trial: trial number in order of presentation, from 0.
        asked: the trial: task, screen, target, instruction.
        digest: of the page shown.
        layout: its posters.
        films: the film of each slot.
        viewport: which part of the screen it is; with ``screen`` it can be drawn again, say with letters.
        t_on_s: when it appeared, session clock in s.
        t_off_s: when it went or changed.
        fixation_ms: fixation time per slot, shape (slots,).
        cursor_ms: time per slot the cursor rested on it, shape (slots,).
        click: the slot clicked on this view; None when it ended without a click.
        ended: False when the recording stopped while it was shown.
        pauses: begin and end of each pause within it, session clock in s; nothing of them counts.
    """

    trial: int
    asked: Trial
    digest: str
    layout: SlotLayout
    films: tuple[Film, ...]
    viewport: Viewport
    t_on_s: float
    t_off_s: float
    fixation_ms: FloatArray
    cursor_ms: FloatArray
    click: int | None
    ended: bool
    load: Callable[[str], Page] = field(repr=False)
    pauses: tuple[tuple[float, float], ...] = ()

    @property
    def page(self) -> Page:
        """The page shown, read from the recording each time: an image of some MB."""
        return self.load(self.digest)

    @property
    def screen(self) -> CarouselScreen:
        """The whole scrollable screen this is a view of."""
        return self.asked.screen

    @property
    def task(self) -> Task:
        """What the participant was asked to do."""
        return self.asked.task

    @property
    def target(self) -> str | None:
        """What the participant was looking for, None when nothing particular."""
        return self.asked.target

    @property
    def duration_s(self) -> float:
        """How long it was shown, without pauses."""
        return self.t_off_s - self.t_on_s - sum(end - begin for begin, end in self.pauses)

    @property
    def showings(self) -> tuple[tuple[float, float], ...]:
        """Begin and end of each stretch without pauses, in s, in order."""
        return showings(self.t_on_s, self.t_off_s, self.pauses)
