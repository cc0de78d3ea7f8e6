"""Gaze streams on the network, and how each of their channels is understood."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from acquisition.lsl_discovery import streams
from acquisition.profiles import recognise
from acquisition.streams import StreamDescription
from protocols.errors import ChannelsUnknown, GazeTwinError


@dataclass(frozen=True, slots=True)
class ChannelReading:
    """One channel and what it is taken for.

    Attributes:
        label: as described.
        unit: as described.
        role: what it is used for, empty when it is only recorded.
    """

    label: str
    unit: str
    role: str


@dataclass(frozen=True, slots=True)
class StreamReading:
    """One stream and how it is read.

    Attributes:
        name: stream name.
        source_id: device id.
        host: computer.
        nominal_hz: claimed rate in Hz.
        profile: recognised wire format, empty when it cannot be recorded.
        note: a caveat, or why it cannot be recorded.
        channels: every channel in order.
    """

    name: str
    source_id: str
    host: str
    nominal_hz: float
    profile: str
    note: str
    channels: tuple[ChannelReading, ...]


def understood(stream: StreamDescription) -> StreamReading:
    """Tell how a stream would be read; one that cannot be recorded says why in ``note``."""
    try:
        profile = recognise(stream)
    except ChannelsUnknown as refusal:
        return _reading(stream, "", f"{refusal.what} {refusal.why}", ("",) * stream.channel_count)
    return _reading(stream, profile.name, profile.format.caveat, profile.roles())


def main(argv: Sequence[str]) -> int:
    """Run the ``streams`` program: list gaze streams."""
    parser = argparse.ArgumentParser(prog="streams", description="List the gaze streams on the network.")
    parser.add_argument("--timeout", type=float, default=1.0, help="seconds to wait for answers")
    parser.add_argument("--json", action="store_true", help="report as one JSON array")
    options = parser.parse_args(argv)
    try:
        found = [understood(stream) for stream in streams(options.timeout)]
    except GazeTwinError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps([asdict(one) for one in found]) if options.json else as_text(found))
    sys.stdout.write("\n")
    return 0


def as_text(found: Sequence[StreamReading]) -> str:
    """Return the list as plain text."""
    return "\n\n".join(_paragraph(one) for one in found) or "no gaze stream answers"


def _paragraph(one: StreamReading) -> str:
    head = f"{one.name}  [{one.profile or 'not usable'}]  {one.nominal_hz:g} Hz  {one.source_id}  {one.host}"
    rows = [f"  {c.label:<24} {c.unit:<12} {c.role}".rstrip() for c in one.channels]
    return "\n".join([head, *([f"  {one.note}"] if one.note else []), *rows])


def _reading(stream: StreamDescription, profile: str, note: str, roles: tuple[str, ...]) -> StreamReading:
    rows = zip(stream.labels, stream.units, roles, strict=True)
    return StreamReading(
        stream.name,
        stream.source_id,
        stream.host,
        stream.nominal_hz,
        profile,
        note,
        tuple(ChannelReading(label, unit, role) for label, unit, role in rows),
    )
