"""Where calibration and validation targets are, and the gaze recorded while one was shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.samples import Eye, GazeChunk
from protocols.errors import CalibrationError
from protocols.geometry import BoolArray, FloatArray, Screen

Point = tuple[float, float]

_CORNERS_AND_CENTRE = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.1, 0.9), (0.9, 0.9))
_EDGES = ((0.5, 0.1), (0.1, 0.5), (0.9, 0.5), (0.5, 0.9))
_INNER = ((0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7))
_CALIBRATION = {
    5: _CORNERS_AND_CENTRE,
    9: _CORNERS_AND_CENTRE + _EDGES,
    13: _CORNERS_AND_CENTRE + _EDGES + _INNER,
}
_BETWEEN = ((0.5, 0.2), (0.2, 0.5), (0.8, 0.5), (0.5, 0.8))
_VALIDATION = {4: _BETWEEN, 5: (*_BETWEEN, (0.65, 0.35))}


@dataclass(frozen=True, slots=True)
class ShownTarget:
    """When a target stood where.

    Attributes:
        target_px: where.
        t_on_s: since when it stood still, session clock in s.
        t_off_s: when it left.
    """

    target_px: Point
    t_on_s: float
    t_off_s: float

    def window(self, chunk: GazeChunk, eye: Eye = "both") -> TargetWindow:
        """Cut the gaze of that time out of a longer stretch."""
        return TargetWindow.of(self.target_px, self.t_on_s, self.t_off_s, chunk, eye)


@dataclass(frozen=True, slots=True, eq=False)
class TargetWindow:
    """Gaze while one target stood still.

    Attributes:
        target_px: where the target was.
        t_on_s: when it stood still, session clock in s.
        t_off_s: when it left.
        t_s: stamps of the samples in that time, shape (n,).
        xy_px: gaze as delivered, shape (n, 2).
        valid: shape (n,).
    """

    target_px: Point
    t_on_s: float
    t_off_s: float
    t_s: FloatArray
    xy_px: FloatArray
    valid: BoolArray

    @classmethod
    def of(
        cls, target_px: Point, t_on_s: float, t_off_s: float, chunk: GazeChunk, eye: Eye = "both"
    ) -> TargetWindow:
        """Cut the window out of a longer stretch of gaze of one eye or both."""
        inside = (chunk.t_s >= t_on_s) & (chunk.t_s < t_off_s)
        xy_px = chunk.of_eye(eye)[inside]
        valid = chunk.valid[inside] & np.isfinite(xy_px).all(axis=1)
        return cls(target_px, t_on_s, t_off_s, chunk.t_s[inside], xy_px, valid)

    def after(self, settle_s: float) -> TargetWindow:
        """Return the window without its first ``settle_s`` seconds, when gaze is still on its way."""
        from_s = self.t_on_s + settle_s
        late = self.t_s >= from_s
        return TargetWindow(
            self.target_px, from_s, self.t_off_s, self.t_s[late], self.xy_px[late], self.valid[late]
        )

    def mapped(self, xy_px: FloatArray) -> TargetWindow:
        """Return the window with other gaze positions (n, 2) in px."""
        return TargetWindow(self.target_px, self.t_on_s, self.t_off_s, self.t_s, xy_px, self.valid)


def calibration_targets(count: int, screen: Screen) -> FloatArray:
    """Return 5, 9 or 13 calibration targets, shape (count, 2), in px; the first five are corners and centre.

    Raises:
        CalibrationError: another count.
    """
    return _placed(_CALIBRATION, count, screen)


def validation_targets(count: int, screen: Screen) -> FloatArray:
    """Return 4 or 5 validation targets, shape (count, 2), in px; none is a calibration target.

    Raises:
        CalibrationError: another count.
    """
    return _placed(_VALIDATION, count, screen)


def _placed(known: dict[int, tuple[Point, ...]], count: int, screen: Screen) -> FloatArray:
    if count not in known:
        raise CalibrationError(
            f"There is no layout of {count} targets.",
            "Targets must be spread evenly over the screen.",
            f"Ask for {', '.join(map(str, known))} targets.",
        )
    return np.asarray(known[count], dtype=np.float64) * np.asarray(screen.size_px, dtype=np.float64)
