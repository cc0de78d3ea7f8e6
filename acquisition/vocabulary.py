"""The gaze metadata vocabulary of XDF: the one way an unknown program can say what its channels are.

It names eye, type and unit of a channel; it has no word for the origin of the coordinates.
"""

from __future__ import annotations

from acquisition.coordinates import Coordinates, Unit
from acquisition.streams import StreamDescription
from acquisition.wire_format import EYES, Eye, GazePoint, WireFormat

_FRACTION_UNITS = frozenset({"normalized", "normalised"})
_PX_UNITS = frozenset({"pixels", "pixel", "px"})
_SCREEN_SYSTEMS = frozenset({"", "screen", "screen-space", "display"})


def read_by_vocabulary(stream: StreamDescription) -> WireFormat | None:
    """Return a format for a stream whose metadata follow the XDF gaze vocabulary, None where doubt is left.

    Labels must be unique, the unit explicit and the coordinate system the screen's or not given.
    """
    if len({channel.label for channel in stream.channels}) < len(stream.channels):
        return None
    points = [point for eye in EYES if (point := _point_of(stream, eye))]
    used = {label for point in points for label in (point.x, point.y)}
    units = {channel.unit.casefold() for channel in stream.channels if channel.label in used}
    systems = {channel.system.casefold() for channel in stream.channels if channel.label in used}
    if not points or not systems <= _SCREEN_SYSTEMS:
        return None
    if units <= _FRACTION_UNITS:
        return _vocabulary_format(stream, points, Unit.FRACTION)
    return _vocabulary_format(stream, points, Unit.PX) if units <= _PX_UNITS else None


def _point_of(stream: StreamDescription, eye: Eye) -> GazePoint | None:
    x = [c.label for c in stream.channels if c.eye == eye and c.type == "ScreenX"]
    y = [c.label for c in stream.channels if c.eye == eye and c.type == "ScreenY"]
    return GazePoint(eye, x[0], y[0]) if len(x) == len(y) == 1 else None


def _pupil_of(stream: StreamDescription, eye: Eye) -> str:
    labels = [
        channel.label
        for channel in stream.channels
        if (channel.eye, channel.type, channel.unit) == (eye, "Diameter", "mm")
    ]
    return labels[0] if len(labels) == 1 else ""


def _vocabulary_format(stream: StreamDescription, points: list[GazePoint], unit: Unit) -> WireFormat:
    per_eye = [point for point in points if point.eye != "both"]
    return WireFormat(
        profile="xdf-gaze",
        tool="a program that follows the XDF gaze vocabulary",
        names=(stream.name,),
        type=stream.type,
        channels=stream.channels,
        sample_type="double64",
        nominal_hz=stream.nominal_hz,
        coordinates=Coordinates(unit),
        points=tuple(per_eye or points),
        pupils=(_pupil_of(stream, "left"), _pupil_of(stream, "right")),
        pupil_mm_per_unit=1.0,
        caveat="Read by its metadata alone: the origin is taken to be the top left of the display.",
    )
