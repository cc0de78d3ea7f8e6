"""Rebuilds what one participant saw in one RecGaze task: scroll, swipes, fixations, cursor, click.

Swipes follow from clicks on arrows; rows wrap around after three. Scroll follows from page and screen
position of a fixation where the non-public table tells both; else the page is scrolled as little as makes a
row that was looked at fully visible, an inference. Without positions a fixation on a poster is put at
its centre, one within 60 px of a poster half a pixel below it, any other nowhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from protocols.carousel import (
    COLUMN_LEFTS_PX,
    PAGE_SIZE_PX,
    PER_PAGE,
    POSTER_SIZE_PX,
    layout,
    row_top_px,
    scroll_offset_px,
    scrolled,
    swiped,
)
from protocols.markers import Code, Marker
from protocols.stimulus import CarouselScreen, Viewport
from sessions.importers.contract import PageChange
from sessions.importers.recgaze_rows import Moment, Place

# A page visit ends when a fixation of some length finds the page scrolled by more than the noise of gaze.
LONG_S = 0.150
SCROLL_NOISE_PX = 17.0

_NOWHERE = (math.nan, math.nan)
_BELOW_PX = 0.5
Point = tuple[float, float]


@dataclass(slots=True)
class Visit:
    """One task as it was seen, on a clock where the task's own time 0 is ``shift_s``.

    Attributes:
        screen: what was shown.
        trial: number in order of time.
        shift_s: added to the task's own time.
        changes: of what was visible.
        markers: start, click, end.
        fixations: onset, offset in s, x, y in px.
        cursor: time in s, x, y in px.
        counts: what was found and inferred.
        infers_scroll: no row tells the scroll.
        seen: the moments up to the choice.
    """

    screen: CarouselScreen
    trial: int
    shift_s: float
    changes: list[PageChange] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    fixations: list[tuple[float, float, float, float]] = field(default_factory=list)
    cursor: list[tuple[float, float, float]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    infers_scroll: bool = True
    seen: list[Moment] = field(default_factory=list)

    @property
    def _viewport(self) -> Viewport:
        return self.changes[-1].viewport

    def rebuild(self, moments: Sequence[Moment]) -> None:
        """Take all moments of the task, in order of time; nothing is shown any more after the choice."""
        start_s = moments[0].t_s
        self.infers_scroll = all(math.isnan(moment.scroll_px) for moment in moments)
        chosen = max((i for i, m in enumerate(moments) if m.click and m.click.film), default=-1)
        self._mark(start_s, Code.TRIAL_START, {"screen": self.screen.id})
        self._show(start_s, Viewport.top_of(self.screen))
        self.seen = list(moments[: chosen + 1] if chosen >= 0 else moments)
        for number, moment in enumerate(self.seen):
            self._follow(moment)
            self._look(moment)
            self._point(moment)
            if moment.click:
                self._click(moment, moment.click, chosen=number == chosen)
        ends = [m.t_s + (m.fixation_s if m.fixation else 0.0) for m in self.seen]
        end_s = moments[chosen].t_s if chosen >= 0 else max(ends)
        self._mark(end_s, Code.TRIAL_END, {"reason": "click" if chosen >= 0 else "end of the data"})

    def _follow(self, moment: Moment) -> None:
        """Bring the page to where it must have been."""
        viewport = self._viewport
        if moment.fixation_s >= LONG_S and not math.isnan(moment.scroll_px):
            moved_px = moment.scroll_px - viewport.scroll_px
            if abs(moved_px) > SCROLL_NOISE_PX:
                viewport = scrolled(self.screen, viewport, moved_px)
                self.counts["scrolls recovered"] += 1
        for place in (moment.fixation, moment.closest, moment.click, moment.cursor):
            if place is None or place.row < 0:
                continue
            if self.infers_scroll:
                viewport = self._scrolled_to(viewport, place.row)
            viewport = self._swiped_to(viewport, place)
        self._show(moment.t_s, viewport)

    def _scrolled_to(self, viewport: Viewport, row: int) -> Viewport:
        top, bottom = _extent(viewport, row)
        moved_px = min(top, 0.0) or max(bottom - PAGE_SIZE_PX[1], 0.0)
        self.counts["scrolls inferred"] += moved_px != 0
        return scrolled(self.screen, viewport, moved_px) if moved_px else viewport

    def _swiped_to(self, viewport: Viewport, place: Place) -> Viewport:
        step = place.item // PER_PAGE - viewport.swipes[place.row] if place.film else 0
        self.counts["swipes without a click"] += step != 0
        return swiped(self.screen, viewport, place.row, step) if step else viewport

    def _look(self, moment: Moment) -> None:
        if moment.fixation is None:
            return
        x, y = self._fixated(moment, moment.fixation)
        onset_s = moment.t_s + self.shift_s
        self.fixations.append((onset_s, onset_s + moment.fixation_s, x, y))

    def _fixated(self, moment: Moment, fixation: Place) -> Point:
        page_x, page_y = moment.fixation_xy
        if not math.isnan(page_x + page_y):
            self.counts["fixations with a position"] += 1
            on_screen = page_x % PAGE_SIZE_PX[0] if page_x >= PAGE_SIZE_PX[0] else page_x
            return on_screen, page_y - scroll_offset_px(self._viewport)
        if fixation.film:
            self.counts["fixations on a poster"] += 1
            return self._centre(fixation)
        if moment.closest is not None and moment.closest.film:
            self.counts["fixations within 60 px of a poster"] += 1
            x, y = self._centre(moment.closest)
            return x, y + POSTER_SIZE_PX[1] / 2 + _BELOW_PX
        self.counts["fixations on no poster"] += 1
        return _NOWHERE

    def _point(self, moment: Moment) -> None:
        if moment.cursor is None:
            return
        x, y = self._centre(moment.cursor) if moment.cursor.film else _NOWHERE
        t_s = moment.t_s + self.shift_s
        self.cursor.append((t_s, x, y))
        if moment.cursor_s > 0:
            self.cursor.append((t_s + moment.cursor_s, *_NOWHERE))

    def _click(self, moment: Moment, place: Place, *, chosen: bool) -> None:
        if place.kind in ("forward", "backward") and place.row >= 0:
            step = 1 if place.kind == "forward" else -1
            self._show(moment.t_s, swiped(self.screen, self._viewport, place.row, step))
            self.counts["swipes"] += 1
        payload: dict[str, object] = {"kind": place.kind, "row": place.row, "item": place.item}
        slot = self._slot(place) if chosen else None
        if slot is not None:
            payload["slot"] = slot
        self.counts["choices"] += slot is not None
        self.counts["choices of a film not fully visible"] += chosen and slot is None
        self._mark(moment.t_s, Code.CLICK if chosen else Code.NOTE, payload)

    def _slot(self, place: Place) -> int | None:
        slots = layout(self.screen, self._viewport).slots
        return next((i for i, s in enumerate(slots) if (s.row, s.item) == (place.row, place.item)), None)

    def _centre(self, place: Place) -> Point:
        width, height = POSTER_SIZE_PX
        left, (top, _) = COLUMN_LEFTS_PX[place.item % PER_PAGE], _extent(self._viewport, place.row)
        return left + width / 2, top + height / 2

    def _show(self, t_s: float, viewport: Viewport) -> None:
        if not self.changes or viewport != self._viewport:
            self.changes.append(PageChange(t_s + self.shift_s, self.screen, viewport))

    def _mark(self, t_s: float, code: Code, payload: dict[str, object]) -> None:
        self.markers.append(Marker(t_s + self.shift_s, code, self.trial, payload))


def _extent(viewport: Viewport, row: int) -> tuple[float, float]:
    """Return top and bottom of a row's posters on the page, in px."""
    top = float(row_top_px(row) - scroll_offset_px(viewport))
    return top, top + POSTER_SIZE_PX[1]
