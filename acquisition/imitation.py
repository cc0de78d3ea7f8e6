"""Writing gaze as a given tool would: the inverse of reading its stream."""

from __future__ import annotations

import numpy as np

from acquisition.binocular import BinocularGaze
from acquisition.wire_format import Eye, WireFormat
from protocols.geometry import BoolArray, FloatArray, Screen

BOTH_TRACKED = (True, True)


def imitate(
    gaze: BinocularGaze, wire: WireFormat, frame: Screen, tracked: tuple[bool, bool] = BOTH_TRACKED
) -> tuple[FloatArray, FloatArray]:
    """Encode gaze in a tool's wire format.

    Args:
        gaze: both eyes as fractions of the picture that the format's coordinates are in, NaN where lost.
        wire: the tool's conventions.
        frame: that picture, usually the display.
        tracked: whether the left and the right eye are tracked at all; tools tell that from a lost eye.

    Returns:
        Samples (n, channels) and times (n,) in s; fewer than came in when the tool skips lost samples.
        Channels without a known source hold 0.
    """
    labels = [channel.label for channel in wire.channels]
    values = np.zeros((len(gaze), len(labels)))
    _write_beside(values, labels, gaze, wire)
    seen = np.zeros(len(gaze), bool)
    for point in (*wire.points, *wire.also):
        xy = _of_eye(gaze, point.eye)
        lost = np.asarray(np.isnan(xy).any(axis=1))
        seen |= ~lost
        absent = point.eye != "both" and not tracked[0 if point.eye == "left" else 1]
        xy_px = xy * np.asarray(frame.size_px, dtype=np.float64)
        written = wire.coordinates.from_px(xy_px, frame)
        written[lost] = _lost(wire, absent)
        values[:, [labels.index(point.x), labels.index(point.y)]] = written
        if point.quality:
            values[:, labels.index(point.quality)] = _quality(lost, wire)
    _write_pupils(values, labels, gaze, wire)
    keep = seen if wire.skips_lost else np.ones(len(gaze), bool)
    return values[keep], gaze.t_s[keep]


def tracked_eyes(gaze: BinocularGaze) -> tuple[bool, bool]:
    """Tell for the left and the right eye whether it was ever found."""
    left, right = (bool((~np.isnan(gaze.xy[:, eye])).any()) for eye in (0, 1))
    return left, right


def _of_eye(gaze: BinocularGaze, eye: Eye) -> FloatArray:
    """Return one eye, or the mean of those that were found, as fractions (n, 2); NaN when lost."""
    if eye != "both":
        return np.asarray(gaze.xy[:, 0 if eye == "left" else 1])
    found = ~np.isnan(gaze.xy).any(axis=2, keepdims=True)
    count = found.sum(axis=1)
    total = np.where(found, gaze.xy, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _lost(wire: WireFormat, absent: bool) -> float:
    """Return the coordinate of an eye that is not found: in a blink, or ``absent`` altogether."""
    if wire.missing is not None and not absent:
        return wire.missing
    return np.nan if wire.lost_xy is None else wire.lost_xy


def _quality(lost: BoolArray, wire: WireFormat) -> FloatArray:
    low, high = wire.quality_range
    best = high if wire.lost_quality < low else low
    return np.where(lost, wire.lost_quality, best)


def _write_beside(values: FloatArray, labels: list[str], gaze: BinocularGaze, wire: WireFormat) -> None:
    """Write the channels that go along with gaze."""
    for label, value in wire.constants:
        values[:, labels.index(label)] = value
    for label, per_s in wire.stamps_in:
        values[:, labels.index(label)] = gaze.t_s * per_s
    for label, eye in wire.flags:
        values[:, labels.index(label)] = ~np.isnan(_of_eye(gaze, eye)).any(axis=1)


def _write_pupils(values: FloatArray, labels: list[str], gaze: BinocularGaze, wire: WireFormat) -> None:
    for eye, label in enumerate(wire.pupils):
        if label and wire.pupil_mm_per_unit:
            pupil = gaze.pupil_mm[:, eye] / wire.pupil_mm_per_unit
            absent = np.nan if wire.lost_xy is None else wire.lost_xy
            values[:, labels.index(label)] = np.where(np.isnan(pupil), absent, pupil)
