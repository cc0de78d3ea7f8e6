"""Tells a wrong set-up from an inaccurate tracker, and which set-up is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from protocols.geometry import FloatArray, Screen

MOST_CORRECTION_DEG = 5.0
_EXPLAINED = 0.3
_LEFT_DEG = 2.5


def suspicion(gaze_px: FloatArray, target_px: FloatArray, corrected_px: FloatArray, screen: Screen) -> str:
    """Return in words what is wrong with the axes, empty when nothing is.

    Args:
        gaze_px: where gaze was, shape (n, 2).
        target_px: where the targets were, shape (n, 2).
        corrected_px: where the fitted map puts that gaze, shape (n, 2).
        screen: the display.
    """
    missed_deg = float(screen.angle_deg(target_px, gaze_px).max())
    moved_deg = float(screen.angle_deg(corrected_px, gaze_px).max())
    flipped = _orientation(gaze_px, target_px) <= 0
    if not flipped and max(missed_deg, moved_deg) <= MOST_CORRECTION_DEG:
        return ""
    how = ", and mirrored or collapsed" if flipped else ""
    likely = _likely(gaze_px, target_px, screen)
    return f"Gaze is up to {missed_deg:.1f} deg from the targets{how}" + (f": {likely}." if likely else ".")


def _orientation(gaze_px: FloatArray, target_px: FloatArray) -> float:
    """Return the determinant of the best linear map from gaze to targets; negative when it mirrors."""
    centred = np.column_stack([np.ones(len(gaze_px)), gaze_px])
    return float(np.linalg.det(np.linalg.lstsq(centred, target_px, rcond=None)[0][1:]))


def _likely(gaze_px: FloatArray, target_px: FloatArray, screen: Screen) -> str:
    """Return the simple mistake that explains the gaze, empty when none does."""
    missed_deg = float(screen.angle_deg(target_px, gaze_px).mean())
    left = [
        (float(screen.angle_deg(target_px, repaired).mean()), words)
        for repaired, words in _repairs(gaze_px, target_px, screen)
    ]
    least_deg, words = min(left)
    return words if least_deg < min(_EXPLAINED * missed_deg, _LEFT_DEG) else ""


def _repairs(gaze_px: FloatArray, target_px: FloatArray, screen: Screen) -> Iterator[tuple[FloatArray, str]]:
    size_px = np.asarray(screen.size_px, dtype=np.float64)
    swapped = "it fits when x and y are swapped"
    yield gaze_px[:, ::-1], swapped
    yield (gaze_px / size_px)[:, ::-1] * size_px, swapped
    yield (size_px - gaze_px) * [1, 0] + gaze_px * [0, 1], "it fits when left and right are exchanged"
    yield (
        (size_px - gaze_px) * [0, 1] + gaze_px * [1, 0],
        "it fits with the origin at the bottom of the screen",
    )
    yield size_px - gaze_px, "it fits when the screen is turned upside down"
    for step, where in (((1, 0), "right"), ((-1, 0), "left"), ((0, 1), "below"), ((0, -1), "above")):
        side = "to the " + where if step[0] else where
        yield gaze_px - size_px * step, f"it fits another display, {side} of this one"
    scale = float(np.sum(target_px * gaze_px) / max(np.sum(gaze_px**2), 1e-9))
    yield (
        gaze_px * scale,
        f"it fits a display of {1 / scale:.1f} times this one's size in px (is the desktop scaled?)",
    )
