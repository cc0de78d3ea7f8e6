"""Gaze of a recording in blocks of bounded size, as delivered and as calibrated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from acquisition.samples import GazeChunk
from protocols.geometry import FloatArray
from sessions.calibrations import calibrated_xy
from sessions.reader import Recording

ROWS = 32_768


@dataclass(frozen=True, slots=True, eq=False)
class GazeBlock:
    """Some samples.

    Attributes:
        gaze: as delivered.
        xy_px: calibrated, shape (n, 2).
        eyes_px: left and right eye, calibrated as their mean is, shape (n, 2, 2).
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
        eyes = [calibrated_xy(replace(gaze, xy_px=gaze.eyes_px[:, k]), attempts) for k in (0, 1)]
        yield GazeBlock(gaze, calibrated_xy(gaze, attempts), np.stack(eyes, axis=1))


def chunks(recording: Recording, rows: int = ROWS) -> Iterator[GazeChunk]:
    """Yield all samples in order, as delivered, ``rows`` at a time."""
    for start in range(0, recording.samples, rows):
        yield recording.gaze(start, start + rows)
