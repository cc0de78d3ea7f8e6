"""Profile files: what the channels of one lab's stream are, as its people have said; to keep and to share.

The format is documented in docs/trackers/profiles.md.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from acquisition.coordinates import Coordinates, Origin, Unit
from acquisition.streams import Channel, StreamDescription
from acquisition.wire_format import GazePoint, WireFormat
from acquisition.wire_formats import FORMATS
from protocols.errors import ProfileInvalid

FORMAT = "gazetwin-profile/1"

_KNOWN = frozenset(known.profile for known in FORMATS)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ChannelEntry(_Table):
    """A channel as the stream describes it, in order; ``channel N`` for one without a label."""

    label: str = Field(min_length=1)
    eye: str = ""
    type: str = ""
    unit: str = ""
    system: str = ""


class PointEntry(_Table):
    """One gaze point within a sample, by labels; ``quality`` is a validity or confidence channel."""

    eye: Literal["left", "right", "both"]
    x: str
    y: str
    quality: str = ""


class PupilEntry(_Table):
    """Pupil channels by labels, and the factor from their values to a diameter in mm."""

    left: str = ""
    right: str = ""
    mm_per_unit: float = Field(default=1.0, gt=0)


class PickedProfile(_Table):
    """A profile file.

    Attributes:
        format: version of the file format.
        profile: short name, which appears in recordings.
        stream: name of the stream; ``*`` stands for anything.
        type: its content type, as spelt.
        unit: of the gaze coordinates.
        origin: of the gaze coordinates.
        valid: closed range of the quality channels that means valid.
        lost_xy: what x and y both hold for a lost eye; NaN always means lost.
        missing: what either coordinate holds when it is missing.
        point: gaze points, averaged over those that are valid.
        pupils: pupil channels, if there are any.
        channel: all channels of the stream in order; the profile is used when these are the same.
    """

    format: Literal["gazetwin-profile/1"]
    profile: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    stream: str = Field(min_length=1)
    type: str
    unit: Unit
    origin: Origin = Origin.TOP_LEFT
    valid: tuple[float, float] | None = None
    lost_xy: float | None = None
    missing: float | None = None
    point: Annotated[tuple[PointEntry, ...], Field(min_length=1, max_length=3)]
    pupils: PupilEntry | None = None
    channel: Annotated[tuple[ChannelEntry, ...], Field(min_length=2, max_length=1000)]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        labels = [channel.label for channel in self.channel]
        if len(set(labels)) < len(labels):
            raise ValueError("two channels have the same label")
        for label in self._used():
            if label not in labels:
                raise ValueError(f"there is no channel {label!r}")
        if any(point.x == point.y for point in self.point):
            raise ValueError("x and y of a point are one channel")
        if len({point.eye for point in self.point}) < len(self.point):
            raise ValueError("two points are of the same eye")
        judged = any(point.quality for point in self.point)
        if judged and self.valid is None:
            raise ValueError("a quality channel needs valid = [lowest, highest]")
        if self.valid is not None and self.valid[0] > self.valid[1]:
            low, high = self.valid
            raise ValueError(f"valid = [{low:g}, {high:g}]: the lowest must not exceed the highest")
        if self.valid is not None and not judged:
            raise ValueError("valid is given, and no point has a quality channel")
        if self.profile in _KNOWN:
            raise ValueError(f"{self.profile!r} is the name of a known tool")
        return self

    def wire_format(self) -> WireFormat:
        """Return it as the table of known tools has them."""
        pupils = self.pupils or PupilEntry()
        return WireFormat(
            profile=self.profile,
            tool=f"the stream {self.stream}, by a profile file",
            names=(self.stream,),
            type=self.type,
            channels=tuple(Channel(c.label, c.eye, c.type, c.unit, c.system) for c in self.channel),
            sample_type="double64",
            nominal_hz=0.0,
            coordinates=Coordinates(self.unit, self.origin),
            points=tuple(GazePoint(p.eye, p.x, p.y, p.quality) for p in self.point),
            quality_range=self.valid or (1.0, 1.0),
            lost_quality=math.nan if self.valid is None else self.valid[0] - 1.0,
            lost_xy=self.lost_xy,
            missing=self.missing,
            pupils=(pupils.left, pupils.right),
            pupil_mm_per_unit=pupils.mm_per_unit if self.pupils else 0.0,
            source_id=f"{self.profile}-{{}}",
            file=self.text(),
            caveat="Read as a person has said, by a profile file.",
        )

    def text(self) -> str:
        """Return the file."""
        return "\n".join(self._lines()) + "\n"

    def _used(self) -> Iterator[str]:
        for point in self.point:
            yield from filter(None, (point.x, point.y, point.quality))
        if self.pupils:
            yield from filter(None, (self.pupils.left, self.pupils.right))

    def _lines(self) -> Iterator[str]:
        whole = self.model_dump(mode="json", exclude_none=True)
        tables = {name: whole.pop(name) for name in ("point", "pupils", "channel") if name in whole}
        yield from (f"{key} = {_toml(value)}" for key, value in whole.items())
        for name, table in tables.items():
            for entry in table if isinstance(table, list) else [table]:
                yield ""
                yield f"[[{name}]]" if isinstance(table, list) else f"[{name}]"
                yield from (f"{key} = {_toml(value)}" for key, value in entry.items() if value != "")


def described_channels(stream: StreamDescription) -> tuple[ChannelEntry, ...]:
    """Return a stream's channels as a profile file lists them."""
    return tuple(
        ChannelEntry(label=c.label, eye=c.eye, type=c.type, unit=c.unit, system=c.system)
        for c in stream.channels_in_full
    )


def read_profile(path: Path) -> PickedProfile:
    """Read a profile file.

    Raises:
        ProfileInvalid: there is none, or it breaks the rules.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(str(path), str(error)) from error
    return profile_of_text(text, str(path))


def profile_of_text(text: str, where: str) -> PickedProfile:
    """Read the text of a profile file; ``where`` it is from is told when it breaks the rules.

    Raises:
        ProfileInvalid: it breaks the rules.
    """
    try:
        return PickedProfile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(where, str(error)) from error
    except ValidationError as error:
        raise _invalid(where, explained(error)) from error


def explained(error: ValidationError) -> str:
    """Tell in one line what breaks the rules."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())


def _toml(value: object) -> str:
    # A JSON value is a TOML value, but for one character that JSON lets stand.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _invalid(where: str, how: str) -> ProfileInvalid:
    return ProfileInvalid(
        f"{where} is no profile file: {how}.",
        "It says which values of a stream are gaze; a wrong one would record plausible nonsense.",
        f'See docs/trackers/profiles.md; the first line is format = "{FORMAT}". gazetwin pick writes one.',
    )
