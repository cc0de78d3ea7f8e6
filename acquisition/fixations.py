"""Fixations from gaze samples: velocity threshold (I-VT) on irregular time stamps.

The detector is the one of Olsen, "The Tobii I-VT Fixation Filter" (2012), with two changes. The velocity
window is 40 ms instead of 20 ms and compares the *means* of its two halves, which keeps 30 deg/s far above
the noise at 120 Hz and more, where a two-sample velocity is mostly noise. Nothing assumes a sampling rate.

Every decision about a sample needs only a bounded stretch of later samples, so the incremental detector
returns, bit for bit, what the offline one returns, however the samples were cut into chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from acquisition.velocity import IvtParameters, Judgement, Track, judged, pages
from protocols.errors import GazeTwinError
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.slots import IntArray

__all__ = ["Fixations", "IncrementalIvt", "IvtParameters", "detect_ivt"]


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
    judgement = judged(track, cuts, screen, p)
    return _summary(_groups(track, judgement, -np.inf, cuts, screen, p), track, p)


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
        self._track = Track(np.empty(0), np.empty((0, 2)))
        self._judgement = (
            Judgement.none()
        )  # of the samples, from the oldest, that nothing can change any more
        self._cuts_s = np.empty(0)
        self._newest_s = -np.inf
        self._settled_s = -np.inf  # fixations up to here were returned
        self._used_s = -np.inf  # judging looked at samples and cuts up to here

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
        self._judge()
        final = len(self._judgement)
        groups = self._groups()
        pending = self._first_pending(groups, final)
        found = _summary(groups[:pending], self._track, self._parameters)
        self._forget(groups[pending][0].start if pending < len(groups) else final)
        return found

    def finish(self) -> Fixations:
        """Return the remaining fixations; no further sample will come."""
        self._extend_judgement(len(self._track))
        found = _summary(self._groups(), self._track, self._parameters)
        self._track, self._judgement = self._track.later(len(self._track)), Judgement.none()
        self._used_s = np.inf
        return found

    def _judge(self) -> None:
        """Judge the samples whose velocity is final and which are past the hold time."""
        edge_s = self._window_end_s()
        final = int(np.count_nonzero(edge_s < self._newest_s - self._hold_s))
        if final > len(self._judgement):
            self._extend_judgement(final)
            self._used_s = float(edge_s[final - 1])

    def _extend_judgement(self, final: int) -> None:
        known, p = len(self._judgement), self._parameters
        if known == final:
            return
        t = self._track.t_s
        first = min(int(np.searchsorted(t, t[known] - p.window_s)), max(known - 1, 0))
        recent = judged(self._track.later(first), self._cuts_s, self._screen, p)
        self._judgement = self._judgement.followed_by(recent.part(known - first, final - first))

    def _groups(self) -> list[_Group]:
        return _groups(
            self._track, self._judgement, self._settled_s, self._cuts_s, self._screen, self._parameters
        )

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

    def _forget(self, decided: int) -> None:
        """Drop samples and cuts that no open decision needs; ``decided`` is the first that is still open."""
        if decided == 0:
            return
        t = self._track.t_s
        self._settled_s = float(t[decided - 1])
        first = int(np.searchsorted(t, self._settled_s - self._parameters.window_s))
        self._cuts_s = self._cuts_s[self._cuts_s > t[first]]
        self._track, self._judgement = self._track.later(first), self._judgement.part(first)


_Group = list[slice]
"""Runs of samples that together are one fixation; what lies between the runs was too fast."""


def _usable(t_s: FloatArray, xy_px: FloatArray, valid: BoolArray, newest_s: float) -> tuple[Track, float]:
    """Keep valid samples later than all before them; return them and the newest stamp of all."""
    t = np.ascontiguousarray(t_s, dtype=np.float64)
    xy = np.ascontiguousarray(xy_px, dtype=np.float64).reshape(-1, 2)
    newest = np.maximum.accumulate(np.concatenate([[newest_s], t]))
    keep = np.asarray(valid, dtype=bool) & np.isfinite(xy).all(axis=1) & (t > newest[:-1])
    return Track(t[keep], xy[keep]), float(newest[-1])


def _groups(
    track: Track, judgement: Judgement, after_s: float, cuts_s: FloatArray, screen: Screen, p: IvtParameters
) -> list[_Group]:
    """Find groups of runs among the judged samples, which may be fewer than all, later than ``after_s``."""
    final = len(judgement)
    runs = _runs(judgement.still & (track.t_s[:final] > after_s), np.cumsum(judgement.parted))
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
    runs: list[slice], track: Track, cuts_s: FloatArray, screen: Screen, p: IvtParameters
) -> list[_Group]:
    """Join runs that are near in time and space, on the same page, from left to right."""
    page = pages(track.t_s, cuts_s)
    groups: list[_Group] = []
    for run in runs:
        previous = groups[-1] if groups else None
        if previous and _mergeable(previous, run, page, track, screen, p):
            previous.append(run)
        else:
            groups.append([run])
    return groups


def _mergeable(
    group: _Group, run: slice, page: IntArray, track: Track, screen: Screen, p: IvtParameters
) -> bool:
    last, first = group[-1].stop - 1, run.start
    if track.t_s[first] - track.t_s[last] > p.merge_s or page[first] != page[last]:
        return False
    return bool(screen.angle_deg(_mean_px(group, track), _mean_px([run], track)) <= p.merge_deg)


def _mean_px(group: _Group, track: Track) -> FloatArray:
    return np.asarray(np.concatenate([track.xy_px[run] for run in group]).mean(axis=0))


def _summary(groups: list[_Group], track: Track, p: IvtParameters) -> Fixations:
    """Turn groups into fixations, without the short ones."""
    first = np.asarray([g[0].start for g in groups], dtype=np.int64)
    last = np.asarray([g[-1].stop - 1 for g in groups], dtype=np.int64)
    long = track.t_s[last] - track.t_s[first] >= p.min_s
    kept = [g for g, keep in zip(groups, long, strict=True) if keep]
    xy = np.asarray([_mean_px(g, track) for g in kept], dtype=np.float64).reshape(-1, 2)
    n = np.asarray([sum(run.stop - run.start for run in g) for g in kept], dtype=np.int64)
    return Fixations(track.t_s[first][long], track.t_s[last][long], xy[:, 0].copy(), xy[:, 1].copy(), n, p)
