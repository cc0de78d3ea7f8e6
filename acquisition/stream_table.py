"""Gaze streams on the network, and how each of their channels is understood."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from acquisition.listening import Heard, listen
from acquisition.lsl_discovery import ON_SCREEN, Reading, survey
from acquisition.profiles import MOST_CHANNELS, Profile
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
        uid: id of this one outlet.
        nominal_hz: claimed rate in Hz, 0 when it claims none.
        measured_hz: what really arrived, None when nobody listened or nothing came.
        stamps: what its time stamps mean, empty when it cannot be recorded.
        profile: recognised wire format, empty when it cannot be recorded.
        note: a caveat, or why it cannot be recorded.
        channels: every channel in order.
    """

    name: str
    source_id: str
    host: str
    uid: str
    nominal_hz: float
    measured_hz: float | None
    stamps: str
    profile: str
    note: str
    channels: tuple[ChannelReading, ...]


def listed(wait_s: float, listen_s: float = 1.0, reading: Reading = ON_SCREEN) -> list[StreamReading]:
    """Return every gaze stream on the network and how it would be read.

    Args:
        wait_s: for how long streams may answer.
        listen_s: for how long to listen to them, 0 for not at all.
        reading: what kind of streams, and how they are understood.
    """
    return surveyed(wait_s, listen_s, reading)[0]


def surveyed(
    wait_s: float, listen_s: float = 1.0, reading: Reading = ON_SCREEN
) -> tuple[list[StreamReading], list[StreamDescription]]:
    """Return what ``listed`` does, and streams of other types, of which nobody has said what they are."""
    found, further = survey(reading.types, wait_s)
    heard = listen([handle for handle, _ in found], listen_s) if listen_s else [None] * len(found)
    listed = [understood(stream, one, reading) for (_, stream), one in zip(found, heard, strict=True)]
    return listed, further


def understood(
    stream: StreamDescription, heard: Heard | None = None, reading: Reading = ON_SCREEN
) -> StreamReading:
    """Tell how a stream would be read; one that cannot be recorded says why in ``note``."""
    measured_hz = (heard.rate_hz or None) if heard else None
    try:
        profile = reading.recognise(stream)
    except ChannelsUnknown as refusal:
        note = f"{refusal.what} {refusal.why} {refusal.fix}"
        return _reading(stream, measured_hz, None, note)
    return _reading(stream, measured_hz, profile, profile.format.caveat)


def main(argv: Sequence[str]) -> int:
    """Run the ``streams`` program: list gaze streams."""
    parser = argparse.ArgumentParser(prog="streams", description="List the gaze streams on the network.")
    parser.add_argument("--timeout", type=float, default=1.0, help="seconds to wait for answers")
    parser.add_argument("--listen", type=float, default=0.0, help="seconds to measure rates; 0: not at all")
    parser.add_argument("--json", action="store_true", help="report as one JSON array")
    options = parser.parse_args(argv)
    try:
        found = listed(options.timeout, options.listen)
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
    head = f"{one.name}  [{one.profile or 'not usable'}]  {rates(one)}  {one.source_id}  {one.host}"
    rows = [f"  {c.label:<24} {c.unit:<12} {c.role}".rstrip() for c in one.channels]
    return "\n".join([head, *([f"  {one.note}"] if one.note else []), *rows])


def rates(one: StreamReading) -> str:
    """Tell the claimed and the measured rate in words."""
    claimed = f"claims {one.nominal_hz:g} Hz" if one.nominal_hz else "claims no rate"
    return claimed if one.measured_hz is None else f"{claimed}, sends {one.measured_hz:.0f} Hz"


def _reading(
    stream: StreamDescription, measured_hz: float | None, profile: Profile | None, note: str
) -> StreamReading:
    shown = min(stream.channel_count, MOST_CHANNELS)
    few = replace(stream, channel_count=shown)
    roles = profile.roles() if profile else ("",) * shown
    return StreamReading(
        name=stream.name,
        source_id=stream.source_id,
        host=stream.host,
        uid=stream.uid,
        nominal_hz=stream.nominal_hz,
        measured_hz=measured_hz,
        stamps=profile.format.stamps.value if profile else "",
        profile=profile.name if profile else "",
        note=note,
        channels=tuple(map(ChannelReading, few.labels, few.units, roles)),
    )
