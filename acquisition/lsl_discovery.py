"""Finding gaze streams on the network and choosing one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from acquisition.liblsl import load_pylsl, lsl_failures
from acquisition.profiles import MOST_CHANNELS, Profile, recognise
from acquisition.streams import Channel, StreamDescription
from protocols.errors import ChannelsUnknown, SourceAmbiguous, SourceNotFound

log = logging.getLogger(__name__)

# liblsl compares types literally, and tools spell this one in several ways.
GAZE_TYPES = ("Gaze", "gaze", "Eyetracker", "EyeTracker")
_OTHERS_S = 0.6  # after the first answer, how long further streams may take to answer
_METADATA_S = 3.0
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """What kind of stream is looked for, and how its samples are understood.

    Attributes:
        recognise: turns a description into a profile, or raises ChannelsUnknown.
        types: content types to look for; any when empty.
    """

    recognise: Callable[[StreamDescription], Profile] = recognise
    types: tuple[str, ...] = GAZE_TYPES


ON_SCREEN = Reading()
"""Gaze on a screen, as the known tools and the XDF vocabulary describe it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stream that can be recorded.

    Attributes:
        handle: pylsl's StreamInfo, to connect with.
        stream: its description.
        profile: how to read it.
    """

    handle: Any
    stream: StreamDescription
    profile: Profile


def streams(timeout_s: float = 1.0) -> list[StreamDescription]:
    """Return every gaze stream that answers within ``timeout_s``, sorted by name, with its channels."""
    return [stream for _, stream in discover(predicate(), timeout_s)]


def discover(wanted: str, timeout_s: float) -> list[tuple[Any, StreamDescription]]:
    """Return what answers to a condition within ``timeout_s``: handles and descriptions, sorted by name."""
    described = _described(load_pylsl().resolve_bypred(wanted, 1024, timeout_s))
    return sorted(described, key=lambda pair: (pair[1].name, pair[1].source_id, pair[1].uid))


def choose(
    name: str | None,
    source_id: str | None,
    timeout_s: float,
    identity: str | None = None,
    reading: Reading = ON_SCREEN,
) -> Found:
    """Find the one stream that is meant.

    Args:
        name: stream name; any when omitted.
        source_id: device id; any when omitted.
        timeout_s: how long to wait for a first answer.
        identity: name, source id or uid, whichever fits; any when omitted.
        reading: what kind of stream, and how it is understood.

    Raises:
        SourceNotFound: nothing answers; the message lists what else was found.
        SourceAmbiguous: several streams fit.
        ChannelsUnknown: what answers cannot be understood.
    """
    pylsl = load_pylsl()
    wanted = predicate(name, source_id, identity=identity, types=reading.types)
    if not pylsl.resolve_bypred(wanted, 1, timeout_s):
        raise _not_found(name or identity, source_id, timeout_s)
    handles = pylsl.resolve_bypred(wanted, 1024, _OTHERS_S)
    usable, refusals = _usable(handles, reading)
    if len(usable) == 1:
        return usable[0]
    if usable:
        raise _ambiguous([found.stream for found in usable])
    raise refusals[0] if refusals else _not_found(name or identity, source_id, timeout_s)


def predicate(
    name: str | None = None,
    source_id: str | None = None,
    channel_count: int | None = None,
    identity: str | None = None,
    types: tuple[str, ...] = GAZE_TYPES,
) -> str:
    """Return the XPath condition for streams with the given properties."""
    given = {"name": name, "source_id": source_id, "channel_count": channel_count}
    conditions = [_any_of({"type": kind} for kind in types)] if types else []
    conditions += [_any_of([{key: str(value)}]) for key, value in given.items() if value]
    if identity:
        conditions.append(_any_of({key: identity} for key in ("name", "source_id", "uid")))
    return " and ".join(conditions) or "channel_count>0"


def _any_of(alternatives: Iterable[dict[str, str]]) -> str:
    equal = [f"{key}={_quoted(value)}" for one in alternatives for key, value in one.items()]
    return equal[0] if len(equal) == 1 else f"({' or '.join(equal)})"


def describe(handle: Any) -> StreamDescription:
    """Read a resolved stream's description; it has no channels when its program does not answer in time."""
    pylsl = load_pylsl()
    inlet = pylsl.StreamInlet(handle, recover=False)
    try:
        full = inlet.info(_METADATA_S)
    except lsl_failures() as error:
        log.warning("stream %.120r did not describe its channels: %r", handle.name(), error)
        full = handle
    return StreamDescription(
        name=full.name(),
        type=full.type(),
        source_id=full.source_id(),
        uid=full.uid(),
        host=full.hostname(),
        nominal_hz=float(full.nominal_srate()),
        channel_count=int(full.channel_count()),
        channels=_channels(full.desc(), min(int(full.channel_count()), MOST_CHANNELS)),
        manufacturer=full.desc().child("acquisition").child_value("manufacturer")
        or full.desc().child_value("manufacturer"),
        sends_text=full.channel_format() == pylsl.cf_string,
    )


