"""How long each poster was looked at, or pointed at, while one page was shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.fixations import Fixations
from acquisition.samples import CursorChunk
from protocols.geometry import FloatArray
from protocols.slots import IntArray, SlotLayout


@dataclass(frozen=True, slots=True)
class ViewSpan:
    """One page as it was shown, without scroll or swipe in between.

    Attributes:
        t_on_s: when it appeared, session clock in s.
        t_off_s: when it went or changed.
        layout: its posters.
    """

    t_on_s: float
    t_off_s: float
    layout: SlotLayout


def dwell_ms(fixations: Fixations, span: ViewSpan, within_px: float = 0.0) -> FloatArray:
    """Return the fixation time per slot within the span.

    A fixation counts with the part of it that lies inside the span, for the slot its mean position lies on.
    What lies on no slot is in none; so the sum over slots never exceeds the fixation time in the span.

    Args:
        fixations: any fixations, in any order.
        span: the page and when it was shown.
        within_px: also credit the closest poster up to this distance (RecGaze uses 60). 0 is strict.

    Returns:
        Milliseconds, shape (slots,), all >= 0.
    """
    seen_s = overlap_s(fixations.onset_s, fixations.offset_s, span)
    return _per_slot_ms(span.layout.locate(fixations.xy_px, within_px), seen_s, span)


def cursor_dwell_ms(cursor: CursorChunk, span: ViewSpan) -> FloatArray:
    """Return the time per slot the cursor rested on it within the span.

    The cursor stays where its last sample put it until the next one; before the first it is nowhere.

    Args:
        cursor: samples in order of time; those before the span tell where the cursor was when it began.
        span: the page and when it was shown.

    Returns:
        Milliseconds, shape (slots,), all >= 0.
    """
    until_s = np.append(cursor.t_s[1:], np.inf)[: len(cursor)]
    rested_s = overlap_s(cursor.t_s, until_s, span)
    return _per_slot_ms(span.layout.locate(cursor.xy_px), rested_s, span)


def overlap_s(onset_s: FloatArray, offset_s: FloatArray, span: ViewSpan) -> FloatArray:
    """Return how much of each interval lies inside the span, shape (n,), in s."""
    overlap = np.minimum(offset_s, span.t_off_s) - np.maximum(onset_s, span.t_on_s)
    return np.asarray(np.maximum(overlap, 0.0))


def _per_slot_ms(slot: IntArray, amount_s: FloatArray, span: ViewSpan) -> FloatArray:
    on = slot >= 0
    total_s = np.bincount(slot[on], weights=amount_s[on], minlength=len(span.layout))
    return np.asarray(total_s * 1000.0, dtype=np.float64)
