"""Finding gaze streams on the network and choosing one."""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from acquisition.liblsl import load_pylsl, lsl_failure_in_words, lsl_failures
from acquisition.profiles import MOST_CHANNELS, Profile, recognise
from acquisition.streams import Channel, StreamDescription
from protocols.errors import ChannelsUnknown, SourceAmbiguous, SourceNotFound

log = logging.getLogger(__name__)

# liblsl compares types literally, and tools spell this one in several ways.
GAZE_TYPES = ("Gaze", "gaze", "Eyetracker", "EyeTracker")
_OTHER_TYPES = ("eeg", "nirs", "audio", "markers", "videoraw", "videocompressed")  # of the XDF vocabulary
_OTHERS_S = 0.6  # after the first answer, how long further streams may take to answer
_METADATA_S = 3.0
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """What kind of stream is looked for, and how its samples are understood.

    Attributes:
        recognise: turns a description into a profile, or raises ChannelsUnknown.
        types: content types to look for; any when empty.
        sought: what such a stream is called in messages.
    """

    recognise: Callable[[StreamDescription], Profile] = recognise
    types: tuple[str, ...] = GAZE_TYPES
    sought: str = "gaze stream"


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
    return _sorted(described(load_pylsl().resolve_bypred(wanted, 1024, timeout_s)))


def survey(
    types: tuple[str, ...], timeout_s: float
) -> tuple[list[tuple[Any, StreamDescription]], list[StreamDescription]]:
    """Return what answers within ``timeout_s``: streams of the types, and others that could hold gaze.

    The former with handles and channels; the latter, numbers in two channels or more that are declared as
    nothing else, without channels, as they are not asked for them. Both sorted by name.
    """
    handles = load_pylsl().resolve_bypred(predicate(types=()), 1024, timeout_s)
    bare = [(handle, one) for handle in handles if (one := _read_or_leave(_unasked, handle)) is not None]
    wanted = [handle for handle, one in bare if not types or one.type in types]
    others = [one for _, one in bare if types and one.type not in types and _could_be_gaze(one)]
    return _sorted(described(wanted)), sorted(others, key=lambda one: (one.name, one.source_id, one.uid))


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
        raise _unanswered(name or identity, source_id, timeout_s, reading)
    handles = pylsl.resolve_bypred(wanted, 1024, _OTHERS_S)
    usable, refusals = _usable(handles, reading)
    if len(usable) == 1:
        return usable[0]
    if usable:
        raise _ambiguous([found.stream for found in usable])
    raise refusals[0] if refusals else _unanswered(name or identity, source_id, timeout_s, reading)


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


def _unasked(handle: Any) -> StreamDescription:
    return StreamDescription(
        name=handle.name(),
        type=handle.type(),
        source_id=handle.source_id(),
        uid=handle.uid(),
        host=handle.hostname(),
        nominal_hz=float(handle.nominal_srate()),
        channel_count=int(handle.channel_count()),
        sends_text=handle.channel_format() == load_pylsl().cf_string,
    )


