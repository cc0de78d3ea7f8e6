"""Where study pixels lie on a display: the one map between device pixels and page pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray, Screen

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


@dataclass(frozen=True, slots=True)
class DisplayFrame:
    """The whole display that a tracker's coordinates refer to, and where the study's page lies on it.

    Attributes:
        whole: the display: device px, mm of the visible area, eye to its centre.
        placement: of the page on it.
    """

    whole: Screen
    placement: Placement

    @classmethod
    def filled(cls, page: Screen) -> DisplayFrame:
        """Return the frame of a page that is the whole display."""
        return cls(page, Placement(0, 0, 1.0))

    @classmethod
    def of(cls, page_px: tuple[int, int], whole: Screen) -> DisplayFrame:
        """Return the frame of a page that is shown full screen on a display."""
        return cls(whole, place(page_px, whole.size_px))

    def page(self, page_px: tuple[int, int]) -> Screen:
        """Return the page as a screen of its own: its px, the mm that these take up, the same distance.

        A page is centred on the display, so eyes in front of the one are in front of the other.
        """
        sides = zip(page_px, self.whole.size_px, self.whole.size_mm, strict=True)
        width_mm, height_mm = (px * self.placement.scale * mm / device for px, device, mm in sides)
        return Screen(page_px, (width_mm, height_mm), self.whole.distance_mm)
