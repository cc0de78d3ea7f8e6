"""The samples that event detection works on, and where they cannot be compared across."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.events.parameters import IvtParameters
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.slots import IntArray

DEG = 180.0 / np.pi
_LATEST_S = 1e11
"""No clock shows more; a stamp that does is damaged, and would make all later samples seem late."""
_FARTHEST_PX = 1e6
"""No gaze on a screen is farther away."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Valid samples with increasing stamps.

    Attributes:
        t_s: stamps, shape (n,), in s.
        xy_px: positions, shape (n, 2), in px.
        ray: unit vectors from the eye to the positions, shape (3, n). The length of the difference of two
            is the angle between them in radians, to 0.2 % at 12 deg, at a fraction of the cost.
    """

    t_s: FloatArray
    xy_px: FloatArray
    ray: FloatArray

    def __len__(self) -> int:
        return len(self.t_s)

    @classmethod
    def none(cls) -> Track:
        """Return a track without samples."""
        return cls(np.empty(0), np.empty((0, 2)), np.empty((3, 0)))

    def followed_by(self, other: Track) -> Track:
        """Return this track and then the other."""
        return Track(
            np.concatenate([self.t_s, other.t_s]),
            np.concatenate([self.xy_px, other.xy_px]),
            np.concatenate([self.ray, other.ray], axis=1),
        )

    def part(self, first: int, stop: int | None = None) -> Track:
        """Return the samples from index ``first`` up to before ``stop``."""
        return Track(self.t_s[first:stop], self.xy_px[first:stop], self.ray[:, first:stop])


def usable(
    t_s: FloatArray, xy_px: FloatArray, valid: BoolArray, screen: Screen, newest_s: float
) -> tuple[Track, float]:
    """Keep valid samples later than all before them; return them and the newest stamp of all."""
    t = np.ascontiguousarray(t_s, dtype=np.float64)
    xy = np.ascontiguousarray(xy_px, dtype=np.float64).reshape(-1, 2)
    stamped = np.where(np.abs(t) < _LATEST_S, t, -np.inf)
    newest = np.maximum.accumulate(np.concatenate([[newest_s], stamped]))
    keep = np.asarray(valid, dtype=bool) & (np.abs(xy) < _FARTHEST_PX).all(axis=1) & (stamped > newest[:-1])
    return Track(t[keep], xy[keep], _rays(xy[keep], screen)), float(newest[-1])


def angle_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the angle (n,) in deg between unit vectors or means of near ones, both (3, n)."""
    d = a - b
    return np.asarray(np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) * DEG)


def pages(t_s: FloatArray, cuts_s: FloatArray) -> IntArray:
    """Count the cuts at or before each time, shape (n,); ``cuts_s`` is sorted."""
    return np.searchsorted(cuts_s, t_s, side="right").astype(np.int64)


def parted(track: Track, cuts_s: FloatArray, gap_s: float) -> BoolArray:
    """Tell before which samples (n,) gaze was lost, or the page changed, so that no velocity spans it."""
    apart = np.zeros(len(track), dtype=bool)
    apart[1:] = (np.diff(track.t_s) > gap_s) | (np.diff(pages(track.t_s, cuts_s)) > 0)
    return apart


def leapt(track: Track, noise_deg_s: FloatArray, p: IvtParameters) -> BoolArray:
    """Tell before which samples (n,) a whole saccade passed unseen, since samples are missing or rare.

    What noise moves from one sample to the next is what it moves in velocity, over two intervals, doubled.
    """
    leap = np.zeros(len(track), dtype=bool)
    step_s = np.diff(track.t_s)
    moved_deg = angle_deg(track.ray[:, 1:], track.ray[:, :-1])
    usual_s = np.minimum(step_s, np.concatenate([[np.inf], step_s[:-1]]))
    least_deg = np.maximum(p.gap_deg, 2.0 * p.noise_factor * noise_deg_s[1:] * usual_s)
    leap[1:] = (step_s > p.rare_s) & (moved_deg > least_deg)
    return leap


def _rays(xy_px: FloatArray, screen: Screen) -> FloatArray:
    mm = screen.to_mm(xy_px)
    x, y, z = mm[:, 0], mm[:, 1], screen.distance_mm
    length = np.sqrt(x * x + y * y + z * z)
    return np.stack([x / length, y / length, z / length])
