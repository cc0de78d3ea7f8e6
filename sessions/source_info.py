"""The gaze source in a session file: what it said about itself, and how its samples were read."""

from __future__ import annotations

import json

import h5py

from acquisition.source import SourceInfo
from protocols.geometry import Screen
from protocols.placement import DisplayFrame, Placement

_READ_BY = "read_by"
_FRAME = "frame"


def write_source(group: h5py.Group, source: SourceInfo) -> None:
    """Write a source into ``/source``."""
    for name in ("name", "kind", "profile", "source_id"):
        group.attrs[name] = getattr(source, name)
    group.attrs.update(nominal_hz=source.nominal_hz, nominal_hz_unit="Hz")
    group.attrs["channels"] = json.dumps(source.channels)
    group.attrs["units"] = json.dumps(source.units)
    if source.read_by:
        group[_READ_BY] = source.read_by
    if source.frame is not None:
        _write_frame(group.create_group(_FRAME), source.frame)


def read_source(group: h5py.Group) -> SourceInfo:
    """Read a source from ``/source``."""
    attrs = group.attrs
    return SourceInfo(
        name=str(attrs["name"]),
        kind=str(attrs["kind"]),
        profile=str(attrs["profile"]),
        source_id=str(attrs["source_id"]),
        nominal_hz=float(attrs["nominal_hz"]),
        channels=tuple(json.loads(attrs["channels"])),
        units=tuple(json.loads(attrs["units"])),
        read_by=str(group[_READ_BY].asstr()[()]) if _READ_BY in group else "",
        frame=_read_frame(group[_FRAME]) if _FRAME in group else None,
    )


def _write_frame(group: h5py.Group, frame: DisplayFrame) -> None:
    whole, where = frame.whole, frame.placement
    values = {
        "size_px": (whole.size_px, "px"),
        "size_mm": (whole.size_mm, "mm"),
        "distance_mm": (whole.distance_mm, "mm"),
        "page_left_px": (where.left_px, "px"),
        "page_top_px": (where.top_px, "px"),
        "page_scale": (where.scale, "display px per page px"),
    }
    for name, (value, unit) in values.items():
        group.attrs.update({name: value, f"{name}_unit": unit})


def _read_frame(group: h5py.Group) -> DisplayFrame:
    at = group.attrs
    width_px, height_px = (int(v) for v in at["size_px"])
    width_mm, height_mm = (float(v) for v in at["size_mm"])
    whole = Screen((width_px, height_px), (width_mm, height_mm), float(at["distance_mm"]))
    return DisplayFrame(
        whole, Placement(int(at["page_left_px"]), int(at["page_top_px"]), float(at["page_scale"]))
    )
