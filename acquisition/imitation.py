"""Writing gaze as a given tool would: the inverse of reading its stream."""

from __future__ import annotations

import numpy as np

from acquisition.binocular import BinocularGaze
from acquisition.wire_format import GazePoint, Space, WireFormat
from protocols.geometry import BoolArray, FloatArray, Screen


def imitate(gaze: BinocularGaze, wire: WireFormat, screen: Screen) -> tuple[FloatArray, FloatArray]:
    """Encode gaze in a tool's wire format.

    Args:
        gaze: both eyes, NaN where lost.
        wire: the tool's conventions; one that is gaze on a screen.
        screen: the display, for tools that publish pixels.

    Returns:
        Samples (n, channels) and times (n,) in s; fewer than came in when the tool skips lost samples.
        Channels without a known source hold 0.
    """
    labels = [channel.label for channel in wire.channels]
    values = np.zeros((len(gaze), len(labels)))
    seen = np.zeros(len(gaze), bool)
    for point in wire.points:
        xy = _of_eye(gaze, point)
        seen |= ~np.isnan(xy).any(axis=1)
        _write_point(values, labels, xy, point, wire, screen)
    _write_pupils(values, labels, gaze, wire)
    keep = seen if wire.skips_lost else np.ones(len(gaze), bool)
    return values[keep], gaze.t_s[keep]


def _of_eye(gaze: BinocularGaze, point: GazePoint) -> FloatArray:
    """Return one eye, or the mean of those that were found, as fractions (n, 2); NaN when lost."""
    if point.eye != "both":
        return np.asarray(gaze.xy[:, 0 if point.eye == "left" else 1])
    found = ~np.isnan(gaze.xy).any(axis=2, keepdims=True)
    count = found.sum(axis=1)
    total = np.where(found, gaze.xy, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _write_point(
    values: FloatArray,
    labels: list[str],
    xy: FloatArray,
    point: GazePoint,
    wire: WireFormat,
    screen: Screen,
) -> None:
    lost = np.asarray(np.isnan(xy).any(axis=1))
    scaled = xy * screen.size_px if wire.space is Space.DISPLAY_PX else xy.copy()
    scaled[lost] = np.nan if wire.lost_xy is None else wire.lost_xy
    values[:, labels.index(point.x)] = scaled[:, 0]
    values[:, labels.index(point.y)] = scaled[:, 1]
    if point.quality:
        values[:, labels.index(point.quality)] = _quality(lost, wire)


def _quality(lost: BoolArray, wire: WireFormat) -> FloatArray:
    """Return the best quality, and one just outside the range that means valid."""
    low, high = wire.quality_range
    good, bad = (high, 0.0) if low > 0 else (low, 4.0)
    return np.where(lost, bad, good)


def _write_pupils(values: FloatArray, labels: list[str], gaze: BinocularGaze, wire: WireFormat) -> None:
    for eye, label in enumerate(wire.pupils):
        if label and wire.pupil_mm_per_unit:
            pupil = gaze.pupil_mm[:, eye] / wire.pupil_mm_per_unit
            absent = np.nan if wire.lost_xy is None else wire.lost_xy
            values[:, labels.index(label)] = np.where(np.isnan(pupil), absent, pupil)
