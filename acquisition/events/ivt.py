"""Fixations by a velocity threshold (I-VT), for whole recordings and for gaze as it comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.events.fixations import Fixations
from acquisition.events.grouping import Runs, grouped
from acquisition.events.noise import NoiseMemory
from acquisition.events.parameters import IvtParameters
from acquisition.events.stillness import PRIOR_DEG_S, Judgement, judged
from acquisition.events.track import Track, usable
from acquisition.events.velocity import sums
from protocols.errors import GazeTwinError
from protocols.geometry import BoolArray, FloatArray, Screen


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
        xy_px: calibrated gaze, shape (n, 2), in px; what is not finite or a million px away is
            invalid.
        valid: shape (n,).
        screen: turns px into degrees.
        parameters: settings; None for the defaults.
        cuts_s: when what was on the screen changed (page, scroll, swipe), in s, in any order. No fixation
            spans a cut; a sample stamped exactly at a cut comes after it.

    Returns:
        Fixations in order of time.
    """
    p = parameters or IvtParameters()
    track, end_s = usable(t_s, xy_px, valid, screen, -np.inf)
    cuts = np.sort(np.asarray(cuts_s, dtype=np.float64))
    judgement = judged(track, Judgement.none(), NoiseMemory.new(PRIOR_DEG_S), cuts, end_s, p)
    return summary(grouped(track, judgement, -np.inf, cuts, p), track, judgement, p)


def summary(runs: Runs, track: Track, judgement: Judgement, p: IvtParameters) -> Fixations:
    """Turn groups of runs into fixations, without the short ones."""
    if len(runs) == 0:
        return Fixations.empty(p)
    columns = np.stack([sums(column, runs.start, runs.stop) for column in track.xy_px.T])
    total = np.add.reduceat(columns, runs.first, axis=1)
    n = np.add.reduceat(runs.stop - runs.start, runs.first)
    first, last = runs.group_start, runs.group_stop - 1
    onset_s, offset_s = track.t_s[first], track.t_s[last]
    long = (offset_s - onset_s) * n / np.maximum(n - 1, 1) >= p.min_s
    x, y = (total / n)[:, long]
    noise = judgement.noise_deg_s[first[long]]
    return Fixations(onset_s[long], offset_s[long], x, y, n[long], p, noise)


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
        self._track = Track.none()
        self._judgement = (
            Judgement.none()
        )  # of the samples, from the oldest, that nothing can change any more
        self._memory = NoiseMemory.new(PRIOR_DEG_S)  # of all samples that are judged
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
        new, self._newest_s = usable(t_s, xy_px, valid, self._screen, self._newest_s)
        self._track = self._track.followed_by(new)
        self._judge(self._newest_s - self._hold_s, self._parameters.lookahead_s)
        runs = self._runs()
        pending = self._first_pending(runs)
        found = summary(runs.before(pending), self._track, self._judgement, self._parameters)
        self._forget(int(runs.group_start[pending]) if pending < len(runs) else len(self._judgement))
        return found

    def finish(self) -> Fixations:
        """Return the remaining fixations; no further sample will come."""
        self._judge(np.inf, 0.0)
        found = summary(self._runs(), self._track, self._judgement, self._parameters)
        self._track, self._judgement = Track.none(), Judgement.none()
        self._used_s = np.inf
        return found

    def _judge(self, until_s: float, lookahead_s: float) -> None:
        """Judge the samples of which everything that matters to them is known up to ``until_s``."""
        t, known = self._track.t_s, len(self._judgement)
        final = int(np.searchsorted(t, until_s - lookahead_s, side="left"))
        if final <= known:
            return
        seen = self._track.part(0, int(np.searchsorted(t, until_s, side="right")))
        end_s = min(until_s, self._newest_s)
        cuts_s = self._cuts_s[self._cuts_s <= until_s]
        judgement = judged(seen, self._judgement, self._memory, cuts_s, end_s, self._parameters)
        new = judgement.part(known, final)
        self._memory = self._memory.after(t[known:final], new.spanning_deg_s)
        self._judgement = judgement.part(0, final)
        self._used_s = max(self._used_s, until_s)

    def _runs(self) -> Runs:
        return grouped(self._track, self._judgement, self._settled_s, self._cuts_s, self._parameters)

    def _first_pending(self, runs: Runs) -> int:
        """Return the index of the first group which later samples could still extend or merge."""
        t, n, merge_s = self._track.t_s, len(runs), self._parameters.merge_s
        final = len(self._judgement)
        if n == 0:
            return 0
        start, stop = runs.group_start, runs.group_stop
        unfinished = stop[-1] == final and final < len(t)
        if not unfinished:
            next_run_s = float(t[final]) if final < len(t) else self._newest_s
            return n if next_run_s - t[stop[-1] - 1] > merge_s else n - 1
        if n > 1 and t[start[-1]] - t[stop[-2] - 1] <= merge_s:
            return n - 2
        return n - 1

    def _forget(self, decided: int) -> None:
        """Drop samples and cuts that no open decision needs; ``decided`` is the first that is still open."""
        if decided == 0:
            return
        t = self._track.t_s
        self._settled_s = float(t[decided - 1])
        context_s = self._settled_s - self._parameters.lookahead_s
        first = max(int(np.searchsorted(t, context_s)) - 1, 0)
        if first > 0:  # before the very first sample, a cut still tells how long gaze was not there
            self._cuts_s = self._cuts_s[self._cuts_s > t[first]]
        self._track, self._judgement = self._track.part(first), self._judgement.part(first)
