"""From gaze and a timeline to fixations and dwell per slot. Pure: serves files and running sessions alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce

import numpy as np

from acquisition.dwell import ViewSpan, cursor_dwell_ms, dwell_ms
from acquisition.fixations import Fixations, IvtParameters, detect_ivt
from acquisition.samples import CursorChunk, GazeChunk
from protocols.geometry import FloatArray, Screen
from protocols.slots import SlotLayout
from sessions.calibrations import CalibrationAttempt, in_force
from sessions.timeline import Event, Shown, cuts_s, shown

METHOD = "ivt-2"
"""Named in every digest; another one as soon as the same settings give other results."""

LayoutOf = Callable[[str], SlotLayout]


@dataclass(frozen=True, slots=True)
class SlotParameters:
    """Settings from gaze to slots.

    Attributes:
        ivt: the fixation detector.
        within_px: also credit the closest poster up to this distance (RecGaze uses 60). 0 is strict.
    """

    ivt: IvtParameters = field(default_factory=IvtParameters)
    within_px: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ViewSlots:
    """Attention on the posters of one unchanging view.

    Attributes:
        view: what was shown when.
        fixation_ms: fixation time per slot, shape (slots,).
        cursor_ms: time per slot the cursor rested on it, shape (slots,).
    """

    view: Shown
    fixation_ms: FloatArray
    cursor_ms: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Fixations and slots of one recording.

    Attributes:
        parameters: settings.
        digest: of the settings and the calibrations, 16 hexadecimal digits.
        fixations: all of them, in and out of views.
        views: in order of time.
    """

    parameters: SlotParameters
    digest: str
    fixations: Fixations
    views: tuple[ViewSlots, ...]


def slots_digest(
    parameters: SlotParameters, attempts: Iterable[CalibrationAttempt], method: str = METHOD
) -> str:
    """Return the digest of everything but the recorded data that decides the result.

    Args:
        parameters: settings.
        attempts: calibrations, of which only the used ones count.
        method: where fixations come from.
    """
    used = [(repr(a.from_s), a.calibration.to_json()) for a in in_force(attempts)]
    text = json.dumps([method, asdict(parameters), used], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def fixations_of(
    chunk: GazeChunk, xy_px: FloatArray, screen: Screen, events: Sequence[Event], ivt: IvtParameters
) -> Fixations:
    """Find all fixations, none of which spans a change of what was visible.

    Args:
        chunk: gaze, for its stamps and validity.
        xy_px: the same gaze calibrated, shape (n, 2).
        screen: the participant's display.
        events: in order, as from ``timeline.ordered``.
        ivt: the detector's settings.
    """
    return detect_ivt(chunk.t_s, xy_px, chunk.valid, screen, ivt, cuts_s(events))


def views_of(
    fixations: Fixations,
    cursor: CursorChunk,
    events: Sequence[Event],
    end_s: float,
    layout_of: LayoutOf,
    within_px: float,
) -> tuple[ViewSlots, ...]:
    """Measure attention in every view.

    Args:
        fixations: from :func:`fixations_of`.
        cursor: all cursor samples.
        events: in order, as from ``timeline.ordered``.
        end_s: end of the data.
        layout_of: the layout of a page, by digest.
        within_px: see :class:`SlotParameters`.
    """
    return tuple(
        measured(view, fixations, cursor, layout_of(view.change.page), within_px)
        for view in shown(events, end_s)
    )


def measured(
    view: Shown, fixations: Fixations, cursor: CursorChunk, layout: SlotLayout, within_px: float
) -> ViewSlots:
    """Measure attention in one view, the sum of its showings; fixations in order of time."""
    spans = [ViewSpan(on_s, off_s, layout) for on_s, off_s in view.showings]
    near = _within(fixations, view)
    fixation_ms = _summed([dwell_ms(near, span, within_px) for span in spans])
    return ViewSlots(view, fixation_ms, _summed([cursor_dwell_ms(cursor, span) for span in spans]))


def _summed(parts: Sequence[FloatArray]) -> FloatArray:
    return reduce(np.add, parts)


def _within(fixations: Fixations, view: Shown) -> Fixations:
    """Leave out fixations that do not meet the view; the result is the same without them."""
    first = int(np.searchsorted(fixations.offset_s, view.t_on_s))
    return fixations.part(slice(first, int(np.searchsorted(fixations.onset_s, view.t_off_s, side="right"))))


def end_of_data_s(t_s: FloatArray, events: Sequence[Event]) -> float:
    """Return the latest moment anything is known about, in s; -inf when nothing is."""
    latest = [float(np.max(t_s))] if len(t_s) else []
    return max([*latest, *(event.t_s for event in events)], default=float("-inf"))
