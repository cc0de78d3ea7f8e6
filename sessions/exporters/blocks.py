"""Gaze of a recording in blocks of bounded size, as delivered and as calibrated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from acquisition.eyes import EYES, OneEye
from acquisition.samples import GazeChunk
from protocols.geometry import FloatArray
from sessions.calibrations import CalibrationAttempt, calibrated_xy, in_force
from sessions.reader import Recording

ROWS = 32_768


@dataclass(frozen=True, slots=True, eq=False)
class GazeBlock:
    """Some samples.

    Attributes:
        gaze: as delivered.
        xy_px: calibrated, shape (n, 2).
        eyes_px: left and right eye with the map in force, shape (n, 2, 2); NaN while that map is one of the
            other eye.
    """

    gaze: GazeChunk
    xy_px: FloatArray
    eyes_px: FloatArray


def gaze_blocks(recording: Recording, rows: int = ROWS) -> Iterator[GazeBlock]:
    """Yield all samples in order.

    Args:
        recording: to read.
        rows: samples at a time.
    """
    attempts = recording.calibrations()
    for gaze in chunks(recording, rows):
        eyes = [_calibrated_eye(gaze, eye, attempts) for eye in EYES]
        yield GazeBlock(gaze, calibrated_xy(gaze, attempts), np.stack(eyes, axis=1))


def chunks(recording: Recording, rows: int = ROWS) -> Iterator[GazeChunk]:
    """Yield all samples in order, as delivered, ``rows`` at a time."""
    for start in range(0, recording.samples, rows):
        yield recording.gaze(start, start + rows)


def _calibrated_eye(gaze: GazeChunk, eye: OneEye, attempts: Iterable[CalibrationAttempt]) -> FloatArray:
    delivered = gaze.of_eye(eye)
    xy_px = np.array(delivered)
    for attempt in in_force(attempts):
        later = gaze.t_s >= attempt.from_s
        fits = attempt.calibration.eye in ("both", eye)
        xy_px[later] = attempt.calibration.map_px(delivered)[later] if fits else np.nan
    return xy_px
