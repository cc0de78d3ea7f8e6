"""How a pair of numbers becomes a position in a picture: unit and origin, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from protocols.geometry import FloatArray, Screen


class Unit(StrEnum):
    """What a coordinate counts."""

    FRACTION = "fraction"
    PERCENT = "percent"
    PX = "px"
    MM = "mm"


class Origin(StrEnum):
    """Where both coordinates are 0; y grows downwards unless said otherwise."""

    TOP_LEFT = "top-left"
    BOTTOM_LEFT = "bottom-left"  # y upwards
    CENTRE = "centre"
    CENTRE_Y_UP = "centre-y-up"


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A convention for positions in a flat picture.

    Attributes:
        unit: of both coordinates.
        origin: of both coordinates.
    """

    unit: Unit
    origin: Origin = Origin.TOP_LEFT

    def to_px(self, xy: FloatArray, frame: Screen) -> FloatArray:
        """Return px (..., 2) from the top left corner of ``frame``; NaN stays NaN, nothing is clipped."""
        return xy * self._px_per_unit(frame) * self._sign + self._origin_px(frame)

    def from_px(self, xy_px: FloatArray, frame: Screen) -> FloatArray:
        """Return positions (..., 2) in this convention; the inverse of ``to_px``."""
        return (xy_px - self._origin_px(frame)) * self._sign / self._px_per_unit(frame)

    @property
    def _sign(self) -> FloatArray:
        upwards = self.origin in (Origin.BOTTOM_LEFT, Origin.CENTRE_Y_UP)
        return np.array([1.0, -1.0 if upwards else 1.0])

    def _px_per_unit(self, frame: Screen) -> FloatArray:
        size_px = np.asarray(frame.size_px, dtype=np.float64)
        scales = {
            Unit.FRACTION: size_px,
            Unit.PERCENT: size_px / 100.0,
            Unit.PX: np.ones(2),
            Unit.MM: size_px / np.asarray(frame.size_mm, dtype=np.float64),
        }
        return scales[self.unit]

    def _origin_px(self, frame: Screen) -> FloatArray:
        width, height = (float(side) for side in frame.size_px)
        places = {
            Origin.TOP_LEFT: (0.0, 0.0),
            Origin.BOTTOM_LEFT: (0.0, height),
            Origin.CENTRE: (width / 2, height / 2),
            Origin.CENTRE_Y_UP: (width / 2, height / 2),
        }
        return np.asarray(places[self.origin])
