"""Stretches without gaze, and the eyelid that moves what is measured around them."""

from __future__ import annotations

import numpy as np

from acquisition.events.parameters import IvtParameters
from protocols.geometry import BoolArray, FloatArray
from protocols.slots import IntArray


def near_losses(
    t_s: FloatArray, parted: BoolArray, fast: BoolArray, cuts_s: FloatArray, end_s: float, p: IvtParameters
) -> BoolArray:
    """Tell which samples (n,) the closing or opening lid spoils.

    These are the fast samples near a loss, and all between them and the loss. What comes before and after
    a cut is judged apart: silence counts up to the cut and from it on.

    Args:
        t_s: stamps of valid samples, shape (n,), in s.
        parted: a segment begins here, shape (n,).
        fast: velocity is at or above the threshold, shape (n,).
        cuts_s: when what was on the screen changed, sorted.
        end_s: until when it is known that there are no further samples.
        p: settings.
    """
    spoilt = np.zeros(len(t_s) + 1, dtype=np.int64)
    quick = np.append(np.flatnonzero(fast), len(t_s))
    last = np.flatnonzero(_silent_until(t_s, cuts_s, end_s) - t_s > p.gap_s)
    reach = np.searchsorted(t_s, t_s[last] - p.artefact_s, side="left")
    first = quick[np.searchsorted(quick, np.maximum(reach, _segment_start(parted, last)))]
    np.add.at(spoilt, first[first <= last], 1)
    np.add.at(spoilt, last[first <= last] + 1, -1)
    first = np.flatnonzero(t_s - _silent_since(t_s, cuts_s) > p.gap_s)
    reach = np.searchsorted(t_s, t_s[first] + p.artefact_s, side="right") - 1
    at = np.searchsorted(quick, np.minimum(reach, _segment_end(parted, first)), side="right") - 1
    last = np.where(at >= 0, quick[np.maximum(at, 0)], -1)
    np.add.at(spoilt, first[last >= first], 1)
    np.add.at(spoilt, last[last >= first] + 1, -1)
    return np.cumsum(spoilt[:-1]) > 0


def _silent_until(t_s: FloatArray, cuts_s: FloatArray, end_s: float) -> FloatArray:
    """Return the next sample, cut or end after each sample, shape (n,), in s."""
    following = np.append(t_s[1:], end_s)
    cut = np.append(cuts_s, np.inf)[np.searchsorted(cuts_s, t_s, side="right")]
    return np.asarray(np.minimum(following, cut))


def _silent_since(t_s: FloatArray, cuts_s: FloatArray) -> FloatArray:
    """Return the sample or cut before each sample, shape (n,), in s; the first sample itself if neither."""
    before = np.concatenate([[-np.inf], t_s[:-1]])
    cut = np.concatenate([[-np.inf], cuts_s])[np.searchsorted(cuts_s, t_s, side="right")]
    latest = np.maximum(before, cut)
    return np.asarray(np.where(np.isinf(latest), t_s, latest))


def _segment_start(parted: BoolArray, index: IntArray) -> IntArray:
    start = np.flatnonzero(parted)
    return np.concatenate([[0], start])[np.searchsorted(start, index, side="right")].astype(np.int64)


def _segment_end(parted: BoolArray, index: IntArray) -> IntArray:
    start = np.flatnonzero(parted)
    following = np.append(start, len(parted))[np.searchsorted(start, index, side="right")]
    return np.asarray(following - 1, dtype=np.int64)
