"""How well found fixations agree with the true ones of a simulated viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from acquisition.dwell import ViewSpan
from acquisition.fixations import Fixations
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.slots import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class TrueFixations:
    """Fixations that a simulated eye really made, in order of time.

    An eye blink ends a fixation, a tracker's loss does not.

    Attributes:
        onset_s: end of the saccade before, shape (n,), session clock in s.
        offset_s: start of the next saccade or blink, shape (n,).
        x_px: where the eye pointed, shape (n,), screen px.
        y_px: likewise, downwards.
        slot: poster on the page at onset, shape (n,), -1 for none.
    """

    onset_s: FloatArray
    offset_s: FloatArray
    x_px: FloatArray
    y_px: FloatArray
    slot: IntArray

    def __len__(self) -> int:
        return len(self.onset_s)

    @property
    def xy_px(self) -> FloatArray:
        """Positions, shape (n, 2), in px."""
        return np.column_stack([self.x_px, self.y_px])

    def save(self, path: Path) -> None:
        """Write an .npz file with one array per column."""
        with path.open("wb") as file:
            np.savez(
                file,
                onset_s=self.onset_s,
                offset_s=self.offset_s,
                x_px=self.x_px,
                y_px=self.y_px,
                slot=self.slot,
            )

    @classmethod
    def load(cls, path: Path) -> TrueFixations:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as file:
            columns = [np.asarray(file[name]) for name in ("onset_s", "offset_s", "x_px", "y_px", "slot")]
        return cls(*columns)

    def during(self, t_on_s: float, t_off_s: float, shortest_s: float = 0.06) -> TrueFixations:
        """Keep the parts between two times, except those shorter than ``shortest_s``."""
        onset, offset = np.maximum(self.onset_s, t_on_s), np.minimum(self.offset_s, t_off_s)
        keep = offset - onset >= shortest_s
        return TrueFixations(onset[keep], offset[keep], self.x_px[keep], self.y_px[keep], self.slot[keep])

    def split(self, cuts_s: Sequence[float] | FloatArray, shortest_s: float = 0.06) -> TrueFixations:
        """Split at the times at which the detector was told to split.

        Args:
            cuts_s: the detector's cuts, in s.
            shortest_s: pieces shorter than what a detector can report are left out.
        """
        bounds = [-np.inf, *sorted(float(c) for c in cuts_s), np.inf]
        parts = [self.during(a, b, shortest_s) for a, b in pairwise(bounds)]
        columns = ("onset_s", "offset_s", "x_px", "y_px", "slot")
        joined = [np.concatenate([getattr(part, name) for part in parts]) for name in columns]
        return TrueFixations(*joined)


@dataclass(frozen=True, slots=True, eq=False)
class FixationMatch:
    """Found and true fixations, matched one to one.

    A pair matches when the time both share is at least half of the time either covers. Pairs are made in
    order of shared time, the longest first; each fixation is in one pair at most.

    Attributes:
        found: index of the found fixation of each pair, shape (pairs,).
        true: index of the true fixation of each pair, shape (pairs,).
        precision: pairs / found fixations; 1 when nothing was found.
        recall: pairs / true fixations; 1 when there was nothing to find.
        onset_error_ms: found - true onset of each pair, shape (pairs,).
        offset_error_ms: found - true offset of each pair, shape (pairs,).
        position_error_deg: angle between found and true position of each pair, shape (pairs,).
    """

    found: IntArray
    true: IntArray
    precision: float
    recall: float
    onset_error_ms: FloatArray
    offset_error_ms: FloatArray
    position_error_deg: FloatArray


def match_fixations(found: Fixations, true: TrueFixations, screen: Screen) -> FixationMatch:
    """Match found fixations with true ones by overlap in time; see FixationMatch for the rule."""
    f, t, shared_s = _overlapping(found, true)
    union_s = np.maximum(found.offset_s[f], true.offset_s[t]) - np.minimum(found.onset_s[f], true.onset_s[t])
    good = shared_s >= union_s / 2
    f, t = _one_to_one(f[good], t[good], shared_s[good])
    return FixationMatch(
        found=f,
        true=t,
        precision=len(f) / len(found) if len(found) else 1.0,
        recall=len(t) / len(true) if len(true) else 1.0,
        onset_error_ms=(found.onset_s[f] - true.onset_s[t]) * 1000.0,
        offset_error_ms=(found.offset_s[f] - true.offset_s[t]) * 1000.0,
        position_error_deg=screen.angle_deg(found.xy_px[f], true.xy_px[t]),
    )


def slot_accuracy(
    found: Fixations,
    true: TrueFixations,
    match: FixationMatch,
    views: Sequence[ViewSpan],
    within_px: float = 0.0,
) -> float:
    """Return the share of matched true fixation time whose found position is on the right slot.

    Only time on pages counts, and only true fixations that are on a poster. A found fixation on another
    poster or on none is wrong.

    Args:
        found: fixations of the detector.
        true: fixations of the eye.
        match: their pairs.
        views: the pages shown, with their layouts.
        within_px: assignment distance for the found positions, as for ``dwell_ms``.

    Returns:
        0 to 1, NaN when no matched true fixation was on a poster.
    """
    right_s = all_s = 0.0
    for view in views:
        onset_s, offset_s = true.onset_s[match.true], true.offset_s[match.true]
        seen_s = np.maximum(np.minimum(offset_s, view.t_off_s) - np.maximum(onset_s, view.t_on_s), 0.0)
        true_slot = view.layout.locate(true.xy_px[match.true])
        found_slot = view.layout.locate(found.xy_px[match.found], within_px)
        on: BoolArray = true_slot >= 0
        all_s += float(seen_s[on].sum())
        right_s += float(seen_s[on & (true_slot == found_slot)].sum())
    return right_s / all_s if all_s else float("nan")


def _overlapping(found: Fixations, true: TrueFixations) -> tuple[IntArray, IntArray, FloatArray]:
    """Return index pairs that share time, and how much, all shape (pairs,)."""
    first = np.searchsorted(found.offset_s, true.onset_s, side="right")
    stop = np.searchsorted(found.onset_s, true.offset_s, side="left")
    f = np.concatenate([np.arange(a, b) for a, b in zip(first, stop, strict=True)] or [np.empty(0)])
    t = np.repeat(np.arange(len(true)), np.maximum(stop - first, 0))
    f = f.astype(np.int64)
    shared = np.minimum(found.offset_s[f], true.offset_s[t]) - np.maximum(found.onset_s[f], true.onset_s[t])
    return f, t.astype(np.int64), shared


def _one_to_one(f: IntArray, t: IntArray, shared_s: FloatArray) -> tuple[IntArray, IntArray]:
    """Take pairs greedily, the longest shared time first; return them in order of time."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for k in np.argsort(-shared_s, kind="stable"):
        if int(f[k]) not in taken and int(t[k]) not in pairs:
            pairs[int(t[k])] = int(f[k])
            taken.add(int(f[k]))
    true = sorted(pairs)
    return np.asarray([pairs[i] for i in true], dtype=np.int64), np.asarray(true, dtype=np.int64)
