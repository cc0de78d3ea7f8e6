"""Whether a display, as somebody measured it, can be real: slips of a unit or a digit spoil every degree."""

from __future__ import annotations

import math
from collections.abc import Iterator

from protocols.geometry import Screen

WIDTH_DEG = (5.0, 120.0)
"""From a phone at arm's length to a panorama whose edges the eyes alone cannot reach."""

PIXEL_MM = (0.05, 3.0)
"""Finer than any phone's pixels, coarser than those of a projection six metres wide."""

MOST_STRETCHED = 1.25
"""Wrong by more than what an anamorphic mode or a scaled desktop does to square pixels."""


def implausible(screen: Screen) -> str:
    """Return what cannot be right about a display, one sentence each; empty when it can be real."""
    return "; ".join(_doubts(screen))


def _doubts(screen: Screen) -> Iterator[str]:
    (width_px, height_px), (width_mm, height_mm) = screen.size_px, screen.size_mm
    size, far_mm = f"{width_mm:g} x {height_mm:g} mm", screen.distance_mm
    across_mm, down_mm = width_mm / width_px, height_mm / height_px
    if not PIXEL_MM[0] <= across_mm <= PIXEL_MM[1]:
        yield f"a pixel would be {across_mm:.3g} mm wide; is the visible area really {size} (mm, not cm)?"
        return
    if not 1 / MOST_STRETCHED <= across_mm / down_mm <= MOST_STRETCHED:
        pixel = f"{across_mm:.3g} x {down_mm:.3g} mm"
        yield f"pixels would be {pixel}, far from square; do {width_px} x {height_px} px fill {size}?"
    width_deg = 2 * math.degrees(math.atan(width_mm / 2 / far_mm))
    if not WIDTH_DEG[0] <= width_deg <= WIDTH_DEG[1]:
        seen = f"the display would span {width_deg:.3g} deg of the view"
        yield f"{seen}; are the eyes really {far_mm:g} mm ({far_mm / 10:g} cm) from it?"
