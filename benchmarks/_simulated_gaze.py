"""Gaze with a known truth, made harder than a simulated participant's: lids, overshoots, coloured noise.

Saccades follow the main sequence with a profile that falls slower than it rises, most end in an oscillation
of the lens (which human coders do not count as fixation), the eye drifts between them, the closing and
opening lid drags gaze down, and noise may be filtered as trackers do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.truth import TrueFixations
from acquisition.viewer.oculomotor import minimum_jerk, saccade_s
from protocols.geometry import BoolArray, FloatArray, Screen

SCREEN = Screen()
_OSCILLATION_S, _DECAY_S = 0.026, 0.010
_LID_S, _LID_DEG = 0.030, 4.0
_FIELD_DEG = (18.0, 9.0)


@dataclass(frozen=True, slots=True)
class Habits:
    """What is simulated.

    Attributes:
        noise_rms_deg: distance between successive samples (root mean square) when noise is white; filtered
            noise has the same strength, but successive samples move together.
        filtered: noise below ``filter_hz`` only.
        filter_hz: cut-off of filtered noise.
        blink_every: a blink stands for one in this many saccades.
        oscillation: largest overshoot, as share of the saccade.
        amplitude_deg: median of the log-normal saccade amplitude.
    """

    noise_rms_deg: float = 0.1
    filtered: bool = False
    filter_hz: float = 40.0
    blink_every: float = 15.0
    oscillation: float = 0.0
    amplitude_deg: float = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedGaze:
    """Samples and truth: stamps (n,) in s, positions (n, 2) in px, validity (n,), fixations."""

    t_s: FloatArray
    xy_px: FloatArray
    valid: BoolArray
    truth: TrueFixations

    def resting(self) -> BoolArray:
        """Tell which samples (n,) belong to a true fixation."""
        return inside(self.t_s, self.truth.onset_s, self.truth.offset_s)


@dataclass(frozen=True, slots=True, eq=False)
class _Shifts:
    """Shifts of gaze: start, end (n,) in s; origin, goal (n, 2) and overshoot (n,) in deg; lid open (n,)."""

    start_s: FloatArray
    end_s: FloatArray
    origin: FloatArray
    goal: FloatArray
    open: BoolArray
    overshoot: FloatArray


def simulated(seed: int, seconds: float, rate_hz: float, habits: Habits | None = None) -> SimulatedGaze:
    """Simulate someone looking around.

    Args:
        seed: same seed, same gaze.
        seconds: duration.
        rate_hz: mean rate; stamps jitter by a tenth of the interval.
        habits: None for the defaults.
    """
    h, rng = habits or Habits(), np.random.default_rng(seed)
    shifts = _planned(seconds, h, rng)
    t = np.arange(int(seconds * rate_hz)) / rate_hz + rng.normal(0, 0.1 / rate_hz, int(seconds * rate_hz))
    t = np.sort(t)
    position, valid = _eye(t, shifts)
    position += _noise(len(t), rate_hz, h, rng) + _drift(t, rate_hz, rng)
    tangent = np.tan(np.radians(position)) * SCREEN.distance_mm
    px_per_mm = np.asarray(SCREEN.size_px) / np.asarray(SCREEN.size_mm)
    xy_px = tangent * px_per_mm + np.asarray(SCREEN.size_px) / 2
    xy_px[~valid] = np.nan
    return SimulatedGaze(t, xy_px, valid, _truth(shifts, px_per_mm))


def inside(t_s: FloatArray, onset_s: FloatArray, offset_s: FloatArray) -> BoolArray:
    """Tell which times (n,) lie in any of the ordered intervals, ends included."""
    k = np.searchsorted(onset_s, t_s, side="right") - 1
    return (k >= 0) & (t_s <= np.append(offset_s, -np.inf)[k])


def _planned(seconds: float, h: Habits, rng: np.random.Generator) -> _Shifts:
    rows, now, at = [], 0.0, np.zeros(2)
    while now < seconds:
        now += float(np.clip(rng.lognormal(np.log(0.22), 0.5), 0.08, 1.5))
        goal = _goal(at, h, rng)
        blink = rng.random() < 1.0 / h.blink_every
        amplitude = float(np.hypot(*(goal - at)))
        lasts = rng.uniform(0.1, 0.3) if blink else saccade_s(amplitude)
        overshoot = 0.0 if blink else rng.uniform(0, h.oscillation) * min(amplitude, 8.0)
        rows.append((now, now + lasts, *at, *goal, not blink, overshoot))
        now, at = now + lasts, goal
    c = np.asarray(rows).T
    return _Shifts(c[0], c[1], c[2:4].T, c[4:6].T, c[6] > 0, c[7])


def _goal(at: FloatArray, h: Habits, rng: np.random.Generator) -> FloatArray:
    while True:
        amplitude, angle = (
            np.clip(rng.lognormal(np.log(h.amplitude_deg), 0.6), 1.0, 18.0),
            rng.uniform(0, 2 * np.pi),
        )
        goal = at + amplitude * np.array([np.cos(angle), np.sin(angle)])
        if (np.abs(goal) < _FIELD_DEG).all():
            return np.asarray(goal)


def _eye(t: FloatArray, s: _Shifts) -> tuple[FloatArray, BoolArray]:
    """Return where the eye is measured to point (n, 2) in deg, and whether the lid is open (n,)."""
    k = np.searchsorted(s.start_s, t, side="right") - 1
    first = k < 0
    k = np.maximum(k, 0)
    way = s.goal - s.origin
    fraction = np.clip((t - s.start_s[k]) / (s.end_s - s.start_s)[k], 0.0, 1.0)
    position = s.origin[k] + minimum_jerk(fraction**0.9)[:, None] * way[k]
    after = np.maximum(t - s.end_s[k], 0.0)
    swing = s.overshoot[k] * np.exp(-after / _DECAY_S) * np.sin(2 * np.pi * after / _OSCILLATION_S)
    position += swing[:, None] * way[k] / np.hypot(*way[k].T)[:, None]
    position[first] = 0.0
    closed = ~s.open[k] & (fraction < 1.0) & ~first
    opening = np.where(~s.open[k] & ~first, 1.0 - after / _LID_S, 0.0)
    coming = np.minimum(k + 1, len(s.start_s) - 1)
    closing = np.where(~s.open[coming] & (coming > k), 1.0 - (s.start_s[coming] - t) / _LID_S, 0.0)
    position[:, 1] += _LID_DEG * np.clip(np.maximum(opening, closing), 0.0, 1.0)
    return position, ~closed


def _noise(n: int, rate_hz: float, h: Habits, rng: np.random.Generator) -> FloatArray:
    noise = rng.normal(0, h.noise_rms_deg / 2.0, (n, 2))
    if not h.filtered:
        return noise
    spectrum = np.fft.rfft(noise, axis=0)
    spectrum /= np.sqrt(1.0 + (np.fft.rfftfreq(n, 1 / rate_hz) / h.filter_hz) ** 4)[:, None]
    smooth = np.fft.irfft(spectrum, n, axis=0)
    return np.asarray(smooth * h.noise_rms_deg / 2.0 / smooth.std())


def _drift(t: FloatArray, rate_hz: float, rng: np.random.Generator) -> FloatArray:
    """Random walk of a tenth of a degree in a second, as of a fixating eye."""
    return np.asarray(np.cumsum(rng.normal(0, 0.1 / np.sqrt(rate_hz), (len(t), 2)), axis=0))


def _truth(s: _Shifts, px_per_mm: FloatArray) -> TrueFixations:
    settled = s.end_s[:-1] + np.where(s.overshoot[:-1] > 0, _OSCILLATION_S / 2, 0.0)
    lid = np.where(s.open, 0.0, _LID_S)
    onset, offset = settled + lid[:-1], s.start_s[1:] - lid[1:]
    tangent = np.tan(np.radians(s.goal[:-1])) * SCREEN.distance_mm
    x, y = (tangent * px_per_mm + np.asarray(SCREEN.size_px) / 2).T
    keep = offset - onset > 0.05
    nowhere = np.full(int(keep.sum()), -1, dtype=np.int64)
    return TrueFixations(onset[keep], offset[keep], x[keep].copy(), y[keep].copy(), nowhere)
