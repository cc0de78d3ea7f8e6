"""What was on the display when: viewport changes and markers folded into spans of one unchanging view.

The same function serves a finished recording and a running one, so both see the same spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from protocols.geometry import FloatArray
from protocols.markers import Code, Marker
from protocols.stimulus import Viewport


@dataclass(frozen=True, slots=True)
class ViewportChange:
    """From ``t_s`` on another part of a screen is visible.

    Attributes:
        t_s: session clock in s.
        screen_id: the carousel screen.
        viewport: the part of it.
        page: digest of the page shown from then on.
    """

    t_s: float
    screen_id: str
    viewport: Viewport
    page: str

    def shows_same_as(self, other: ViewportChange | None) -> bool:
        """Tell whether the posters are where they were; hovering changes the page but not this."""
        return other is not None and (self.screen_id, self.viewport) == (other.screen_id, other.viewport)


@dataclass(frozen=True, slots=True)
class Shown:
    """One unchanging view within one trial; a pause interrupts it but does not end it.

    Attributes:
        trial: trial number.
        change: what was visible, with the page as it first appeared.
        t_on_s: when it appeared, session clock in s.
        t_off_s: when it went; the end of the data when nothing ended it.
        click: the slot clicked, which ended the view; None when something else did.
        ended: whether anything ended it.
        pauses: begin and end of each pause within it, session clock in s, in order.
    """

    trial: int
    change: ViewportChange
    t_on_s: float
    t_off_s: float
    click: int | None = None
    ended: bool = True
    pauses: tuple[tuple[float, float], ...] = ()

    @property
    def showings(self) -> tuple[tuple[float, float], ...]:
        """Return begin and end of each stretch without pauses, in s, in order."""
        return showings(self.t_on_s, self.t_off_s, self.pauses)

    def goes_on_as(self, later: Shown) -> bool:
        """Tell whether another view of the trial shows the same; after nothing but a pause it is this one."""
        return self.trial == later.trial and self.change.shows_same_as(later.change)

    def resumed(self, later: Shown) -> Shown:
        """Return this view and, after a pause, its next showing as one."""
        pauses = (*self.pauses, (self.t_off_s, later.t_on_s))
        return replace(self, t_off_s=later.t_off_s, click=later.click, ended=later.ended, pauses=pauses)


Event = ViewportChange | Marker

_STARTS = {Code.TRIAL_START, Code.RESUME}
_ENDS = {Code.TRIAL_END, Code.ABORT, Code.SESSION_END}
_CLOSES = {Code.PAUSE, *_ENDS}
_RANKS = {Code.CLICK: 0, Code.REPEAT: 2, **dict.fromkeys(_CLOSES, 1), **dict.fromkeys(_STARTS, 3)}


def showings(
    t_on_s: float, t_off_s: float, pauses: Sequence[tuple[float, float]]
) -> tuple[tuple[float, float], ...]:
    """Return begin and end of what pauses leave of a span up to its end, in s, in order."""
    begins, ends = (t_on_s, *(end for _, end in pauses)), (*(begin for begin, _ in pauses), t_off_s)
    spans = zip(begins, ends, strict=True)
    return tuple((begin, min(end, t_off_s)) for begin, end in spans if begin < t_off_s)


def clicked_slot(marker: Marker) -> int | None:
    """Return the poster a marker says was clicked, None for any other marker."""
    slot = marker.payload.get("slot") if marker.code is Code.CLICK else None
    return slot if isinstance(slot, int) else None


def ends_trial(event: Event) -> bool:
    """Tell whether after this event nothing of the trial is shown any more."""
    return isinstance(event, Marker) and event.code in _ENDS


def matters(event: Event) -> bool:
    """Tell whether an event can begin or end a view."""
    if isinstance(event, ViewportChange):
        return True
    return event.code in {Code.REPEAT} | _STARTS | _CLOSES or clicked_slot(event) is not None


def ordered(changes: Iterable[ViewportChange], markers: Iterable[Marker]) -> list[Event]:
    """Return the events that matter in order of time.

    At one and the same moment a click comes first, then what closes a view, then that a trial is repeated,
    then what starts one, then what is shown: what is stamped together belongs together.
    """
    events: list[Event] = [*changes, *(m for m in markers if matters(m))]
    return sorted(events, key=lambda event: (event.t_s, _rank(event)))


def cuts_s(events: Sequence[Event]) -> FloatArray:
    """Return the moments at which what was visible may have changed, in s, ascending, none twice.

    Args:
        events: in order, as from :func:`ordered`.
    """
    moments: list[float] = []
    last: ViewportChange | None = None
    for event in events:
        if isinstance(event, ViewportChange):
            if not event.shows_same_as(last):
                moments.append(event.t_s)
            last = event
        else:
            moments.append(event.t_s)
            last = None if ends_trial(event) or event.code is Code.CLICK else last
    return np.unique(np.asarray(moments, dtype=np.float64))


def shown(events: Sequence[Event], end_s: float) -> list[Shown]:
    """Fold events into views, in order of time; of a trial that was repeated only the last time counts.

    Args:
        events: in order, as from :func:`ordered`.
        end_s: end of the data, where a view ends that nothing ended.
    """
    display = _Display()
    for event in events:
        display.take(event)
    return display.views_until(end_s)


@dataclass
class _Display:
    visible: ViewportChange | None = None
    trial: int | None = None
    paused: bool = False
    interrupted: bool = False
    since_s: float | None = None
    views: list[Shown] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, ViewportChange):
            self._change(event)
        elif event.code in _CLOSES:
            shown_until_now = self._open_view(event.t_s) is not None
            self._close(event.t_s, None)
            self._after_closing(event.code, shown_until_now)
        elif event.code in _STARTS:
            self._start(event)
        elif event.code is Code.REPEAT:
            self._forget(event)
        else:
            self._close(event.t_s, clicked_slot(event))
            self._leave()

    def views_until(self, end_s: float) -> list[Shown]:
        last = self._open_view(end_s)
        if last is not None:
            return self._with(replace(last, ended=False))
        if self.interrupted:
            return [*self.views[:-1], replace(self.views[-1], ended=False)]
        return self.views

    def _change(self, change: ViewportChange) -> None:
        if self.since_s is not None and change.shows_same_as(self.visible):
            return
        self._close(change.t_s, None)
        self.visible = change
        self._open(change.t_s)

    def _start(self, marker: Marker) -> None:
        self._close(marker.t_s, None)
        self.paused = False
        if marker.code is Code.TRIAL_START:
            self.trial, self.interrupted = marker.trial, False
        self._open(marker.t_s)

    def _forget(self, marker: Marker) -> None:
        self._close(marker.t_s, None)
        self._leave()
        self.views = [view for view in self.views if view.trial != marker.trial]

    def _after_closing(self, code: Code, shown_until_now: bool) -> None:
        if code is Code.PAUSE:
            self.paused = True
            self.interrupted = self.interrupted or shown_until_now
        else:
            self._leave()

    def _leave(self) -> None:
        self.visible = self.trial = None
        self.interrupted = False

    def _open(self, t_s: float) -> None:
        if self.visible is not None and self.trial is not None and not self.paused:
            self.since_s = t_s

    def _close(self, t_s: float, click: int | None) -> None:
        view = self._open_view(t_s)
        self.since_s = None
        if view is not None:
            self.views = self._with(replace(view, click=click))
            self.interrupted = False

    def _with(self, view: Shown) -> list[Shown]:
        """Return the views with one more, or with the last one going on after a pause."""
        if self.interrupted and self.views[-1].goes_on_as(view):
            return [*self.views[:-1], self.views[-1].resumed(view)]
        return [*self.views, view]

    def _open_view(self, t_s: float) -> Shown | None:
        if self.since_s is None or self.visible is None or self.trial is None or t_s <= self.since_s:
            return None
        return Shown(self.trial, self.visible, self.since_s, t_s)


def _rank(event: Event) -> int:
    return 4 if isinstance(event, ViewportChange) else _RANKS[event.code]
