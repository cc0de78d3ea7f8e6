"""How a simulated eye moves: fixations, saccades on the main sequence, blinks.

A saccade of amplitude A lasts 21 ms + 2.2 ms/deg * A (the main sequence of Bahill, Clark & Stark 1975, in
the linear form of Carpenter 1988) with the smooth velocity profile of a minimum-jerk movement. Blinks happen
at gaze shifts, where people blink most, and last 100 to 200 ms; the eye moves below the lid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.truth import TrueFixations
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.slots import SlotLayout

SACCADE_BASE_S = 0.021
SACCADE_S_PER_DEG = 0.0022

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class EyeHabits:
    """Time constants of a simulated eye.

    Attributes:
        fixation_median_s: median of the log-normal fixation duration.
        fixation_sigma: standard deviation of its logarithm.
        fixation_range_s: shortest and longest fixation.
        blink_every_s: mean time between blinks (exponential).
        blink_s: shortest and longest blink.
        latency_s: time from something new on the screen to the saccade towards it.
    """

    fixation_median_s: float = 0.23
    fixation_sigma: float = 0.35
    fixation_range_s: tuple[float, float] = (0.1, 1.2)
    blink_every_s: float = 5.0
    blink_s: tuple[float, float] = (0.1, 0.2)
    latency_s: float = 0.2

    def fixation_s(self, rng: np.random.Generator) -> float:
        """Draw a fixation duration in s."""
        drawn = rng.lognormal(np.log(self.fixation_median_s), self.fixation_sigma)
        return float(np.clip(drawn, *self.fixation_range_s))


@dataclass(frozen=True, slots=True)
class _Piece:
    """The eye from one moment to another: at rest, or on the way. ``open`` is False below the lid."""

    start_s: float
    end_s: float
    origin: Point
    goal: Point
    open: bool

    @property
    def is_fixation(self) -> bool:
        return self.open and self.origin == self.goal


class Scanpath:
    """Where the eye points, planned some way ahead, revisable from any moment that is not yet past.

    Args:
        screen: turns px into degrees.
        start_s: when it begins.
        start_px: where it begins.
        habits: time constants.
        rng: draws blinks.
    """

    def __init__(
        self, screen: Screen, start_s: float, start_px: Point, habits: EyeHabits, rng: np.random.Generator
    ) -> None:
        self._screen = screen
        self._habits = habits
        self._rng = rng
        self._pieces: list[_Piece] = [_Piece(start_s, start_s, start_px, start_px, True)]
        self._past: list[_Piece] = []
        self._next_blink_s = start_s + rng.exponential(habits.blink_every_s)

    @property
    def end_s(self) -> float:
        """Until when the eye's movements are planned."""
        return self._pieces[-1].end_s

    @property
    def end_px(self) -> Point:
        """Where the eye will be then."""
        return self._pieces[-1].goal

    def fixate(self, xy_px: Point, duration_s: float) -> float:
        """Plan a shift of gaze to ``xy_px`` and a fixation there; return when that fixation begins."""
        shift = self._shift(xy_px)
        if shift.end_s > shift.start_s:
            self._pieces.append(shift)
        last = self._pieces[-1]
        if last.is_fixation and last.goal == xy_px:
            self._pieces[-1] = _Piece(last.start_s, last.end_s + duration_s, xy_px, xy_px, True)
            return last.end_s
        self._pieces.append(_Piece(last.end_s, last.end_s + duration_s, xy_px, xy_px, True))
        return last.end_s

    def interrupt(self, t_s: float) -> None:
        """Forget what is planned after ``t_s``; a movement under way is completed and ends in a fixation."""
        shortest_s = self._habits.fixation_range_s[0]
        kept = [p for p in self._pieces if p.start_s < t_s] or self._pieces[:1]
        start_s, rest_px = kept[-1].end_s, kept[-1].goal
        if kept[-1].is_fixation:
            start_s = kept.pop().start_s
        self._pieces = [*kept, _Piece(start_s, max(t_s, start_s + shortest_s), rest_px, rest_px, True)]

    def sample(self, t_s: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return eye position (n, 2) in px and whether the lid is open (n,) at increasing times (n,) in s.

        Times beyond the plan see the eye at rest where the plan ends. Times must not go back behind those of
        an earlier call.
        """
        starts = np.asarray([p.start_s for p in self._pieces])
        ends = np.asarray([p.end_s for p in self._pieces])
        k = np.maximum(np.searchsorted(starts, t_s, side="right") - 1, 0)
        fraction = np.clip((t_s - starts[k]) / np.maximum(ends - starts, 1e-9)[k], 0.0, 1.0)
        origin = np.asarray([p.origin for p in self._pieces])[k]
        goal = np.asarray([p.goal for p in self._pieces])[k]
        open_lid = np.asarray([p.open for p in self._pieces])[k]
        xy = origin + minimum_jerk(fraction)[:, None] * (goal - origin)
        if len(k):
            self._archive(int(k[-1]))
        return xy, open_lid

    def fixations_until(self, t_s: float) -> list[tuple[float, float, Point]]:
        """Return (onset_s, offset_s, xy_px) of every fixation begun before ``t_s``, the last ended there."""
        fixations = [p for p in (*self._past, *self._pieces) if p.is_fixation and p.start_s < t_s]
        return [(p.start_s, min(p.end_s, t_s), p.goal) for p in fixations if p.end_s > p.start_s]

    def _shift(self, xy_px: Point) -> _Piece:
        """Return the saccade to ``xy_px``, or a blink over it when one is due."""
        origin, start = self.end_px, self.end_s
        amplitude_deg = float(self._screen.angle_deg(np.asarray(origin), np.asarray(xy_px)))
        duration = saccade_s(amplitude_deg) if amplitude_deg > 0 else 0.0
        if start < self._next_blink_s:
            return _Piece(start, start + duration, origin, xy_px, True)
        self._next_blink_s = start + self._rng.exponential(self._habits.blink_every_s)
        duration = max(duration, float(self._rng.uniform(*self._habits.blink_s)))
        return _Piece(start, start + duration, origin, xy_px, False)

    def _archive(self, current: int) -> None:
        self._past.extend(self._pieces[:current])
        self._pieces = self._pieces[current:]


def saccade_s(amplitude_deg: float) -> float:
    """Return the duration of a saccade in s."""
    return SACCADE_BASE_S + SACCADE_S_PER_DEG * amplitude_deg


def minimum_jerk(fraction: FloatArray) -> FloatArray:
    """Return the part of the way done, 0 to 1, after a fraction 0 to 1 of the time of a smooth movement."""
    return np.asarray(fraction**3 * (10.0 - 15.0 * fraction + 6.0 * fraction**2))


def true_fixations(
    fixations: list[tuple[float, float, Point]], pages: list[tuple[float, SlotLayout | None]]
) -> TrueFixations:
    """Make columns of fixations, each with its slot on the page shown at its onset.

    Args:
        fixations: (onset_s, offset_s, xy_px), in order of time.
        pages: (since when in s, layout or None for no page), in order of time.
    """
    since_s = np.asarray([t for t, _ in pages])
    slots = []
    for onset_s, _, xy in fixations:
        page = int(np.searchsorted(since_s, onset_s, side="right")) - 1
        layout = pages[page][1] if page >= 0 else None
        slots.append(int(layout.locate(np.asarray([xy]))[0]) if layout is not None else -1)
    columns = np.asarray([(a, b, x, y) for a, b, (x, y) in fixations], dtype=np.float64).reshape(-1, 4)
    onsets, offsets, xs, ys = columns.T.copy()
    return TrueFixations(onsets, offsets, xs, ys, np.asarray(slots, dtype=np.int64))
