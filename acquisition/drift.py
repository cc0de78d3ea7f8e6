"""How far calibrated gaze has drifted since the calibration, and what follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from acquisition.calibration import measured_point
from acquisition.offsets import offsets_deg
from acquisition.targets import Point, TargetWindow
from protocols.blocks import QualityLimits
from protocols.geometry import BoolArray, FloatArray, Rect, Screen

Finding = Literal["ok", "correctable", "recalibrate", "unknown"]

BEFORE_CLICK_S = (0.15, 0.05)
"""From when to when before a click gaze is taken: people look where they click about 100 ms before."""
_LEAST_VALID = 0.5


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """One look at a known place.

    Attributes:
        how: at a ``target`` that was shown, or at what was clicked (``click``).
        at_px: the target, or the clicked point.
        finding: ``ok``, ``correctable`` by a shift, ``recalibrate``, or ``unknown`` without steady gaze.
        gaze_px: where calibrated gaze was, None when unknown.
        offset_deg: from the place to gaze, None when unknown.
        distance_deg: to the target, or to the poster that was clicked (0 inside it); None when unknown.
        samples: valid samples used.
        problem: why nothing is known, empty when it is.
    """

    how: Literal["target", "click"]
    at_px: Point
    finding: Finding
    gaze_px: Point | None = None
    offset_deg: Point | None = None
    distance_deg: float | None = None
    samples: int = 0
    problem: str = ""

    def payload(self) -> dict[str, object]:
        """Return all of it for a marker."""
        return asdict(self)


def check_target(window: TargetWindow, screen: Screen, limits: QualityLimits) -> DriftCheck:
    """Judge calibrated gaze while a target stood still, by the same steady stretch as in a calibration."""
    point = measured_point(window, screen)
    if isinstance(point, str):
        return DriftCheck("target", window.target_px, "unknown", problem=point)
    offset = offsets_deg(np.asarray([point.gaze_px]), np.asarray(window.target_px), screen)[0]
    distance_deg = float(np.hypot(*offset))
    finding = found(distance_deg, limits)
    return DriftCheck(
        "target", window.target_px, finding, point.gaze_px, _pair(offset), distance_deg, point.samples
    )


def check_click(
    t_s: FloatArray,
    xy_px: FloatArray,
    valid: BoolArray,
    click: tuple[float, Point],
    poster: Rect,
    screen: Screen,
    limits: QualityLimits,
) -> DriftCheck:
    """Judge calibrated gaze just before a click on a poster.

    Args:
        t_s: stamps, shape (n,), in s.
        xy_px: calibrated gaze, shape (n, 2), in px.
        valid: shape (n,).
        click: when in s, and where in px.
        poster: what was clicked.
        screen: the display.
        limits: of drift.
    """
    click_s, at_px = click
    then = (t_s >= click_s - BEFORE_CLICK_S[0]) & (t_s <= click_s - BEFORE_CLICK_S[1])
    seen = xy_px[then & valid & np.isfinite(xy_px).all(axis=1)]
    if not then.any() or len(seen) < _LEAST_VALID * then.sum():
        return DriftCheck(
            "click", at_px, "unknown", problem=f"{len(seen)} of {then.sum()} samples were valid"
        )
    gaze = np.median(seen, axis=0)
    nearest = np.clip(gaze, [poster.left, poster.top], [poster.right, poster.bottom])
    distance_deg = float(screen.angle_deg(gaze, nearest))
    offset = offsets_deg(gaze[None, :], np.asarray(at_px), screen)[0]
    return DriftCheck(
        "click", at_px, found(distance_deg, limits), _pair(gaze), _pair(offset), distance_deg, len(seen)
    )


def found(distance_deg: float, limits: QualityLimits) -> Finding:
    """Judge a distance in deg."""
    if distance_deg <= limits.drift_ok_deg:
        return "ok"
    return "correctable" if distance_deg <= limits.drift_correctable_deg else "recalibrate"


def confirmed(first: DriftCheck, second: DriftCheck, limits: QualityLimits) -> bool:
    """Tell whether two looks found the same drift: who looks elsewhere once rarely does so twice."""
    if first.offset_deg is None or second.offset_deg is None:
        return False
    apart_deg = np.hypot(*np.subtract(first.offset_deg, second.offset_deg))
    return bool(apart_deg <= limits.drift_ok_deg)


def correction_px(*looks: DriftCheck) -> Point:
    """Return the shift (x, y) in px that brings the mean of known looks onto their targets."""
    missing = [np.subtract(look.at_px, look.gaze_px) for look in looks if look.gaze_px is not None]
    return _pair(np.mean(missing, axis=0))


def _pair(xy: FloatArray) -> Point:
    return float(xy[0]), float(xy[1])
