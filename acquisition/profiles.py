"""From a stream's description to gaze on the screen: which wire format it is, and how to read its samples."""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.streams import Channel, StreamDescription
from acquisition.vocabulary import read_by_vocabulary
from acquisition.wire_format import GazePoint, Space, WireFormat
from acquisition.wire_formats import FORMATS
from protocols.errors import ChannelsUnknown
from protocols.geometry import BoolArray, FloatArray, Screen

_OLDER_TYPES = ("eyetracker",)  # earlier versions of tools that say gaze today
_SHOWN_CHANNELS, _SHOWN_CHARACTERS = 12, 80
MOST_CHANNELS = 1000
_DESCRIBED_CHARACTERS = 50_000  # an attribute in HDF5 holds 64 kB
_FARTHEST = 1e6  # in any unit; a value beyond is no position
_MM_UNITS = frozenset({"mm", "millimeters", "millimetres", ""})


@dataclass(frozen=True, slots=True)
class Profile:
    """A wire format bound to one stream: where each value of a sample is.

    Attributes:
        format: the tool's conventions.
        channels: label of every value of a sample, in order.
        units: unit of every value of a sample, in order.
        frame: the picture that the coordinates are in when it is not the screen.
    """

    format: WireFormat
    channels: tuple[str, ...]
    units: tuple[str, ...]
    frame: Screen | None = None

    @property
    def name(self) -> str:
        """Short name, for example ``tobii-pro``."""
        return self.format.profile

    def decode(self, raw: FloatArray, screen: Screen) -> tuple[FloatArray, BoolArray, FloatArray]:
        """Turn raw samples into gaze on the screen.

        Args:
            raw: shape (n, channels), as delivered.
            screen: the display that the gaze refers to.

        Returns:
            Position (n, 2) in px, NaN when invalid and possibly off screen; valid (n,); pupil diameter (n, 2)
            in mm, left and right, NaN where absent. Several valid eyes are averaged.
        """
        points = [self._point(raw, point) for point in self.format.points]
        per_eye = np.array(points, dtype=np.float64).reshape(len(points), len(raw), 2)
        found = ~np.isnan(per_eye[..., 0])
        count = found.sum(axis=0)
        total = np.where(found[..., None], per_eye, 0.0).sum(axis=0)
        xy = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)
        xy_px = self.format.coordinates.to_px(xy, self.frame or screen)
        return xy_px, count > 0, self._pupils(raw)

    def roles(self) -> tuple[str, ...]:
        """Tell in words what every value of a sample is used for; empty for values that are only recorded."""
        words = dict.fromkeys(self.channels, "")
        for point in self.format.points:
            words |= {point.x: f"gaze x, {point.eye}", point.y: f"gaze y, {point.eye}"}
            if point.quality:
                words[point.quality] = f"validity, {point.eye}"
        for eye, label in zip(("left", "right"), self.format.pupils, strict=True):
            if label and self._in_mm(label):
                words[label] = f"pupil, {eye}"
        return tuple(words[label] for label in self.channels)

    def _column(self, raw: FloatArray, label: str) -> FloatArray:
        return np.asarray(raw[:, self.channels.index(label)], dtype=np.float64)

    def _point(self, raw: FloatArray, point: GazePoint) -> FloatArray:
        """Return one eye's positions (n, 2) in the format's own space, NaN where lost."""
        xy = np.column_stack([self._column(raw, point.x), self._column(raw, point.y)])
        lost = ~(np.abs(xy) <= _FARTHEST).all(axis=1)  # NaN and infinity included
        if self.format.lost_xy is not None:
            lost |= (xy == self.format.lost_xy).all(axis=1)
        if self.format.missing is not None:
            lost |= (xy == self.format.missing).any(axis=1)
        if point.quality:
            low, high = self.format.quality_range
            quality = self._column(raw, point.quality)
            lost |= ~((quality >= low) & (quality <= high))
        xy[lost] = np.nan
        return xy

    def _pupils(self, raw: FloatArray) -> FloatArray:
        pupils = np.full((len(raw), 2), np.nan)
        for i, label in enumerate(self.format.pupils):
            if label in self.channels and self._in_mm(label):
                values = self._column(raw, label)
                sized = (values > 0) & (values <= _FARTHEST)
                pupils[:, i] = np.where(sized, values, np.nan) * self.format.pupil_mm_per_unit
        return pupils

    def _in_mm(self, label: str) -> bool:
        unit = self.units[self.channels.index(label)] if label in self.channels else "absent"
        return self.format.pupil_mm_per_unit > 0 and unit in _MM_UNITS


def recognise(
    stream: StreamDescription, remembered: Sequence[WireFormat] = (), alone: bool = False
) -> Profile:
    """Tell how to read a stream of gaze on the screen.

    What the user has chosen for a stream comes first. Then known tools are recognised by name and channels,
    then by identical channel metadata under another name, then any stream whose metadata follow the XDF gaze
    vocabulary with a unit that leaves no doubt.

    Args:
        stream: its description.
        remembered: formats that the user has chosen before.
        alone: nothing but these counts.

    Raises:
        ChannelsUnknown: it is not understood, or it is understood and is no gaze on a screen.
    """
    _refuse_unreadable(stream)
    found = _remembered(stream, remembered)
    if found is None and alone:
        raise _another(stream, remembered)
    found = found or _known(stream) or read_by_vocabulary(stream)
    if found is None:
        raise _unknown(stream)
    if found.refused:
        raise ChannelsUnknown(
            f"Stream {stream} is that of {found.tool}.",
            found.refused,
            _other_ways(found),
        )
    return Profile(found, stream.labels, stream.units)


def known_tool(stream: StreamDescription) -> WireFormat | None:
    """Return the known tool that publishes a stream, also one whose gaze is refused; None for another."""
    return _known(stream)


