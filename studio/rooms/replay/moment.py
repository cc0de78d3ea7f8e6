"""What was going on at one moment of a recorded session; a pure function of both. Qt-free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from protocols.geometry import FloatArray
from protocols.markers import Code
from sessions.slots import ViewSlots, measured
from studio.rooms.replay.session import ReplaySession, TrialSpan

_TRAIL_S = 1.0
_SEEN_S = 0.1
"""A sample stands for where gaze is until the next one, but not for longer than this."""

_PHASES = {
    Code.SESSION_START: "The session begins.",
    Code.CALIBRATION_START: "Calibration.",
    Code.CALIBRATION_POINT: "Calibration: looking at targets.",
    Code.VALIDATION_POINT: "Validation: looking at other targets.",
    Code.CALIBRATION_ACCEPTED: "Calibration is over.",
    Code.INSTRUCTION: "An instruction is shown.",
    Code.TRIAL_START: "The page is about to appear.",
    Code.TRIAL_END: "Between trials.",
    Code.BREAK: "A break.",
    Code.PAUSE: "The session is paused.",
    Code.RESUME: "The session goes on.",
    Code.ABORT: "The session was aborted.",
    Code.SESSION_END: "The session is over.",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A fixation so far.

    Attributes:
        number: from 1 within its view.
        x_px: page px.
        y_px: likewise.
        duration_ms: up to this moment.
    """

    number: int
    x_px: float
    y_px: float
    duration_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """Everything that can be shown of one moment.

    Attributes:
        t_s: session clock.
        line: what the session was doing.
        trial: None outside trials.
        view: the view on the screen, as it was in the end; None when no page was shown.
        digest: of the page with which the view began, empty without one.
        details: slot whose details were open, None for none.
        dwell_ms: fixation time per slot of the view up to this moment, shape (slots,).
        path: fixations on this view up to this moment.
        gaze_px: where gaze was, (x, y) in page px; None when it was lost.
        trail_px: gaze of the last second, shape (n, 2); NaN where it was lost.
        trail_age_s: how long ago, shape (n,).
        cursor_px: where the cursor was, None when it is not known.
        clicked: slot clicked at the end of the view, once it has been.
    """

    t_s: float
    line: str
    trial: TrialSpan | None
    view: ViewSlots | None
    digest: str
    details: int | None
    dwell_ms: FloatArray
    path: tuple[Look, ...]
    gaze_px: tuple[float, float] | None
    trail_px: FloatArray
    trail_age_s: FloatArray
    cursor_px: tuple[float, float] | None
    clicked: int | None

    @property
    def real(self) -> FloatArray:
        """Share of the fixation time per slot, shape (slots,); all 0 while nothing was looked at."""
        total_ms = float(self.dwell_ms.sum())
        return self.dwell_ms / total_ms if total_ms > 0 else np.zeros_like(self.dwell_ms)


def moment_at(session: ReplaySession, t_s: float) -> Moment:
    """Return what was going on at ``t_s``, session clock in s."""
    view = _view(session, t_s)
    samples = slice(*np.searchsorted(session.t_s, [t_s - _TRAIL_S, np.nextafter(t_s, np.inf)]))
    return Moment(
        t_s=t_s,
        line=_line(session, view, t_s),
        trial=_trial(session, t_s),
        view=view,
        digest="" if view is None else _shown(session, view, t_s),
        details=None if view is None else _details(session, view, t_s),
        dwell_ms=np.empty(0) if view is None else dwell_until(session, view, t_s),
        path=() if view is None else _path(session, view, t_s),
        gaze_px=_gaze_px(session, t_s),
        trail_px=session.xy_px[samples],
        trail_age_s=t_s - session.t_s[samples],
        cursor_px=_cursor_px(session, t_s),
        clicked=view.view.click if view is not None and t_s >= view.view.t_off_s else None,
    )


def dwell_until(session: ReplaySession, view: ViewSlots, t_s: float) -> FloatArray:
    """Return the fixation time per slot of a view up to a moment, shape (slots,), in ms.

    At the end of the view it is exactly what the session's slots hold.
    """
    shown = view.view
    if t_s >= shown.t_off_s:
        return view.fixation_ms
    if t_s <= shown.t_on_s:
        return np.zeros_like(view.fixation_ms)
    layout, slots = session.layouts[shown.change.page], session.slots
    so_far = replace(shown, t_off_s=t_s)
    return measured(so_far, slots.fixations, session.cursor, layout, slots.parameters.within_px).fixation_ms


