"""Where study pixels lie on a display: the one map between device pixels and page pixels. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray

# A display with fractional scaling reports its size rounded; below this difference the page is not resampled.
_ROUNDING_PX = 2


@dataclass(frozen=True, slots=True)
class Placement:
    """A page drawn on a display: ``device = offset + scale * page``.

    Attributes:
        left_px: left edge of the page in device px.
        top_px: upper edge of the page in device px.
        scale: device px per page px; exactly 1 unless the display is smaller than the page.
    """

    left_px: int
    top_px: int
    scale: float

    def to_page(self, xy_px: FloatArray) -> FloatArray:
        """Convert device px (..., 2) to page px; positions beside the page lie outside its size."""
        return np.asarray((np.asarray(xy_px, dtype=np.float64) - self._offset()) / self.scale)

    def to_device(self, xy_px: FloatArray) -> FloatArray:
        """Convert page px (..., 2) to device px."""
        return np.asarray(np.asarray(xy_px, dtype=np.float64) * self.scale + self._offset())

    def _offset(self) -> FloatArray:
        return np.asarray([self.left_px, self.top_px], dtype=np.float64)


def place(page_px: tuple[int, int], device_px: tuple[int, int]) -> Placement:
    """Centre a page on a display, pixel for pixel where it fits, else shrunk with its aspect ratio kept.

    Args:
        page_px: width and height of the page.
        device_px: width and height of the display or window, in device px.
    """
    short = max(p - d for p, d in zip(page_px, device_px, strict=True))
    scale = 1.0 if short <= _ROUNDING_PX else min(d / p for p, d in zip(page_px, device_px, strict=True))
    left, top = (max(round((d - p * scale) / 2), 0) for p, d in zip(page_px, device_px, strict=True))
    return Placement(left, top, scale)
