"""What a simulated eye tracker makes of a simulated eye: distortion, noise, losses, irregular stamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from protocols.geometry import BoolArray, FloatArray, Screen


@dataclass(frozen=True, slots=True, eq=False)
class Distortion:
    """A smooth error of the tracker's own calibration: offset, gain, and a slight curvature.

    With u and v as the distance from the screen centre in half screen widths, the error in px is ``terms``
    (6, 2) times (1, u, v, u^2, u v, v^2).
    """

    terms: FloatArray

    def apply(self, xy_px: FloatArray, screen: Screen) -> FloatArray:
        """Return what the tracker reports (n, 2) in px for eyes that point to ``xy_px`` (n, 2)."""
        u, v = _centred(xy_px, screen)
        basis = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
        return np.asarray(xy_px + basis @ self.terms)


def draw_distortion(rng: np.random.Generator, mean_deg: float, screen: Screen) -> Distortion:
    """Draw a distortion whose mean error over the screen is ``mean_deg``, mostly offset and gain."""
    spread = np.asarray([1.0, 0.5, 0.5, 0.2, 0.2, 0.2])[:, None]
    raw = Distortion(rng.normal(size=(6, 2)) * spread)
    width, height = screen.size_px
    x, y = np.meshgrid(np.linspace(0.05, 0.95, 9) * width, np.linspace(0.05, 0.95, 9) * height)
    grid = np.column_stack([x.ravel(), y.ravel()])
    raw_deg = float(screen.angle_deg(raw.apply(grid, screen), grid).mean())
    return Distortion(raw.terms * (mean_deg / raw_deg))


@dataclass(frozen=True, slots=True)
class TrackerError:
    """Settings of a simulated tracker.

    Attributes:
        rate_hz: mean sampling rate.
        jitter_s: standard deviation of each stamp around the regular grid.
        noise_rms_deg: root mean square distance between successive samples of the mean of both eyes.
        loss_every_s: mean time between losses of one or both eyes (exponential).
        loss_s: shortest and longest loss.
        drift_deg_per_min: how fast reported gaze drifts to the right.
    """

    rate_hz: float = 120.0
    jitter_s: float = 0.0003
    noise_rms_deg: float = 0.1
    loss_every_s: float = 30.0
    loss_s: tuple[float, float] = (0.02, 0.15)
    drift_deg_per_min: float = 0.0


class SampleStamps:
    """Stamps of a device that samples at a rate of its own, slightly irregularly, from ``start_s`` on."""

    def __init__(self, error: TrackerError, start_s: float, rng: np.random.Generator) -> None:
        self._error = error
        self._start_s = start_s
        self._rng = rng
        self._made = 0

    def until(self, t_s: float) -> FloatArray:
        """Return the stamps since the last call that are due at ``t_s``, shape (n,), in s."""
        last = int(np.floor((t_s - self._start_s) * self._error.rate_hz))
        grid = np.arange(self._made, max(last, self._made))
        self._made += len(grid)
        limit = 0.3 / self._error.rate_hz  # keeps the order of stamps
        jitter = np.clip(self._rng.normal(0.0, self._error.jitter_s, len(grid)), -limit, limit)
        return np.asarray(self._start_s + grid / self._error.rate_hz + jitter)


class SimulatedTracker:
    """Turns eye positions into samples of both eyes in the wire format of the simulated viewer.

    Args:
        screen: the display.
        error: settings.
        distortion: error of the tracker's own calibration.
        rng: draws noise and losses.
    """

    def __init__(
        self, screen: Screen, error: TrackerError, distortion: Distortion, rng: np.random.Generator
    ) -> None:
        self._screen = screen
        self._error = error
        self._distortion = distortion
        self._noise, self._losses = rng.spawn(2)
        self._drift_px_per_s = error.drift_deg_per_min * screen.px_per_deg() / 60.0
        self._first_s: float | None = None
        self._lost_eyes = np.zeros(2, dtype=bool)
        self._loss = (-np.inf, -np.inf)

    def measure(self, t_s: FloatArray, eye_px: FloatArray, open_lid: BoolArray) -> FloatArray:
        """Return samples (n, 8): x, y as fractions of the display, pupil in mm and validity, left then right.

        Args:
            t_s: stamps (n,), not before those of an earlier call.
            eye_px: where the eyes really point (n, 2).
            open_lid: shape (n,).
        """
        valid = open_lid[:, None] & ~self._lost(t_s)
        reported_px = self._distortion.apply(eye_px, self._screen) + self._drift_px(t_s)
        reported = reported_px / np.asarray(self._screen.size_px)
        # Two eyes with sd s have a mean with sd s/sqrt(2) per axis; successive means differ by sqrt(2) s.
        sd = self._error.noise_rms_deg / np.sqrt(2.0) * self._screen.px_per_deg()
        noise = self._noise.normal(size=(len(t_s), 2, 3))
        samples = np.empty((len(t_s), 2, 4))
        samples[..., :2] = reported[:, None, :] + noise[..., :2] * sd / np.asarray(self._screen.size_px)
        samples[..., 2] = 3.2 + 0.2 * np.sin(0.5 * t_s)[:, None] + 0.02 * noise[..., 2]
        samples[~valid, :3] = np.nan
        samples[..., 3] = valid
        return samples.reshape(len(t_s), 8)

    def _drift_px(self, t_s: FloatArray) -> FloatArray:
        """Return how far (n, 2) reported gaze has drifted since the first sample."""
        if self._first_s is None and len(t_s):
            self._first_s = float(t_s[0])
        since_s = t_s - (self._first_s or 0.0)
        return np.stack([self._drift_px_per_s * since_s, np.zeros_like(t_s)], axis=-1)

    def _lost(self, t_s: FloatArray) -> BoolArray:
        """Tell which eyes (n, 2) the tracker does not find."""
        lost = np.zeros((len(t_s), 2), dtype=bool)
        for i, t in enumerate(t_s):
            if t >= self._loss[1]:
                self._draw_loss(float(t))
            if t >= self._loss[0]:
                lost[i] = self._lost_eyes
        return lost

    def _draw_loss(self, now_s: float) -> None:
        start = max(now_s, self._loss[1]) + self._losses.exponential(self._error.loss_every_s)
        self._loss = (start, start + self._losses.uniform(*self._error.loss_s))
        self._lost_eyes = np.asarray([[True, True], [True, False], [False, True]])[self._losses.integers(3)]


def _centred(xy_px: FloatArray, screen: Screen) -> tuple[FloatArray, FloatArray]:
    """Return horizontal and vertical distance (n,) from the screen centre in half screen widths."""
    width, height = screen.size_px
    return (xy_px[..., 0] - width / 2) / (width / 2), (xy_px[..., 1] - height / 2) / (width / 2)
