"""Fixations from gaze samples: velocity threshold (I-VT) on irregular time stamps.

The detector is the one of Olsen, "The Tobii I-VT Fixation Filter" (2012), with two changes. The velocity
window is 40 ms instead of 20 ms and compares the *means* of its two halves, which keeps 30 deg/s far above
the noise at 120 Hz and more, where a two-sample velocity is mostly noise. Nothing assumes a sampling rate.

Every decision about a sample needs only a bounded stretch of later samples, so the incremental detector
returns, bit for bit, what the offline one returns, however the samples were cut into chunks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from protocols.errors import GazeTwinError
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.slots import IntArray


@dataclass(frozen=True, slots=True)
class IvtParameters:
    """Settings of the fixation detector.

    Attributes:
        velocity_deg_s: at or above this gaze velocity a sample is not part of a fixation.
        window_s: length of the window, centred on the sample, over which velocity is measured.
        gap_s: a longer stretch without valid samples always ends a fixation.
        gap_deg: a shorter one, if longer than half the window, ends it when gaze moved further than this.
        merge_s: fixations less than this apart in time ...
        merge_deg: ... and less than this apart in space are one.
        min_s: shorter fixations are dropped, after merging.
    """

    velocity_deg_s: float = 30.0
    window_s: float = 0.040
    gap_s: float = 0.075
    gap_deg: float = 1.0
    merge_s: float = 0.075
    merge_deg: float = 0.5
    min_s: float = 0.060

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of all settings."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, eq=False)
class Fixations:
    """Fixations in order of time, and the settings that made them.

    Attributes:
        onset_s: stamp of the first sample, shape (n,).
        offset_s: stamp of the last sample, shape (n,).
        x_px: mean of the valid samples, shape (n,); screen px, origin top left.
        y_px: likewise, downwards.
        n: number of valid samples, shape (n,).
        parameters: settings of the detector.
    """

    onset_s: FloatArray
    offset_s: FloatArray
    x_px: FloatArray
    y_px: FloatArray
    n: IntArray
    parameters: IvtParameters

    def __len__(self) -> int:
        return len(self.onset_s)

    @property
    def xy_px(self) -> FloatArray:
        """Positions, shape (n, 2), in px."""
        return np.column_stack([self.x_px, self.y_px])

    @property
    def duration_ms(self) -> FloatArray:
        """Time from first to last sample, shape (n,), in ms."""
        return (self.offset_s - self.onset_s) * 1000.0

    @classmethod
    def empty(cls, parameters: IvtParameters) -> Fixations:
        """Return no fixations."""
        none = np.empty(0)
        return cls(none, none, none, none, np.empty(0, dtype=np.int64), parameters)

    @classmethod
    def joined(cls, parts: Sequence[Fixations], parameters: IvtParameters) -> Fixations:
        """Concatenate in the given order; no parts give no fixations."""
        parts = [cls.empty(parameters), *parts]
        return cls(
            np.concatenate([p.onset_s for p in parts]),
            np.concatenate([p.offset_s for p in parts]),
            np.concatenate([p.x_px for p in parts]),
            np.concatenate([p.y_px for p in parts]),
            np.concatenate([p.n for p in parts]),
            parameters,
        )


def detect_ivt(
    t_s: FloatArray,
    xy_px: FloatArray,
    valid: BoolArray,
    screen: Screen,
    parameters: IvtParameters | None = None,
    cuts_s: Sequence[float] | FloatArray = (),
) -> Fixations:
    """Find the fixations in a whole recording.

    Args:
        t_s: sample stamps in s, shape (n,). A sample not later than all before it is left out.
        xy_px: calibrated gaze, shape (n, 2), in px; non-finite positions count as invalid.
        valid: shape (n,).
        screen: turns px into degrees.
        parameters: settings; None for the defaults.
        cuts_s: when what was on the screen changed (page, scroll, swipe), in s, in any order. No fixation
            spans a cut; a sample stamped exactly at a cut comes after it.

    Returns:
        Fixations in order of time.
    """
    p = parameters or IvtParameters()
    track, _ = _usable(t_s, xy_px, valid, -np.inf)
    cuts = np.sort(np.asarray(cuts_s, dtype=np.float64))
    return _summary(_groups(track, len(track), -np.inf, cuts, screen, p), track, p)


class IncrementalIvt:
    """The same detector for samples that arrive in chunks.

    Joining what every ``push`` and the final ``finish`` return gives exactly what ``detect_ivt`` returns for
    all samples at once.

    Args:
        screen: turns px into degrees.
        parameters: settings; None for the defaults.
        hold_s: how far processing stays behind the newest sample, in s, so that a cut may be announced late.
    """

    def __init__(self, screen: Screen, parameters: IvtParameters | None = None, hold_s: float = 0.25) -> None:
        self._screen = screen
        self._parameters = parameters or IvtParameters()
        self._hold_s = hold_s
        self._track = _Track(np.empty(0), np.empty((0, 2)))
        self._cuts_s = np.empty(0)
        self._newest_s = -np.inf
        self._settled_s = -np.inf  # samples up to here are decided
        self._used_s = -np.inf  # deciding them looked at samples up to here

    def cut(self, t_s: float) -> None:
        """Announce that what is on the screen changed at ``t_s``, at most ``hold_s`` late.

        Raises:
            GazeTwinError: fixations around ``t_s`` are already final.
        """
        if t_s <= self._used_s:
            raise GazeTwinError(
                f"A cut at {t_s:.3f} s was announced when gaze up to {self._used_s:.3f} s was already used.",
                "A fixation could span two different pages.",
                f"Announce page, scroll and swipe times within {self._hold_s:g} s, or use detect_ivt.",
            )
        self._cuts_s = np.sort(np.append(self._cuts_s, t_s))

    def push(self, t_s: FloatArray, xy_px: FloatArray, valid: BoolArray) -> Fixations:
        """Take the next samples; return the fixations that no later sample can change.

        Args:
            t_s: stamps in s, shape (n,); n may be 0.
            xy_px: calibrated gaze, shape (n, 2), in px.
            valid: shape (n,).
        """
        new, self._newest_s = _usable(t_s, xy_px, valid, self._newest_s)
        self._track = self._track.followed_by(new)
        edge_s = self._window_end_s()
        final = int(np.count_nonzero(edge_s < self._newest_s - self._hold_s))
        groups = _groups(self._track, final, self._settled_s, self._cuts_s, self._screen, self._parameters)
        pending = self._first_pending(groups, final)
        found = _summary(groups[:pending], self._track, self._parameters)
        decided = groups[pending][0].start if pending < len(groups) else final
        if decided:
            self._settled_s = float(self._track.t_s[decided - 1])
            self._used_s = float(edge_s[final - 1])
            self._forget()
        return found

    def finish(self) -> Fixations:
        """Return the remaining fixations; no further sample will come."""
        track, p = self._track, self._parameters
        groups = _groups(track, len(track), self._settled_s, self._cuts_s, self._screen, p)
        self._track, self._used_s = track.since(np.inf), np.inf
        return _summary(groups, track, p)

    def _window_end_s(self) -> FloatArray:
        """Return until when each sample's classification depends on samples and cuts, shape (n,), in s."""
        t, p = self._track.t_s, self._parameters
        if len(t) == 0:
            return t
        silent = self._newest_s - t[-1] > p.gap_s
        following = np.append(t[1:], t[-1] if silent else np.inf)
        near = (following - t <= p.gap_s) | np.isinf(following)
        return np.maximum(t + p.window_s / 2, np.where(near, following, t))

    def _first_pending(self, groups: list[_Group], final: int) -> int:
        """Return the index of the first group which later samples could still extend or merge."""
        t, n, merge_s = self._track.t_s, len(groups), self._parameters.merge_s
        if n == 0:
            return 0
        unfinished = groups[-1][-1].stop == final and final < len(t)
        if not unfinished:
            next_run_s = float(t[final]) if final < len(t) else self._newest_s
            return n if next_run_s - t[groups[-1][-1].stop - 1] > merge_s else n - 1
        if n > 1 and t[groups[-1][0].start] - t[groups[-2][-1].stop - 1] <= merge_s:
            return n - 2
        return n - 1

    def _forget(self) -> None:
        """Drop samples and cuts that no open decision needs."""
        oldest_s = self._settled_s - self._parameters.window_s
        self._track = self._track.since(oldest_s)
        self._cuts_s = self._cuts_s[self._cuts_s > oldest_s]


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """Valid samples with increasing stamps: t_s (n,), xy_px (n, 2)."""

    t_s: FloatArray
    xy_px: FloatArray

    def __len__(self) -> int:
        return len(self.t_s)

    def followed_by(self, other: _Track) -> _Track:
        return _Track(np.concatenate([self.t_s, other.t_s]), np.concatenate([self.xy_px, other.xy_px]))

    def since(self, t_s: float) -> _Track:
        first = int(np.searchsorted(self.t_s, t_s, side="left"))
        return _Track(self.t_s[first:], self.xy_px[first:])

    def segments(self, cuts_s: FloatArray, screen: Screen, p: IvtParameters) -> IntArray:
        """Number the stretches (n,) within which velocity can be measured; gaps and cuts separate them."""
        step_s = np.diff(self.t_s)
        moved_deg = screen.angle_deg(self.xy_px[1:], self.xy_px[:-1])
        gap = (step_s > p.gap_s) | ((step_s > p.window_s / 2) & (moved_deg > p.gap_deg))
        cut = np.diff(_pages(self.t_s, cuts_s)) > 0
        return np.concatenate([[0], np.cumsum(gap | cut)])[: len(self)].astype(np.int64)

    def velocity_deg_s(self, segment: IntArray, screen: Screen, p: IvtParameters) -> FloatArray:
        """Return gaze velocity (n,): angle between the means of both window halves, over time.

        Each half includes the sample itself and at least its direct neighbour in the segment, so that
        velocity exists at low rates too. It is infinite where a segment has a single sample.
        """
        i = np.arange(len(self))
        half_s = p.window_s / 2
        first = np.minimum(np.searchsorted(self.t_s, self.t_s - half_s, side="left"), i - 1)
        last = np.maximum(np.searchsorted(self.t_s, self.t_s + half_s, side="right") - 1, i + 1)
        first = np.maximum(first, np.searchsorted(segment, segment, side="left"))
        last = np.minimum(last, np.searchsorted(segment, segment, side="right") - 1)
        columns = (self.t_s, self.xy_px[:, 0], self.xy_px[:, 1])
        t0, x0, y0 = (_window_means(c, first, i) for c in columns)
        t1, x1, y1 = (_window_means(c, i, last) for c in columns)
        angle_deg = screen.angle_deg(np.column_stack([x0, y0]), np.column_stack([x1, y1]))
        apart_s = t1 - t0
        velocity = np.full(len(self), np.inf)
        np.divide(angle_deg, apart_s, out=velocity, where=apart_s > 0)
        return velocity


