"""``gazetwin pick`` behind its options: listen to a stream, advise, check, remember."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from acquisition.coordinates import Origin, Unit
from acquisition.listening import Heard, listen
from acquisition.lsl_discovery import discover, predicate
from acquisition.picker import ChannelGuess, Suggestion, infer, suggest
from acquisition.profile_file import FORMAT, PickedProfile, described_channels, explained
from acquisition.streams import StreamDescription
from acquisition.wire_format import Eye
from protocols.errors import ChannelsUnknown, ProfileInvalid, SourceAmbiguous, SourceNotFound


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stream that somebody wants to use, and what it seems to be.

    Attributes:
        handle: pylsl's StreamInfo.
        stream: its description.
        heard: what it sent while listening.
        guesses: one for each channel.
        suggestion: what they add up to.
    """

    handle: Any
    stream: StreamDescription
    heard: Heard
    guesses: tuple[ChannelGuess, ...]
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person says about a stream; see PickedProfile.

    Attributes:
        points: eye and two or three channels each, by label or number.
        unit: of the coordinates.
        origin: of the coordinates.
        valid: range of the quality channels that means valid.
        lost_xy: what both coordinates hold for a lost eye.
        missing: what either holds when it is missing.
        pupils: left and right channel by label or number, empty for none.
        mm_per_unit: factor from their values to a diameter in mm.
        name: short name of the profile; made of the stream's when empty.
    """

    points: tuple[tuple[Eye, tuple[str, ...]], ...]
    unit: Unit
    origin: Origin = Origin.TOP_LEFT
    valid: tuple[float, float] | None = None
    lost_xy: float | None = None
    missing: float | None = None
    pupils: tuple[str, str] = ("", "")
    mm_per_unit: float = 1.0
    name: str = ""


def candidate(identity: str, wait_s: float, listen_s: float) -> Candidate:
    """Find a stream of any type by name, source id or uid, and listen to it.

    Raises:
        SourceNotFound: it does not answer.
        SourceAmbiguous: several do.
        ChannelsUnknown: it sends nothing that could be gaze.
    """
    found = discover(predicate(identity=identity, types=()), wait_s)
    if not found:
        raise SourceNotFound(
            f"No stream {identity!r} answered in {wait_s:g} s.",
            "What its channels are can only be told from the stream.",
            "Start its program; 'gazetwin streams' lists gaze streams.",
        )
    if len(found) > 1:
        told = "; ".join(f"{stream}, uid {stream.uid}" for _, stream in found)
        raise SourceAmbiguous(
            f"{len(found)} streams answer to {identity!r}: {told}.",
            "Their channels may differ.",
            "Give the source id or the uid instead of the name.",
        )
    handle, stream = found[0]
    heard = listen([handle], listen_s)[0]
    if heard is None or stream.channel_count < 2:
        raise ChannelsUnknown(
            f"Stream {stream} cannot be gaze.",
            "Gaze is two or more numbers a sample, and it must be possible to connect to its program.",
            "Choose another stream.",
        )
    guesses = infer(stream, heard.values)
    return Candidate(handle, stream, heard, guesses, suggest(guesses))


def picked(stream: StreamDescription, choice: Choice) -> PickedProfile:
    """Return the profile file that a choice makes.

    Raises:
        ProfileInvalid: it does not fit the stream.
    """
    points = [
        dict(zip(("eye", "x", "y", "quality"), (eye, *(_label(stream, c) for c in channels)), strict=False))
        for eye, channels in choice.points
    ]
    left, right = (_label(stream, c) if c else "" for c in choice.pupils)
    pupils = {"left": left, "right": right, "mm_per_unit": choice.mm_per_unit} if left or right else None
    try:
        return PickedProfile.model_validate(
            {
                "format": FORMAT,
                "profile": choice.name or slug(stream.name),
                "stream": stream.name,
                "type": stream.type,
                "unit": choice.unit,
                "origin": choice.origin,
                "valid": choice.valid,
                "lost_xy": choice.lost_xy,
                "missing": choice.missing,
                "point": points,
                "pupils": pupils,
                "channel": [entry.model_dump() for entry in described_channels(stream)],
            }
        )
    except ValidationError as error:
        raise ProfileInvalid(
            f"This cannot be what stream {stream.name!r} holds: {explained(error)}.",
            "It says which values are gaze; a wrong one would record plausible nonsense.",
            f"Channels are: {', '.join(stream.labels[:40])}.",
        ) from error


def command(one: Candidate) -> str:
    """Return the command that says what the guesses suggest, with words in capitals where nothing does."""
    parts = ["gazetwin", "pick", shlex.quote(one.stream.name)]
    labels = one.stream.labels
    for eye, *channels in one.suggestion.points:
        parts += [f"--{eye}", ",".join(str(labels.index(label)) for label in channels if label)]
        if channels[2] and "--valid" not in parts:
            parts += ["--valid", "LOWEST..HIGHEST"]
    if not one.suggestion.points:
        parts += ["--both", "X,Y"]
    unit = one.suggestion.unit
    return " ".join([*parts, "--unit", unit.value if unit else "UNIT"])


def undecided(one: Candidate) -> ChannelsUnknown:
    """Return why nothing is remembered yet, with the command that would."""
    return ChannelsUnknown(
        f"Nobody has said yet what the {one.stream.channel_count} channels of {one.stream.name!r} are.",
        "Guessing which value is gaze, or its unit, would record plausible nonsense.",
        f"Look at the table, then run for example: {command(one)}",
    )


def doubtful(stream: StreamDescription, concerns: Sequence[str]) -> ProfileInvalid:
    """Return why a choice is not kept that does not fit what the stream sends."""
    return ProfileInvalid(
        f"What was said of {stream.name!r} does not look right, and was not kept: {' '.join(concerns)}",
        "A wrong unit, origin or channel records plausible nonsense.",
        "Let somebody look about the whole screen and change the options; add --despite if it is meant so.",
    )


def slug(name: str) -> str:
    """Return a short name for a profile of the stream."""
    words = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    return f"my-{words[:40] or 'stream'}".rstrip("-")


def numbers(text: str) -> tuple[float, float]:
    """Read ``LOWEST..HIGHEST``.

    Raises:
        ProfileInvalid: it is something else.
    """
    first, dots, last = text.partition("..")
    if not dots:
        raise ProfileInvalid(
            f"{text!r} is no range.", "It says which values mean valid.", "Write it as 1..1 or 0.6..1."
        )
    low, high = number(first), number(last)
    if low > high:
        raise ProfileInvalid(
            f"{text!r} begins above its end.",
            "It says which values mean valid: the lowest first.",
            f"Write it as {high:g}..{low:g}.",
        )
    return low, high


def number(text: str) -> float:
    """Read a number.

    Raises:
        ProfileInvalid: it is something else, or not finite.
    """
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if math.isfinite(found):
        return found
    raise ProfileInvalid(
        f"{text!r} is no number.",
        "Samples are compared with it.",
        "Write numbers as 1 or 0.6, and a range as 1..1 or 0.6..1.",
    )


def channels_of(stream: StreamDescription, text: str) -> tuple[str, ...]:
    """Read ``X,Y`` or ``X,Y,VALID``, channels by label or number; empty for - and nothing.

    Raises:
        ProfileInvalid: these are not two or three channels of the stream.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    channels = tuple(_label(stream, part) for part in parts) if parts != ["-"] else ()
    if channels and (len(channels) not in (2, 3) or channels[0] == channels[1]):
        raise ProfileInvalid(
            f"{text!r} is not two or three channels.",
            "A gaze point has an x and a y, and may have a channel that says whether it is valid.",
            "Give two or three channels: X,Y or X,Y,VALID.",
        )
    return channels


def _label(stream: StreamDescription, channel: str) -> str:
    labels: Sequence[str] = stream.labels
    if channel in labels:
        return channel
    if channel.isdecimal() and int(channel) < len(labels):
        return labels[int(channel)]
    raise ProfileInvalid(
        f"Stream {stream.name!r} has no channel {channel!r}.",
        "Channels are named by label, or by number from 0.",
        f"Choose among: {', '.join(labels[:40])}.",
    )
