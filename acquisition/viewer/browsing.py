"""What a simulated participant looks at and does: an endless sequence of fixations for whatever is on the
screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from acquisition.viewer.messages import (
    Action,
    Click,
    Point,
    Pointer,
    Scroll,
    Shown,
    ShowPage,
    ShowTarget,
    Swipe,
)
from acquisition.viewer.oculomotor import EyeHabits, minimum_jerk
from acquisition.viewer.policy import Viewer, attention, click_distribution
from acquisition.viewer.settings import ViewerSettings
from protocols.carousel import row_top_px
from protocols.geometry import FloatArray, Rect, Screen
from protocols.slots import SlotLayout

SHORTEST_SACCADE_DEG = 1.0
POSTER_MARGIN_PX = 12.0
_LANDING_SD = 0.18  # of the poster's width and height
_TARGET_LANDING_SD_DEG = 0.05
_ABOVE_POSTER_PX = 48.0
_POINTER_FOLLOWS = 0.3
_POINTER_S, _POINTER_POINTS = 0.25, 8
_CLICK_AFTER_S, _WAIT_S = 0.35, 0.6


@dataclass(frozen=True, slots=True)
class Step:
    """One fixation to make, and what to do meanwhile.

    Attributes:
        xy_px: where to look.
        duration_s: for how long.
        deeds: actions whose ``t_s`` counts from the fixation's onset.
    """

    xy_px: Point
    duration_s: float
    deeds: tuple[Action, ...] = ()


@dataclass(slots=True)
class _TrialPlan:
    """What will happen in one trial: at which fixation to scroll, to swipe, to click."""

    trial: int
    clicks_at: int
    events: dict[int, str]
    done: int = 0
    pages: int = 0


@dataclass(slots=True)
class _Hand:
    """Where the pointer is."""

    xy_px: Point


@dataclass(slots=True)
class Browsing:
    """Decides, page by page, where a simulated participant looks and what it does.

    Everything random about a page follows from the seed, the trial number and how many pages the trial had,
    so that the same seed looks and clicks alike however long the program waited in between.
    """

    settings: ViewerSettings
    screen: Screen
    habits: EyeHabits
    viewer: Viewer = field(init=False)
    _plan: _TrialPlan | None = None
    _hand: _Hand = field(init=False)
    _rests: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.viewer = self.settings.person()
        self._hand = _Hand(self.screen.rect.centre)
        self._rests = np.random.default_rng([self.settings.seed, 1])

    def steps(self, order: Shown | None) -> Iterator[Step]:
        """Return endless fixations for what is on the screen now; None for nothing in particular."""
        if isinstance(order, ShowTarget):
            return self._stare(order.xy_px)
        if isinstance(order, ShowPage) and order.slots:
            return self._browse(order)
        return self._rest()

    def _stare(self, xy_px: Point) -> Iterator[Step]:
        sd_px = _TARGET_LANDING_SD_DEG * self.screen.px_per_deg()
        dx, dy = self._rests.normal(0.0, sd_px, 2)
        while True:
            yield Step((xy_px[0] + float(dx), xy_px[1] + float(dy)), float(self._rests.uniform(1.0, 2.0)))

    def _rest(self) -> Iterator[Step]:
        """Wander about the middle of the screen, as over a short text."""
        (x, y), (width, height) = self.screen.rect.centre, self.screen.size_px
        last = (x, y)
        while True:
            drawn = [
                (float(a), float(b))
                for a, b in zip(
                    self._rests.normal(x, width / 12, 20), self._rests.normal(y, height / 18, 20), strict=True
                )
            ]
            last = self.first_far(drawn, last)
            yield Step(last, self.habits.fixation_s(self._rests))

    def _browse(self, order: ShowPage) -> Iterator[Step]:
        plan = self._planned(order.trial)
        rng = np.random.default_rng([self.settings.seed, 2, order.trial, plan.pages])
        page = _PageView(self, order, rng)
        plan.pages += 1
        while True:
            while plan.done < plan.clicks_at:
                event = plan.events.pop(plan.done, "")
                plan.done += 1
                yield page.look(event)
            yield page.choose()
            plan.clicks_at += 6  # the click was not accepted: look around and try again

    def _planned(self, trial: int) -> _TrialPlan:
        if self._plan is None or self._plan.trial != trial:
            self._plan = _plan_trial(self.settings, trial)
        return self._plan

    def first_far(self, drawn: list[Point], last: Point) -> Point:
        """Return the first point a real saccade away from the last fixation, or the farthest."""
        away_deg = self.screen.angle_deg(np.asarray(drawn), np.asarray(last))
        far = np.flatnonzero(away_deg >= SHORTEST_SACCADE_DEG)
        return drawn[int(far[0]) if len(far) else int(np.argmax(away_deg))]

    def pointing(self, goal: Point, from_s: float) -> tuple[Pointer, ...]:
        """Return the pointer's way to ``goal``, begun ``from_s`` after the fixation's onset."""
        start = np.asarray(self._hand.xy_px)
        part = np.arange(1, _POINTER_POINTS + 1) / _POINTER_POINTS
        way = start + minimum_jerk(part)[:, None] * (np.asarray(goal) - start)
        self._hand.xy_px = goal
        return tuple(
            Pointer(t_s=from_s + _POINTER_S * float(p), xy_px=(float(x), float(y)))
            for p, (x, y) in zip(part, way, strict=True)
        )


class _PageView:
    """Looking at one page."""

    def __init__(self, browsing: Browsing, order: ShowPage, rng: np.random.Generator) -> None:
        self._browsing = browsing
        self._settings = browsing.settings
        self._rng = rng
        self._layout = order.layout()
        films = order.films()
        self._attention = attention(browsing.viewer, self._layout, films)
        self._clicks = click_distribution(browsing.viewer, self._layout, films)
        self._wanted = next((i for i, f in enumerate(films) if order.target in (f.key, f.title)), None)
        self._slot = -1
        self._last: Point = browsing.screen.rect.centre

    def look(self, event: str = "") -> Step:
        """Return the next fixation, with an event (``scroll``, ``swipe`` or none) in its course."""
        duration_s = self._browsing.habits.fixation_s(self._rng)
        xy = self._stray() if self._rng.random() < self._settings.stray_probability else None
        if xy is None:
            stay = self._slot >= 0 and self._rng.random() < self._settings.stay_probability
            self._slot = self._slot if stay else self._drawn(self._attention)
            xy = self._land(self._slot)
        self._last = xy
        deeds: tuple[Action, ...] = ()
        if event:
            return Step(xy, duration_s + _WAIT_S, (self._change(event, duration_s),))
        if self._slot >= 0 and self._rng.random() < _POINTER_FOLLOWS:
            deeds = self._browsing.pointing(xy, 0.05)
        return Step(xy, duration_s, deeds)

    def choose(self) -> Step:
        """Return the fixation on the film to click, with the click."""
        self._slot = self._drawn(self._clicks) if self._wanted is None else self._wanted
        self._last = xy = self._land(self._slot)
        click = Click(t_s=_CLICK_AFTER_S, xy_px=xy)
        deeds: tuple[Action, ...] = (*self._browsing.pointing(xy, 0.05), click)
        return Step(xy, _CLICK_AFTER_S + _WAIT_S, deeds)

    def _drawn(self, share: FloatArray) -> int:
        return int(self._rng.choice(len(share), p=share))

    def _land(self, slot: int) -> Point:
        box = self._layout.slots[slot].box
        (x, y), width, height = box.centre, box.width, box.height
        xs = self._rng.normal(x, _LANDING_SD * width, 20)
        ys = self._rng.normal(y, _LANDING_SD * height, 20)
        xs = np.clip(xs, box.left + POSTER_MARGIN_PX, box.right - POSTER_MARGIN_PX)
        ys = np.clip(ys, box.top + POSTER_MARGIN_PX, box.bottom - POSTER_MARGIN_PX)
        drawn = [(float(a), float(b)) for a, b in zip(xs, ys, strict=True)]
        return self._browsing.first_far(drawn, self._last)

    def _stray(self) -> Point | None:
        """Return a point above a poster, where a heading may be; None when there is no room."""
        box: Rect = self._layout.slots[self._drawn(self._attention)].box
        xy = (float(self._rng.uniform(box.left, box.right)), box.top - _ABOVE_POSTER_PX)
        beside = self._layout.locate(np.asarray([xy]), within_px=POSTER_MARGIN_PX)[0] < 0
        away_deg = self._browsing.screen.angle_deg(np.asarray(xy), np.asarray(self._last))
        if not beside or xy[1] < POSTER_MARGIN_PX or away_deg < SHORTEST_SACCADE_DEG:
            return None
        self._slot = -1
        return xy

    def _change(self, event: str, after_s: float) -> Action:
        if event == "scroll":
            rows = int(self._rng.integers(1, 3))
            return Scroll(t_s=after_s, delta_px=float(row_top_px(rows) - row_top_px(0)))
        rows_shown = sorted({slot.row for slot in self._layout.slots})
        return Swipe(t_s=after_s, row=int(self._rng.choice(rows_shown)), step=1)


def _plan_trial(settings: ViewerSettings, trial: int) -> _TrialPlan:
    rng = np.random.default_rng([settings.seed, 3, trial])
    low, high = settings.fixations
    clicks_at = int(rng.integers(low, high + 1))
    events: dict[int, str] = {}
    for name, probability in (
        ("scroll", settings.scroll_probability),
        ("swipe", settings.swipe_probability),
    ):
        wanted, at = rng.random() < probability, int(rng.integers(clicks_at // 3, 2 * clicks_at // 3 + 1))
        if wanted:
            events.setdefault(at, name)
    return _TrialPlan(trial, clicks_at, events)


def layout_of(order: Shown | None) -> SlotLayout | None:
    """Return the posters that are on the screen, None when there are none."""
    return order.layout() if isinstance(order, ShowPage) else None
