"""From still samples to fixations: runs, merging, and what is too short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.events.parameters import IvtParameters
from acquisition.events.stillness import Judgement
from acquisition.events.track import Track, angle_deg, pages
from acquisition.events.velocity import sums
from protocols.geometry import FloatArray
from protocols.slots import IntArray

_SPECK_S = 0.015
"""A still stretch no longer than this between fast ones is the top of a spike, and must not keep both sides
apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Stretches of still samples, and which of them together are one fixation.

    Attributes:
        start: index of the first sample of each, shape (runs,).
        stop: index after its last sample, shape (runs,).
        first: index of the first run of each group, shape (groups,).
    """

    start: IntArray
    stop: IntArray
    first: IntArray

    def __len__(self) -> int:
        return len(self.first)

    @property
    def last(self) -> IntArray:
        """Index of the last run of each group, shape (groups,)."""
        return np.append(self.first[1:], len(self.start))[: len(self.first)] - 1

    @property
    def group_start(self) -> IntArray:
        """Index of the first sample of each group, shape (groups,)."""
        return self.start[self.first]

    @property
    def group_stop(self) -> IntArray:
        """Index after the last sample of each group, shape (groups,)."""
        return self.stop[self.last]

    def before(self, group: int) -> Runs:
        """Return the groups before one."""
        runs = int(self.first[group]) if group < len(self.first) else len(self.start)
        return Runs(self.start[:runs], self.stop[:runs], self.first[:group])


def grouped(track: Track, judgement: Judgement, after_s: float, cuts_s: FloatArray, p: IvtParameters) -> Runs:
    """Find groups of runs among the judged samples, which may be fewer than all, later than ``after_s``."""
    final, t = len(judgement), track.t_s
    label = np.where(judgement.still & (t[:final] > after_s), np.cumsum(judgement.parted), -1)
    start = np.flatnonzero(np.diff(label, prepend=-1))
    stop = np.append(start[1:], final)[: len(start)]
    lasting = (stop - start > 1) & (t[stop - 1] - t[start] > _SPECK_S)
    keep = (label[start] >= 0) & (lasting | ((stop == final) & (final < len(track))))
    start, stop = start[keep], stop[keep]
    alone = ~_merged(track, start, stop, cuts_s, p)
    return Runs(start, stop, np.flatnonzero(np.concatenate([[True], alone])[: len(start)]))


def _merged(
    track: Track, start: IntArray, stop: IntArray, cuts_s: FloatArray, p: IvtParameters
) -> np.ndarray:
    """Tell for each run but the first whether it goes on with the fixation of the run before."""
    if len(start) < 2:
        return np.empty(0, dtype=bool)
    mean = np.stack([sums(row, start, stop) for row in track.ray]) / (stop - start)
    near = angle_deg(mean[:, 1:], mean[:, :-1]) <= p.merge_deg
    soon = track.t_s[start[1:]] - track.t_s[stop[:-1] - 1] <= p.merge_s
    page = pages(track.t_s[start], cuts_s)
    return np.asarray(near & soon & (page[1:] == page[:-1]))