def describe(handle: Any) -> StreamDescription:
    """Read a resolved stream's description; it has no channels when its program does not answer in time."""
    pylsl = load_pylsl()
    inlet = pylsl.StreamInlet(handle, recover=False)
    try:
        full = inlet.info(_METADATA_S)
    except lsl_failures() as error:
        how = lsl_failure_in_words(error)
        log.warning("stream %.120r did not describe its channels: %s", handle.name(), how)
        full = handle
    return replace(
        _unasked(full),
        channels=_channels(full.desc(), min(int(full.channel_count()), MOST_CHANNELS)),
        manufacturer=full.desc().child("acquisition").child_value("manufacturer")
        or full.desc().child_value("manufacturer"),
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


def described(handles: list[Any]) -> list[tuple[Any, StreamDescription]]:
    """Ask all at once, so that those whose programs do not answer hold nobody up."""
    if not handles:
        return []
    with ThreadPoolExecutor(min(len(handles), _AT_ONCE), "describe") as pool:
        told = pool.map(partial(_read_or_leave, describe), handles)
        return [(handle, one) for handle, one in zip(handles, told, strict=True) if one is not None]


def might_be_gaze(handle: Any, types: Sequence[str]) -> bool:
    """Tell whether a resolved stream is of one of the types, or numbers that are declared as nothing else."""
    one = _read_or_leave(_unasked, handle)
    return one is not None and (one.type in types or _could_be_gaze(one))


def _sorted(described: list[tuple[Any, StreamDescription]]) -> list[tuple[Any, StreamDescription]]:
    return sorted(described, key=lambda pair: (pair[1].name, pair[1].source_id, pair[1].uid))


def _could_be_gaze(stream: StreamDescription) -> bool:
    declared = stream.type.casefold() in (*map(str.casefold, GAZE_TYPES), *_OTHER_TYPES)
    return not declared and stream.channel_count > 1 and not stream.sends_text


def _read_or_leave(read: Callable[[Any], StreamDescription], handle: Any) -> StreamDescription | None:
    try:
        return read(handle)
    except UnicodeDecodeError as error:
        log.warning("a stream is left out that describes itself in no UTF-8: %s", error)
        return None


def _usable(handles: list[Any], reading: Reading) -> tuple[list[Found], list[ChannelsUnknown]]:
    usable, refusals = [], []
    for handle, stream in described(handles):
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


def _unanswered(
    name: str | None, source_id: str | None, timeout_s: float, reading: Reading
) -> SourceNotFound | ChannelsUnknown:
    """Tell that nothing of the kind answers, or that what does is of another type and why it is not read."""
    seen = load_pylsl().resolve_streams(_OTHERS_S)
    others = [s for s in seen if reading.types and s.type() not in reading.types]
    meant = described([s for s in others if (name or source_id) and _goes_by(s, name, source_id)])
    if meant:
        return _of_another_type(meant[0][1], reading)
    return _not_found(name, source_id, timeout_s, reading, seen)


def _goes_by(handle: Any, name: str | None, source_id: str | None) -> bool:
    identities = (handle.name(), handle.source_id(), handle.uid())
    return name in (None, *identities) and source_id in (None, handle.source_id())


def _of_another_type(stream: StreamDescription, reading: Reading) -> ChannelsUnknown:
    there = f"Stream {stream} is there, but it is of type {stream.type!r}, not {reading.types[0]!r}."
    try:
        reading.recognise(stream)
    except ChannelsUnknown as refusal:
        return ChannelsUnknown(f"{there} {refusal.what}", refusal.why, refusal.fix)
    return ChannelsUnknown(
        there,
        "A stream that does not say that it is gaze may be anything.",
        f"Say once what its channels are: gazetwin pick {shlex.quote(stream.name)}.",
    )


def _not_found(
    name: str | None, source_id: str | None, timeout_s: float, reading: Reading, seen: list[Any]
) -> SourceNotFound:
    given = [f"name {name!r}" if name else "", f"source id {source_id!r}" if source_id else ""]
    wanted = " with " + " and ".join(filter(None, given)) if any(given) else ""
    others = "; ".join(sorted(f"{s.name()!r} (type {s.type()!r}, source id {s.source_id()!r})" for s in seen))
    return SourceNotFound(
        f"No {reading.sought}{wanted} answered in {timeout_s:g} s. On the network: {others or 'nothing'}.",
        "Without a stream there is no gaze to record.",
        "Start the program that publishes it, check that both computers are on one network and that the "
        "firewall lets UDP and TCP 16571-16604 through; 'gazetwin streams' lists what answers.",
    )


def _ambiguous(found: list[StreamDescription]) -> SourceAmbiguous:
    uids = "; ".join(f"{stream.name!r}: {stream.uid}" for stream in found)
    return SourceAmbiguous(
        f"{len(found)} gaze streams answer: {'; '.join(sorted(map(str, found)))}.",
        "Taking the first would record an arbitrary one.",
        "Name one: gazetwin record --source lsl:IDENTITY, where IDENTITY is its name or source id or, when "
        f"these are the same, its uid ({uids}). Or stop the others.",
    )
