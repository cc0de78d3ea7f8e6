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
    """One unchanging view within one trial.

    Attributes:
        trial: trial number.
        change: what was visible, with the page as it first appeared.
        t_on_s: when it appeared, session clock in s.
        t_off_s: when it went; the end of the data when nothing ended it.
        click: the slot clicked, which ended the view; None when something else did.
        ended: whether anything ended it.
    """

    trial: int
    change: ViewportChange
    t_on_s: float
    t_off_s: float
    click: int | None = None
    ended: bool = True


Event = ViewportChange | Marker

_STARTS = {Code.TRIAL_START, Code.RESUME}
_ENDS = {Code.TRIAL_END, Code.ABORT, Code.SESSION_END}
_CLOSES = {Code.PAUSE, *_ENDS}
_RANKS = {Code.CLICK: 0, Code.REPEAT: 2, **dict.fromkeys(_CLOSES, 1), **dict.fromkeys(_STARTS, 3)}


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
    since_s: float | None = None
    views: list[Shown] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, ViewportChange):
            self._change(event)
        elif event.code in _CLOSES:
            self._close(event.t_s, None)
            self._after_closing(event.code)
        elif event.code in _STARTS:
            self._start(event)
        elif event.code is Code.REPEAT:
            self._forget(event)
        else:
            self._close(event.t_s, clicked_slot(event))
            self._leave()

    def views_until(self, end_s: float) -> list[Shown]:
        last = self._open_view(end_s)
        return [*self.views, replace(last, ended=False)] if last else self.views

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
            self.trial = marker.trial
        self._open(marker.t_s)

    def _forget(self, marker: Marker) -> None:
        self._close(marker.t_s, None)
        self._leave()
        self.views = [view for view in self.views if view.trial != marker.trial]

    def _after_closing(self, code: Code) -> None:
        if code is Code.PAUSE:
            self.paused = True
        else:
            self._leave()

    def _leave(self) -> None:
        self.visible = self.trial = None

    def _open(self, t_s: float) -> None:
        if self.visible is not None and self.trial is not None and not self.paused:
            self.since_s = t_s

    def _close(self, t_s: float, click: int | None) -> None:
        view = self._open_view(t_s)
        self.since_s = None
        if view is not None:
            self.views.append(replace(view, click=click))

    def _open_view(self, t_s: float) -> Shown | None:
        if self.since_s is None or self.visible is None or self.trial is None or t_s <= self.since_s:
            return None
        return Shown(self.trial, self.visible, self.since_s, t_s)


def _rank(event: Event) -> int:
    return 4 if isinstance(event, ViewportChange) else _RANKS[event.code]
