"""The gaze source in a session file: what it said about itself, and how its samples were read."""

from __future__ import annotations

import json

import h5py

from acquisition.source import SourceInfo

_READ_BY = "read_by"


def write_source(group: h5py.Group, source: SourceInfo) -> None:
    """Write a source into ``/source``."""
    for name in ("name", "kind", "profile", "source_id"):
        group.attrs[name] = getattr(source, name)
    group.attrs.update(nominal_hz=source.nominal_hz, nominal_hz_unit="Hz")
    group.attrs["channels"] = json.dumps(source.channels)
    group.attrs["units"] = json.dumps(source.units)
    if source.read_by:
        group[_READ_BY] = source.read_by


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
    )