class StreamWatch:
    """Keeps looking, in the background, for the streams that a predicate describes."""

    _SETTLED_S = 1.5  # an answer may take this long
    _FORGET_S = 1.5

    def __init__(self, wanted: str) -> None:
        self._resolver = load_pylsl().ContinuousResolver(pred=wanted, forget_after=self._FORGET_S)
        self._since_s = time.monotonic()

    def handles(self) -> list[Any]:
        """Return what is visible now."""
        return list(self._resolver.results())

    def gone(self) -> bool:
        """Tell whether nothing has answered for long enough to be sure."""
        return time.monotonic() - self._since_s >= self._SETTLED_S and not self.handles()


def _described(handles: list[Any]) -> list[tuple[Any, StreamDescription]]:
    """Describe all at once, so that those whose programs do not answer hold nobody up."""
    if not handles:
        return []
    with ThreadPoolExecutor(min(len(handles), _AT_ONCE), "describe") as pool:
        described = pool.map(_describe_or_leave, handles)
        return [(handle, one) for handle, one in zip(handles, described, strict=True) if one is not None]


def _describe_or_leave(handle: Any) -> StreamDescription | None:
    try:
        return describe(handle)
    except UnicodeDecodeError as error:
        log.warning("a stream is left out that describes itself in no UTF-8: %s", error)
        return None


def _usable(handles: list[Any], reading: Reading) -> tuple[list[Found], list[ChannelsUnknown]]:
    usable, refusals = [], []
    for handle, stream in _described(handles):
        try:
            usable.append(Found(handle, stream, reading.recognise(stream)))
        except ChannelsUnknown as refusal:
            log.info("not used: %s", refusal)
            refusals.append(refusal)
    return usable, refusals


def _channels(desc: Any, at_most: int) -> tuple[Channel, ...]:
    entries: list[Channel] = []
    entry = desc.child("channels").child("channel")
    while not entry.empty() and len(entries) < at_most:
        # Pupil Labs' relay calls the type metatype.
        kind = entry.child_value("type") or entry.child_value("metatype")
        entries.append(
            Channel(
                entry.child_value("label"),
                entry.child_value("eye"),
                kind,
                entry.child_value("unit"),
                entry.child_value("coordinate_system"),
            )
        )
        entry = entry.next_sibling("channel")
    return tuple(entries)


def _quoted(text: str) -> str:
    """Return text as XPath has it, which knows no escapes within a string."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    return "concat(" + ', "\'", '.join(f"'{part}'" for part in text.split("'")) + ")"


def _not_found(name: str | None, source_id: str | None, timeout_s: float) -> SourceNotFound:
    given = [f"name {name!r}" if name else "", f"source id {source_id!r}" if source_id else ""]
    wanted = " with " + " and ".join(filter(None, given)) if any(given) else ""
    seen = load_pylsl().resolve_streams(_OTHERS_S)
    others = "; ".join(sorted(f"{s.name()!r} (type {s.type()!r}, source id {s.source_id()!r})" for s in seen))
    return SourceNotFound(
        f"No gaze stream{wanted} answered in {timeout_s:g} s. On the network: {others or 'nothing'}.",
        "Without a stream there is no gaze to record.",
        "Start the tracker's LSL program, check that both computers are on one network and that the firewall "
        "lets UDP and TCP 16571-16604 through; 'gazetwin streams' lists what answers.",
    )


def _ambiguous(found: list[StreamDescription]) -> SourceAmbiguous:
    uids = "; ".join(f"{stream.name!r}: {stream.uid}" for stream in found)
    return SourceAmbiguous(
        f"{len(found)} gaze streams answer: {'; '.join(sorted(map(str, found)))}.",
        "Taking the first would record an arbitrary one.",
        "Name one: gazetwin record --source lsl:IDENTITY, where IDENTITY is its name or source id or, when "
        f"these are the same, its uid ({uids}). Or stop the others.",
    )
