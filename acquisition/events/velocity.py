"""Gaze velocity on irregular time stamps."""

from __future__ import annotations

import numpy as np

from acquisition.events.track import Track, angle_deg
from protocols.geometry import BoolArray, FloatArray
from protocols.slots import IntArray


def velocity_deg_s(track: Track, parted: BoolArray, window_s: float) -> FloatArray:
    """Return gaze velocity (n,): angle between the means of both window halves, over the time between them.

    Each half includes the sample itself and at least its direct neighbour in the segment, so that velocity
    exists at low rates too. It is infinite where a segment has a single sample.

    Args:
        track: samples.
        parted: a segment begins here, shape (n,).
        window_s: length of the window, centred on the sample, in s.
    """
    first, last = _window(track.t_s, np.cumsum(parted), window_s)
    i = np.arange(len(track))
    t0, *ray0 = _means(track, first, i)
    t1, *ray1 = _means(track, i, last)
    velocity = np.full(len(track), np.inf)
    np.divide(angle_deg(np.stack(ray0), np.stack(ray1)), t1 - t0, out=velocity, where=t1 > t0)
    return velocity


def sums(values: FloatArray, first: IntArray, stop: IntArray) -> FloatArray:
    """Return the sum of values[..., first:stop] for each pair, shape (..., pairs); no part may be empty.

    A running sum would be faster, but its rounding depends on where the array starts.
    """
    if len(first) == 0:
        return np.empty((*values.shape[:-1], 0))
    bounds = np.column_stack([first, stop]).ravel()
    padded = np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
    return np.asarray(np.add.reduceat(padded, bounds, axis=-1)[..., ::2])


def _window(t: FloatArray, segment: IntArray, window_s: float) -> tuple[IntArray, IntArray]:
    i, half_s = np.arange(len(t)), window_s / 2
    first = np.minimum(np.searchsorted(t, t - half_s, side="left"), i - 1)
    last = np.maximum(np.searchsorted(t, t + half_s, side="right") - 1, i + 1)
    first = np.maximum(first, np.searchsorted(segment, segment, side="left"))
    return first, np.minimum(last, np.searchsorted(segment, segment, side="right") - 1)


def _means(track: Track, first: IntArray, last: IntArray) -> list[FloatArray]:
    """Return mean time and direction of each window, four times (n,)."""
    n = last - first + 1.0
    return [sums(row, first, last + 1) / n for row in (track.t_s, *track.ray)]
