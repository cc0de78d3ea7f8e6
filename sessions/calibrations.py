"""Calibration attempts of a recording, and gaze mapped by those in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from acquisition.calibration import Calibration
from acquisition.quality import Validation
from acquisition.samples import GazeChunk
from protocols.geometry import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationAttempt:
    """One calibration of a recording.

    Attributes:
        number: order of attempts, from 0.
        calibration: the map with its targets and residuals.
        used: whether gaze is mapped with it.
        from_s: gaze from this session time on is, until the next used attempt takes over.
        validation: how it did on other points; None when it was not validated.
    """

    number: int
    calibration: Calibration
    used: bool
    from_s: float = float("-inf")
    validation: Validation | None = None


def in_force(attempts: Iterable[CalibrationAttempt]) -> list[CalibrationAttempt]:
    """Return the used attempts in the order in which they take over."""
    return sorted((a for a in attempts if a.used), key=lambda a: (a.from_s, a.number))


def calibrated_xy(chunk: GazeChunk, attempts: Iterable[CalibrationAttempt]) -> FloatArray:
    """Map gaze by the calibration in force at each sample.

    Args:
        chunk: gaze as delivered.
        attempts: of which only the used ones count.

    Returns:
        Positions, shape (n, 2), in px; as delivered where no calibration was in force.
    """
    xy_px = np.array(chunk.xy_px, dtype=np.float64)
    for attempt in in_force(attempts):
        later = chunk.t_s >= attempt.from_s
        xy_px[later] = attempt.calibration.apply(chunk)[later]
    return xy_px