_Group = list[slice]
"""Runs of samples that together are one fixation; what lies between the runs was too fast."""


def _usable(t_s: FloatArray, xy_px: FloatArray, valid: BoolArray, newest_s: float) -> tuple[_Track, float]:
    """Keep valid samples later than all before them; return them and the newest stamp of all."""
    t = np.ascontiguousarray(t_s, dtype=np.float64)
    xy = np.ascontiguousarray(xy_px, dtype=np.float64).reshape(-1, 2)
    newest = np.maximum.accumulate(np.concatenate([[newest_s], t]))
    keep = np.asarray(valid, dtype=bool) & np.isfinite(xy).all(axis=1) & (t > newest[:-1])
    return _Track(t[keep], xy[keep]), float(newest[-1])


def _window_means(values: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """Return the mean of values[first:last + 1] for each pair, shape (n,).

    A running sum would be faster, but its rounding depends on where the array starts.
    """
    if len(values) == 0:
        return values
    bounds = np.column_stack([first, last + 1]).ravel()
    sums = np.add.reduceat(np.append(values, 0.0), bounds)[::2]
    return np.asarray(sums / (last + 1 - first))


def _pages(t_s: FloatArray, cuts_s: FloatArray) -> IntArray:
    """Count the cuts at or before each time, shape (n,)."""
    return np.searchsorted(cuts_s, t_s, side="right").astype(np.int64)


def _groups(
    track: _Track, final: int, after_s: float, cuts_s: FloatArray, screen: Screen, p: IvtParameters
) -> list[_Group]:
    """Find groups of runs among the first ``final`` samples, using only samples later than ``after_s``."""
    segment = track.segments(cuts_s, screen, p)
    still = track.velocity_deg_s(segment, screen, p) < p.velocity_deg_s
    still &= track.t_s > after_s
    runs = _runs(still[:final], segment[:final])
    # A lone still sample between fast ones is the top of a spike; left in, it would keep both sides apart.
    lasting = [r for r in runs if r.stop - r.start > 1 or r.stop == final < len(track)]
    return _merged(lasting, track, cuts_s, screen, p)


def _runs(still: BoolArray, segment: IntArray) -> list[slice]:
    """Return maximal stretches of still samples within one segment."""
    label = np.where(still, segment, -1)
    edges = np.flatnonzero(np.diff(label)) + 1
    bounds = [0, *edges.tolist(), len(label)]
    return [slice(a, b) for a, b in pairwise(bounds) if a < b and label[a] >= 0]


def _merged(
    runs: list[slice], track: _Track, cuts_s: FloatArray, screen: Screen, p: IvtParameters
) -> list[_Group]:
    """Join runs that are near in time and space, on the same page, from left to right."""
    page = _pages(track.t_s, cuts_s)
    groups: list[_Group] = []
    for run in runs:
        previous = groups[-1] if groups else None
        if previous and _mergeable(previous, run, page, track, screen, p):
            previous.append(run)
        else:
            groups.append([run])
    return groups


def _mergeable(
    group: _Group, run: slice, page: IntArray, track: _Track, screen: Screen, p: IvtParameters
) -> bool:
    last, first = group[-1].stop - 1, run.start
    if track.t_s[first] - track.t_s[last] > p.merge_s or page[first] != page[last]:
        return False
    return bool(screen.angle_deg(_mean_px(group, track), _mean_px([run], track)) <= p.merge_deg)


def _mean_px(group: _Group, track: _Track) -> FloatArray:
    return np.asarray(np.concatenate([track.xy_px[run] for run in group]).mean(axis=0))


def _summary(groups: list[_Group], track: _Track, p: IvtParameters) -> Fixations:
    """Turn groups into fixations, without the short ones."""
    first = np.asarray([g[0].start for g in groups], dtype=np.int64)
    last = np.asarray([g[-1].stop - 1 for g in groups], dtype=np.int64)
    long = track.t_s[last] - track.t_s[first] >= p.min_s
    kept = [g for g, keep in zip(groups, long, strict=True) if keep]
    xy = np.asarray([_mean_px(g, track) for g in kept], dtype=np.float64).reshape(-1, 2)
    n = np.asarray([sum(run.stop - run.start for run in g) for g in kept], dtype=np.int64)
    return Fixations(track.t_s[first][long], track.t_s[last][long], xy[:, 0].copy(), xy[:, 1].copy(), n, p)
