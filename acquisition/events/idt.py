"""Fixations by dispersion (I-DT), on irregular time stamps.

The detector of Salvucci & Goldberg, "Identifying fixations and saccades in eye-tracking protocols" (2000):
the first stretch long enough and close enough together begins a fixation, which grows until it would spread
too far. It knows no saccades and merges what lies close together; it is here to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from acquisition.events.fixations import Fixations
from acquisition.events.parameters import IdtParameters
from acquisition.events.track import Track, parted, usable
from acquisition.events.velocity import sums
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.slots import IntArray

_BLOCK = 256


def detect_idt(
    t_s: FloatArray,
    xy_px: FloatArray,
    valid: BoolArray,
    screen: Screen,
    parameters: IdtParameters | None = None,
    cuts_s: Sequence[float] | FloatArray = (),
) -> Fixations:
    """Find the fixations in a whole recording; arguments as of ``detect_ivt``."""
    p = parameters or IdtParameters()
    track, _ = usable(t_s, xy_px, valid, screen, -np.inf)
    if len(track) == 0:
        return Fixations.empty(p)
    apart = parted(track, np.sort(np.asarray(cuts_s, dtype=np.float64)), p.gap_s)
    spans = np.asarray(list(_spans(track, apart, p)), dtype=np.int64).reshape(-1, 2)
    start, stop = spans[:, 0], spans[:, 1]
    x, y = (sums(column, start, stop) / (stop - start) for column in track.xy_px.T)
    return Fixations(track.t_s[start], track.t_s[stop - 1], x, y, stop - start, p)


def _spans(track: Track, apart: BoolArray, p: IdtParameters) -> Iterator[tuple[int, int]]:
    """Yield each fixation as the indices of its first sample and after its last."""
    xy_deg = np.degrees(np.arctan2(track.ray[:2], track.ray[2]))
    end = np.append(np.flatnonzero(apart), len(track))
    end = end[np.searchsorted(end, np.arange(len(track)), side="right")]  # of the segment of each sample
    reach = np.searchsorted(track.t_s, track.t_s + p.min_s, side="left")
    begin = np.flatnonzero(reach < end)
    begin = begin[_spread_deg(xy_deg, begin, reach[begin] + 1) <= p.dispersion_deg]
    k = 0
    while k < len(begin):
        start = int(begin[k])
        stop = _grown(xy_deg, start, int(reach[start]) + 1, int(end[start]), p.dispersion_deg)
        yield start, stop
        k = int(np.searchsorted(begin, stop))


def _grown(xy_deg: FloatArray, start: int, stop: int, end: int, dispersion_deg: float) -> int:
    """Return after which sample a fixation that starts at one must end, at most ``end``."""
    low, high = xy_deg[:, start:stop].min(axis=1), xy_deg[:, start:stop].max(axis=1)
    while stop < end:
        ahead = xy_deg[:, stop : min(stop + _BLOCK, end)]
        lows = np.minimum(np.minimum.accumulate(ahead, axis=1), low[:, None])
        highs = np.maximum(np.maximum.accumulate(ahead, axis=1), high[:, None])
        wide = np.flatnonzero((highs - lows).sum(axis=0) > dispersion_deg)
        if len(wide):
            return stop + int(wide[0])
        stop, low, high = stop + ahead.shape[1], lows[:, -1], highs[:, -1]
    return end


def _spread_deg(xy_deg: FloatArray, first: IntArray, stop: IntArray) -> FloatArray:
    """Return horizontal plus vertical extent of samples first:stop for each pair, shape (pairs,)."""
    if len(first) == 0:
        return np.empty(0)
    bounds = np.column_stack([first, stop]).ravel()
    padded = np.concatenate([xy_deg, xy_deg[:, -1:]], axis=1)
    high = np.maximum.reduceat(padded, bounds, axis=1)[:, ::2]
    low = np.minimum.reduceat(padded, bounds, axis=1)[:, ::2]
    return np.asarray((high - low).sum(axis=0))