def _view(session: ReplaySession, t_s: float) -> ViewSlots | None:
    """Return the view on the screen; one that has just ended stays until another begins at that moment."""
    view = _latest(session.slots.views, session.view_s, t_s)
    if view is None:
        return None
    return view if any(on_s <= t_s <= off_s for on_s, off_s in view.view.showings) else None


def _trial(session: ReplaySession, t_s: float) -> TrialSpan | None:
    trial = _latest(session.trials, session.trial_s, t_s)
    return trial if trial is not None and t_s <= trial.off_s else None


def _latest(items: Sequence[T], since_s: FloatArray, t_s: float) -> T | None:
    at = int(np.searchsorted(since_s, t_s, side="right")) - 1
    return items[at] if at >= 0 else None


def _shown(session: ReplaySession, view: ViewSlots, t_s: float) -> str:
    """Return the page: pictures may change within a view while posters stay where they are."""
    change = _latest(session.changes, session.change_s, min(t_s, view.view.t_off_s))
    same = change is not None and change.shows_same_as(view.view.change)
    return change.page if change is not None and same else view.view.change.page


def _details(session: ReplaySession, view: ViewSlots, t_s: float) -> int | None:
    at = int(np.searchsorted(session.marker_s, t_s, side="right"))
    for marker in reversed(session.markers[:at]):
        if marker.t_s < view.view.t_on_s:
            return None
        if marker.code is Code.HOVER:
            slot = marker.payload.get("slot")
            return slot if isinstance(slot, int) and 0 <= slot < len(view.fixation_ms) else None
    return None


def _path(session: ReplaySession, view: ViewSlots, t_s: float) -> tuple[Look, ...]:
    shown = (span for span in view.view.showings if span[0] <= t_s)
    rows = (row for on_s, off_s in shown for row in _looks(session, on_s, min(t_s, off_s)))
    return tuple(Look(number, x, y, ms) for number, (x, y, ms) in enumerate(rows, start=1))


def _looks(session: ReplaySession, on_s: float, until_s: float) -> Iterator[tuple[float, float, float]]:
    fixations = session.slots.fixations
    first = int(np.searchsorted(fixations.offset_s, on_s, side="right"))
    stop = int(np.searchsorted(fixations.onset_s, until_s, side="right"))
    seen = fixations.part(slice(first, max(stop, first)))
    lasted_ms = 1000.0 * (np.minimum(seen.offset_s, until_s) - np.maximum(seen.onset_s, on_s))
    yield from zip(seen.x_px.tolist(), seen.y_px.tolist(), lasted_ms.tolist(), strict=True)


def _gaze_px(session: ReplaySession, t_s: float) -> tuple[float, float] | None:
    at = int(np.searchsorted(session.t_s, t_s, side="right")) - 1
    if at < 0 or t_s - session.t_s[at] > _SEEN_S or not np.isfinite(session.xy_px[at]).all():
        return None
    return float(session.xy_px[at, 0]), float(session.xy_px[at, 1])


def _cursor_px(session: ReplaySession, t_s: float) -> tuple[float, float] | None:
    at = int(np.searchsorted(session.cursor.t_s, t_s, side="right")) - 1
    if at < 0:
        return None
    return float(session.cursor.xy_px[at, 0]), float(session.cursor.xy_px[at, 1])


def _line(session: ReplaySession, view: ViewSlots | None, t_s: float) -> str:
    trial = _trial(session, t_s)
    if view is not None and trial is not None:
        return f"Trial {trial.index + 1} of {len(session.trials)}: {trial.task}, screen {trial.screen_id}."
    at = int(np.searchsorted(session.marker_s, t_s, side="right"))
    for marker in reversed(session.markers[:at]):
        if marker.code in _PHASES:
            text = marker.payload.get("text") if marker.code is Code.INSTRUCTION else None
            return f"Instruction: “{text}”" if isinstance(text, str) and text else _PHASES[marker.code]
    return "Before the session."
