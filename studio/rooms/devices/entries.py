"""From what is on the network to entries of the list. Called in threads that may wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from acquisition.lsl_discovery import Reading
from acquisition.presence import Present, alike, identity
from acquisition.profiles import Profile, known_tool
from acquisition.stream_table import understood
from acquisition.streams import StreamDescription
from acquisition.wire_format import Space
from acquisition.wire_formats import FORMATS
from protocols.errors import ChannelsUnknown
from studio.rooms.devices.state import Entry
from studio.sources import SourceChoice

MOCK = Entry(
    "mock",
    "mock",
    "Simulated viewer",
    "An invented participant, for trying things out.",
    SourceChoice("mock"),
    caveat="Its gaze is drawn by a model of eye movements. Nothing it does is data.",
)
MOUSE = Entry(
    "mouse",
    "mouse",
    "Mouse",
    "The pointer on the participant's display stands for gaze.",
    SourceChoice("mouse"),
    caveat="A pointer moves with the hand, not with the eyes: good for rehearsals only.",
)
REPLAY = Entry(
    "replay",
    "replay",
    "Recorded session",
    "Plays the gaze of a session file as if it came now. Choose the file below.",
    refusal="No session file is chosen yet: press 'Session file …'.",
)
ALWAYS = (MOCK, MOUSE, REPLAY)
_COMPANIONS = frozenset(companion.name for known in FORMATS for companion in known.companions)


def of_streams(there: Sequence[Present], reading: Reading) -> tuple[Entry, ...]:
    """Return an entry for each stream: those that can be recorded, other gaze, what else might be gaze."""
    streams = [one.stream for one in there if one.stream.name not in _COMPANIONS]
    entries = [_of(stream, streams, reading) for stream in streams]
    return tuple(sorted(entries, key=lambda entry: (entry.choice is None, entry.vague)))


def replaying(path: Path) -> Entry:
    """Return the entry for a session file; reads it.

    Raises:
        SessionError: it cannot be read.
    """
    from sessions.reader import Recording  # HDF5 is not loaded for the first window

    with Recording.open(path) as recording:
        about = f"{path.name}: {recording.participant.pseudonym}, study {recording.study_name}"
        samples, size_px = recording.samples, recording.screen.size_px
    detail = f"{about}, {samples:,} samples on a page of {size_px[0]} x {size_px[1]} px"
    choice = SourceChoice("replay", path) if samples else None
    refusal = "" if samples else f"{path} holds no gaze: nothing could be played. Choose another session."
    return replace(REPLAY, detail=detail, choice=choice, refusal=refusal)


def gone(entry: Entry) -> Entry:
    """Return the entry of a chosen stream that is not there any more."""
    return replace(entry, gone=True, alike="")


def _of(stream: StreamDescription, streams: Sequence[StreamDescription], reading: Reading) -> Entry:
    named = identity(stream, streams)
    read = understood(stream, None, reading)
    rate = f"claims {stream.nominal_hz:g} Hz" if stream.nominal_hz else "claims no rate"
    where = f" on {stream.host}" if stream.host else ""
    tool = read.profile or f"type {stream.type or 'not given'}"
    same_name = sum(other.name == stream.name for other in streams) > 1
    which = f", {named}" if same_name else ""
    profile, known = _profile(stream, reading), known_tool(stream)
    return Entry(
        key=f"lsl:{named}",
        kind="lsl",
        title=stream.name or stream.uid,
        detail=f"{tool}, {stream.channel_count} channels, {rate}{where}{which}",
        choice=SourceChoice("lsl", name=named) if profile else None,
        refusal="" if profile else read.note,
        caveat=read.note if profile else "",
        alike=_alike(stream, alike(stream, streams)),
        channels=read.channels,
        stream=stream,
        profile=profile,
        pickable=profile is None and known is None and not stream.sends_text,
        vague=profile is None and stream.type not in reading.types,
        wearable=profile is None and known is not None and known.space is Space.SCENE_CAMERA,
    )


def _profile(stream: StreamDescription, reading: Reading) -> Profile | None:
    try:
        return reading.recognise(stream)
    except ChannelsUnknown:
        return None  # the entry says why, see ``read.note``


def _alike(stream: StreamDescription, others: Sequence[StreamDescription]) -> str:
    if not others:
        return ""
    hosts = ", ".join(sorted({one.host or "an unknown computer" for one in (stream, *others)}))
    what = f"source id {stream.source_id}" if stream.source_id else f"name {stream.name}"
    return (
        f"{len(others) + 1} streams share the {what} (on {hosts}): samples could come from either, or twice. "
        "Close all but the one that is meant."
    )
