"""What a time line shows, lane by lane, and how much of it fits into a row of pixels. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from protocols.geometry import FloatArray
from protocols.slots import IntArray

Shape = Literal["click", "note", "scroll", "swipe", "pause", "trouble", "other"]

_BLOCK = 64  # samples per block of an envelope


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Stretches of time, in order and without overlap.

    Attributes:
        label: of the lane.
        on_s: shape (n,), session clock.
        off_s: shape (n,).
        tone: which colour each has, shape (n,); -1 for a quiet one.
        words: one each; what is written into a stretch that is wide enough, and shown when pointed at.
        keep: a stretch narrower than a pixel still gets one; else lanes show the share of time covered.
    """

    label: str
    on_s: FloatArray
    off_s: FloatArray
    tone: IntArray
    words: tuple[str, ...]
    keep: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Moments, in order.

    Attributes:
        label: of the lane.
        t_s: shape (n,), session clock.
        shapes: one each.
        words: one each, shown when pointed at.
    """

    label: str
    t_s: FloatArray
    shapes: tuple[Shape, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A position over time.

    Attributes:
        label: of the lane.
        t_s: shape (n,), session clock, increasing.
        values: shape (n, k), one column per line; NaN where unknown.
        top: the value at the upper edge.
        bottom: the value at the lower edge.
        names: one per line.
    """

    label: str
    t_s: FloatArray
    values: FloatArray
    top: float
    bottom: float
    names: tuple[str, ...]
    _coarse: tuple[FloatArray, FloatArray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        starts = np.arange(0, len(self.values), _BLOCK)
        object.__setattr__(self, "_coarse", _extremes(self.values, starts))

    def envelope(self, begin_s: float, end_s: float, width_px: int) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and highest value per pixel, each (width_px, k); NaN where there is none."""
        edges = np.linspace(begin_s, end_s, width_px + 1)
        at = np.searchsorted(self.t_s, edges)
        lowest, highest = self.values, self.values
        if at[-1] - at[0] > 4 * _BLOCK * width_px:
            at, (lowest, highest) = at // _BLOCK, self._coarse
        return _per_pixel(np.fmin, lowest, at), _per_pixel(np.fmax, highest, at)


Lane = Spans | Ticks | Trace


def visible(on_s: FloatArray, off_s: FloatArray, begin_s: float, end_s: float) -> slice:
    """Return which of the stretches, in order and without overlap, meet a window of time."""
    first = int(np.searchsorted(off_s, begin_s, side="left"))
    return slice(first, max(int(np.searchsorted(on_s, end_s, side="right")), first))


def runs_px(
    on_s: FloatArray, off_s: FloatArray, begin_s: float, end_s: float, width_px: int
) -> list[tuple[int, int]]:
    """Return the pixel columns that stretches touch as (first, stop), those that meet joined."""
    seen = visible(on_s, off_s, begin_s, end_s)
    scale = width_px / (end_s - begin_s)
    left = np.clip(np.floor((on_s[seen] - begin_s) * scale), 0, width_px - 1).astype(np.int64)
    right = np.clip(np.ceil((off_s[seen] - begin_s) * scale), left + 1, width_px).astype(np.int64)
    marks = np.zeros(width_px + 1, dtype=np.int64)
    np.add.at(marks, left, 1)
    np.add.at(marks, right, -1)
    edges = np.flatnonzero(np.diff(np.cumsum(marks) > 0, prepend=False, append=False))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def coverage(on_s: FloatArray, off_s: FloatArray, begin_s: float, end_s: float, width_px: int) -> FloatArray:
    """Return the share of each pixel's time that stretches cover, shape (width_px,), 0 to 1."""
    if not len(on_s):
        return np.zeros(width_px)
    knots = np.column_stack([on_s, off_s]).ravel()
    total_s = np.column_stack([np.cumsum(off_s - on_s) - (off_s - on_s), np.cumsum(off_s - on_s)]).ravel()
    edges = np.linspace(begin_s, end_s, width_px + 1)
    share = np.diff(np.interp(edges, knots, total_s)) / ((end_s - begin_s) / width_px)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _extremes(values: FloatArray, starts: IntArray) -> tuple[FloatArray, FloatArray]:
    if not len(values):
        return values, values
    return np.fmin.reduceat(values, starts, axis=0), np.fmax.reduceat(values, starts, axis=0)


def _per_pixel(extreme: np.ufunc, values: FloatArray, at: IntArray) -> FloatArray:
    """Reduce rows ``at[i]`` to ``at[i + 1]`` of values (n, k) to one row each; NaN where there are none."""
    found = np.full((len(at) - 1, values.shape[1]), np.nan)
    filled = np.flatnonzero(np.diff(at) > 0)
    if len(filled):
        part = values[at[0] : at[-1]]
        found[filled] = extreme.reduceat(part, at[filled] - at[0], axis=0)
    return found