def recognise_scene(stream: StreamDescription, frame: Screen) -> Profile:
    """Tell how to read a stream of gaze in the picture of a head-worn camera.

    Args:
        stream: its description.
        frame: the picture: its size in px, and nothing else that matters.

    Returns:
        A profile that decodes to px of that picture, whatever screen it is given.

    Raises:
        ChannelsUnknown: it is no such stream.
    """
    _refuse_unreadable(stream)
    found = _known(stream)
    if found is None or found.space is not Space.SCENE_CAMERA or not found.used <= set(stream.labels):
        raise ChannelsUnknown(
            f"Stream {stream} is no gaze of a known head-worn tracker.",
            "A surface mapping turns gaze in the picture of a scene camera into gaze on the screen.",
            "Leave out the surface, or name the stream of Pupil Core, Pupil Invisible, Neon or SMI glasses.",
        )
    return Profile(found, stream.labels, stream.units, frame)


def format_named(profile: str) -> WireFormat:
    """Return the wire format with this profile name.

    Raises:
        ChannelsUnknown: there is none.
    """
    named = {known.profile: known for known in FORMATS}
    if profile in named:
        return named[profile]
    near = difflib.get_close_matches(profile.casefold(), named, n=3)
    meant = f"; did you mean {' or '.join(near)}?" if near else "."
    raise ChannelsUnknown(
        f"There is no stream profile {profile!r}{meant}",
        "A profile says how a tool writes gaze onto the wire.",
        f"Choose one of: {', '.join(sorted(named))}.",
    )


def _remembered(stream: StreamDescription, remembered: Sequence[WireFormat]) -> WireFormat | None:
    for known in remembered:
        if _named_like(known, stream) and known.channels == stream.channels_in_full:
            return known
    return None


def _known(stream: StreamDescription) -> WireFormat | None:
    for known in FORMATS:
        if _named_like(known, stream) and _channels_fit(known, stream):
            return known
    for known in FORMATS:
        if len(known.metadata) > 2 and known.metadata == stream.channels:
            return known
    return None


def _named_like(known: WireFormat, stream: StreamDescription) -> bool:
    return stream.type.casefold() in (known.type.casefold(), *_OLDER_TYPES) and any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), stream.name, re.DOTALL)
        for pattern in known.names
    )


def _channels_fit(known: WireFormat, stream: StreamDescription) -> bool:
    if known.by_name:
        return True
    if known.described == 0:
        return not stream.channels and stream.channel_count == len(known.channels)
    needed = known.used or frozenset(channel.label for channel in known.metadata)
    described = {channel.label: channel for channel in stream.channels[: stream.channel_count]}
    return all(
        channel.label in described and _same_meaning(channel, described[channel.label])
        for channel in known.metadata
        if channel.label in needed
    )


def _same_meaning(known: Channel, seen: Channel) -> bool:
    return (known.eye, known.unit, known.system) == (seen.eye, seen.unit, seen.system)


def _another(stream: StreamDescription, remembered: Sequence[WireFormat]) -> ChannelsUnknown:
    expected = "; ".join(f"{', '.join(one.names)} with {len(one.channels)} channels" for one in remembered)
    return ChannelsUnknown(
        f"Stream {stream} is not the one that the profile is for ({expected}), or its channels have changed.",
        "A profile read onto other channels would record plausible nonsense.",
        "Choose the stream it is for, or say anew what the channels are: gazetwin pick "
        f"{shlex.quote(stream.name)}.",
    )


def _refuse_unreadable(stream: StreamDescription) -> None:
    if stream.channel_count > MOST_CHANNELS:
        raise ChannelsUnknown(
            f"Stream {stream} claims more channels than any eye tracker has.",
            "It would be read and stored at a size that no recording could bear.",
            f"Check the program that publishes it; up to {MOST_CHANNELS} channels are accepted.",
        )
    if len(json.dumps((stream.labels, stream.units))) > _DESCRIBED_CHARACTERS:
        raise ChannelsUnknown(
            f"Stream {stream} describes its channels at a length that no recording has room for.",
            "Labels and units are kept with every recording.",
            f"Shorten them to {_DESCRIBED_CHARACTERS:,} characters in all.",
        )
    if stream.sends_text:
        raise ChannelsUnknown(
            f"Stream {stream} sends text.",
            "Gaze is numbers.",
            "Let its program publish float32 or double64, or choose another stream.",
        )


def _other_ways(found: WireFormat) -> str:
    if found.space is Space.SCENE_CAMERA:
        return (
            "Give a surface mapping (gazetwin record --surface FILE, see docs/trackers/surface.md), or "
            "choose a screen-based tracker."
        )
    return "Choose a screen-based tracker, or a bridge that publishes gaze mapped onto the screen."


def _unknown(stream: StreamDescription) -> ChannelsUnknown:
    seen = "; ".join(
        " ".join(filter(None, (c.label or "(no label)", c.eye, c.type, c.unit, c.system)))[:_SHOWN_CHARACTERS]
        for c in stream.channels[:_SHOWN_CHANNELS]
    )
    more = len(stream.channels) - _SHOWN_CHANNELS
    return ChannelsUnknown(
        f"Stream {stream} is not understood. Its channels: {seen or 'no channel is described'}"
        f"{f'; and {more} more' if more > 0 else ''}.",
        "Guessing which value is gaze, or its unit, would record plausible nonsense.",
        f"Say once what its channels are: gazetwin pick {shlex.quote(stream.name)}. Or give them the XDF "
        "gaze metadata (label, eye, type ScreenX and ScreenY, unit normalized or pixels). Known tools: "
        f"{', '.join(sorted({f.tool for f in FORMATS if not f.refused}))}.",
    )
