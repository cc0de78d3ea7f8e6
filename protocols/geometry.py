"""Screen geometry: rectangles in pixels, and the one place where pixels become degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rect:
    """A half-open rectangle in pixels: ``left <= x < right`` and ``top <= y < bottom``."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width in px."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in px."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Area in px², 0 for an empty rectangle."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """Centre (x, y) in px."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def intersection(self, other: Rect) -> Rect:
        """Return the common part; its area is 0 when the two do not meet."""
        return Rect(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def within(self, other: Rect) -> bool:
        """Tell whether this rectangle lies completely inside ``other``."""
        return (
            self.left >= other.left
            and self.top >= other.top
            and self.right <= other.right
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True, slots=True)
class Screen:
    """A flat display, seen centrally and perpendicularly.

    Attributes:
        size_px: width and height in px.
        size_mm: width and height of the visible area in mm.
        distance_mm: eye to screen centre in mm.
    """

    size_px: tuple[int, int] = (1920, 1080)
    size_mm: tuple[float, float] = (531.0, 299.0)
    distance_mm: float = 650.0

    @property
    def rect(self) -> Rect:
        """The whole display as a rectangle in px."""
        return Rect(0.0, 0.0, float(self.size_px[0]), float(self.size_px[1]))

    def to_mm(self, xy_px: FloatArray) -> FloatArray:
        """Convert positions (..., 2) in px to mm from the screen centre, y downwards."""
        size_px = np.asarray(self.size_px, dtype=np.float64)
        size_mm = np.asarray(self.size_mm, dtype=np.float64)
        return np.asarray((np.asarray(xy_px) - size_px / 2) * (size_mm / size_px))

    def angle_deg(self, a_px: FloatArray, b_px: FloatArray) -> FloatArray:
        """Return the angle (...,) in deg between the gaze rays to ``a`` and ``b``, both (..., 2) in px.

        Exact for a flat screen; stable for tiny angles because it uses the cross product, not arccos.
        """
        a, b = self._rays(a_px), self._rays(b_px)
        sine = np.linalg.norm(np.cross(a, b), axis=-1)
        cosine = np.sum(a * b, axis=-1)
        return np.asarray(np.degrees(np.arctan2(sine, cosine)))

    def px_per_deg(self) -> float:
        """Return px per degree at the screen centre, horizontally. For drawing sizes only."""
        return float(self.size_px[0] / self.size_mm[0] * self.distance_mm * np.tan(np.radians(1.0)))

    def _rays(self, xy_px: FloatArray) -> FloatArray:
        mm = self.to_mm(xy_px)
        depth = np.full((*mm.shape[:-1], 1), self.distance_mm)
        return np.concatenate([mm, depth], axis=-1)
