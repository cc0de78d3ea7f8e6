"""Fits and judges gaze of the left eye, of the right eye and of both, and chooses which one to use.

Both together are noisier in nothing and lost less often, so one eye alone must be clearly better to be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.calibration import Calibration, fit_calibration
from acquisition.quality import Validation, effective_rate_hz, validate
from acquisition.samples import Eye, GazeChunk
from acquisition.targets import ShownTarget
from protocols.blocks import QualityLimits
from protocols.errors import CalibrationError
from protocols.geometry import Screen

CLEARLY_DEG = 0.1


@dataclass(frozen=True, slots=True)
class Judged:
    """A map of gaze and how it does on targets that it was not fitted to."""

    calibration: Calibration
    validation: Validation

    @property
    def eye(self) -> Eye:
        """Whose gaze it maps."""
        return self.calibration.eye


@dataclass(frozen=True, slots=True)
class Looks:
    """What one calibration attempt showed, and the gaze meanwhile.

    Attributes:
        shown: calibration targets.
        tests: validation targets, at other places.
        gaze: as delivered, during all of that.
    """

    shown: tuple[ShownTarget, ...]
    tests: tuple[ShownTarget, ...]
    gaze: GazeChunk

    @property
    def rate_hz(self) -> float:
        """Sampling rate while targets stood still."""
        during = (*self.shown, *self.tests)
        return effective_rate_hz(np.concatenate([target.window(self.gaze).t_s for target in during]))


def as_delivered(looks: Looks, screen: Screen, limits: QualityLimits) -> Judged:
    """Judge gaze without any correction.

    Raises:
        CalibrationError: there were too few samples for a sampling rate.
    """
    return _judged(Calibration.identity(), looks, screen, limits)


def fitted(looks: Looks, screen: Screen, limits: QualityLimits) -> tuple[Judged, ...]:
    """Fit and judge both eyes together, then each that the source tells apart and that can be calibrated.

    Raises:
        CalibrationError: gaze cannot be calibrated, neither of both eyes nor of one.
    """
    found: list[Judged] = []
    failed: list[CalibrationError] = []
    for eye in _eyes(looks.gaze):
        try:
            windows = [target.window(looks.gaze, eye) for target in looks.shown]
            found.append(_judged(fit_calibration(windows, screen, eye), looks, screen, limits))
        except CalibrationError as error:
            failed.append(error)
    if not found:
        raise failed[0]
    return tuple(found)


def best(candidates: Sequence[Judged]) -> Judged:
    """Return which of the candidates to use.

    The first one, unless another is more accurate on the validation targets; one eye alone must be better by
    ``CLEARLY_DEG`` and must not be lost more often.

    Args:
        candidates: at least one, the preferred one first.
    """
    chosen = candidates[0]
    for other in candidates[1:]:
        margin_deg = CLEARLY_DEG if other.eye != "both" and chosen.eye == "both" else 0.0
        better = _error_deg(other) < _error_deg(chosen) - margin_deg
        if better and (other.eye == "both" or other.validation.data_loss <= chosen.validation.data_loss):
            chosen = other
    return chosen


def _judged(calibration: Calibration, looks: Looks, screen: Screen, limits: QualityLimits) -> Judged:
    windows = [target.window(looks.gaze, calibration.eye) for target in looks.tests]
    return Judged(calibration, validate(calibration, windows, screen, looks.rate_hz, limits))


def _eyes(gaze: GazeChunk) -> Iterator[Eye]:
    yield "both"
    for eye in ("left", "right"):
        if np.isfinite(gaze.of_eye(eye)).any():
            yield eye


def _error_deg(judged: Judged) -> float:
    accuracy_deg = judged.validation.accuracy_mean_deg
    return float("inf") if accuracy_deg is None else accuracy_deg
