"""Gaze velocity on irregular time stamps, and which samples it calls still."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np

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
class Track:
    """Valid samples with increasing stamps: t_s (n,) in s, xy_px (n, 2)."""

    t_s: FloatArray
    xy_px: FloatArray

    def __len__(self) -> int:
        return len(self.t_s)

    def followed_by(self, other: Track) -> Track:
        """Return this track and then the other."""
        return Track(np.concatenate([self.t_s, other.t_s]), np.concatenate([self.xy_px, other.xy_px]))

    def later(self, first: int) -> Track:
        """Return the samples from index ``first`` on."""
        return Track(self.t_s[first:], self.xy_px[first:])


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What is known of each sample.

    Attributes:
        still: gaze is slow enough for a fixation, shape (n,).
        parted: a gap or a cut lies between this sample and the one before, shape (n,).
    """

    still: BoolArray
    parted: BoolArray

    def __len__(self) -> int:
        return len(self.still)

    @classmethod
    def none(cls) -> Judgement:
        """Return a judgement of no samples."""
        return cls(np.empty(0, dtype=bool), np.empty(0, dtype=bool))

    def followed_by(self, other: Judgement) -> Judgement:
        """Return this judgement and then the other."""
        still = np.concatenate([self.still, other.still])
        return Judgement(still, np.concatenate([self.parted, other.parted]))

    def part(self, first: int, stop: int | None = None) -> Judgement:
        """Return the judgement of the samples from ``first`` up to before ``stop``."""
        return Judgement(self.still[first:stop], self.parted[first:stop])


def judged(track: Track, cuts_s: FloatArray, screen: Screen, p: IvtParameters) -> Judgement:
    """Judge every sample of a track by what is in the track.

    Args:
        track: samples.
        cuts_s: when what was on the screen changed, sorted, shape (cuts,), in s.
        screen: turns px into degrees.
        p: settings.
    """
    parted = _parted(track, cuts_s, screen, p)
    velocity = velocity_deg_s(track, np.cumsum(parted), screen, p)
    return Judgement(velocity < p.velocity_deg_s, parted)


def pages(t_s: FloatArray, cuts_s: FloatArray) -> IntArray:
    """Count the cuts at or before each time, shape (n,); ``cuts_s`` is sorted."""
    return np.searchsorted(cuts_s, t_s, side="right").astype(np.int64)


def velocity_deg_s(track: Track, segment: IntArray, screen: Screen, p: IvtParameters) -> FloatArray:
    """Return gaze velocity (n,): angle between the means of both window halves, over their time.

    Each half includes the sample itself and at least its direct neighbour in the segment, so that velocity
    exists at low rates too. It is infinite where a segment has a single sample.
    """
    t, i, half_s = track.t_s, np.arange(len(track)), p.window_s / 2
    first = np.minimum(np.searchsorted(t, t - half_s, side="left"), i - 1)
    last = np.maximum(np.searchsorted(t, t + half_s, side="right") - 1, i + 1)
    first = np.maximum(first, np.searchsorted(segment, segment, side="left"))
    last = np.minimum(last, np.searchsorted(segment, segment, side="right") - 1)
    columns = (t, track.xy_px[:, 0], track.xy_px[:, 1])
    t0, x0, y0 = (_window_means(c, first, i) for c in columns)
    t1, x1, y1 = (_window_means(c, i, last) for c in columns)
    angle_deg = screen.angle_deg(np.column_stack([x0, y0]), np.column_stack([x1, y1]))
    velocity = np.full(len(track), np.inf)
    np.divide(angle_deg, t1 - t0, out=velocity, where=t1 > t0)
    return velocity


def _parted(track: Track, cuts_s: FloatArray, screen: Screen, p: IvtParameters) -> BoolArray:
    """Tell before which samples (n,) gaze was lost, or the page changed, so that no velocity spans it."""
    if len(track) == 0:
        return np.empty(0, dtype=bool)
    step_s = np.diff(track.t_s)
    moved_deg = screen.angle_deg(track.xy_px[1:], track.xy_px[:-1])
    gap = (step_s > p.gap_s) | ((step_s > p.window_s / 2) & (moved_deg > p.gap_deg))
    cut = np.diff(pages(track.t_s, cuts_s)) > 0
    return np.concatenate([[False], gap | cut])


def _window_means(values: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """Return the mean of values[first:last + 1] for each pair, shape (n,).

    A running sum would be faster, but its rounding depends on where the array starts.
    """
    if len(values) == 0:
        return values
    bounds = np.column_stack([first, last + 1]).ravel()
    sums = np.add.reduceat(np.append(values, 0.0), bounds)[::2]
    return np.asarray(sums / (last + 1 - first))
