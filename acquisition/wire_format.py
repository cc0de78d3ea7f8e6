"""How one eye-tracking tool writes gaze onto the wire: the vocabulary of the table in ``wire_formats``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from acquisition.coordinates import Coordinates, Unit
from acquisition.streams import Channel

Eye = Literal["left", "right", "both"]
EYES: tuple[Eye, ...] = ("left", "right", "both")
SampleType = Literal["float32", "double64", "int64", "string"]
_DISPLAY_FRACTION = Coordinates(Unit.FRACTION)


class Space(Enum):
    """In which picture a format's coordinates are. Only the display is gaze on a screen."""

    DISPLAY = "the display"
    SCENE_CAMERA = "the picture of a head-worn camera"
    EYE_CAMERA = "the picture of an eye camera"


class Stamps(Enum):
    """What the time stamp of a sample means."""

    SAMPLED = "when it was sampled, in LSL time"
    PUSHED = "when it was pushed, which adds the tool's delay"
    DEVICE = "when it was sampled, by the tracker's clock, which may be another than LSL's"


@dataclass(frozen=True, slots=True)
class GazePoint:
    """One gaze point within a sample.

    Attributes:
        eye: whose.
        x: label of the horizontal channel.
        y: label of the vertical channel.
        quality: label of a validity or confidence channel, empty for none.
    """

    eye: Eye
    x: str
    y: str
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Companion:
    """A further stream that a tool publishes beside its gaze, and that is not gaze.

    Attributes:
        name: stream name.
        type: content type.
        source_id: pattern, ``{}`` stands for the device.
        sample_type: of its values.
        channels: described channels.
        sample: what the stand-in sends once a second; nothing when empty.
    """

    name: str
    type: str
    source_id: str
    sample_type: SampleType
    channels: tuple[Channel, ...]
    sample: tuple[float, ...] | tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WireFormat:
    """One tool's stream, for reading and for imitating it.

    Attributes:
        profile: short name, as in ``tracker --as``.
        tool: the program that publishes it.
        names: stream names it uses; ``*`` stands for anything.
        type: content type, in the tool's own spelling.
        channels: every value of a sample in order, with the metadata the tool writes.
        described: how many of ``channels`` the tool really describes; the rest have no metadata.
        sample_type: ``float32`` or ``double64``.
        nominal_hz: the rate it claims, 0 for irregular.
        claims_true_rate: it claims the rate of the tracker instead, whatever that is.
        space: in which picture its coordinates are.
        coordinates: their unit and origin.
        points: the gaze points to use; several are averaged over those that are valid.
        also: gaze points that the tool writes too, and that are not used.
        flags: channels that are 1 while an eye is found and 0 while it is lost, with the eye.
        constants: channels that always hold one value.
        stamps_in: channels that hold the sample's time, with their units per s.
        quality_range: closed range of the quality channel that means valid.
        lost_quality: what the quality channel holds for a lost eye.
        lost_xy: the coordinate a tool writes for an eye it does not find (both x and y); NaN is always lost.
        missing: a value that makes either coordinate lost, written in blinks of a tracked eye.
        pupils: labels of the left and right pupil channels, empty for none.
        pupil_mm_per_unit: factor to a diameter in mm; 0 when the values are in no length unit.
        source_id: pattern for imitating the tool, ``{}`` stands for the device.
        type_key: under which key a channel's type is described.
        about: further metadata as the tool writes them, paths such as ``acquisition/model`` with values.
        companions: what else the tool publishes.
        stamps: what its time stamps mean.
        by_name: its name says enough; versions of the tool describe their channels differently.
        skips_lost: the tool does not send samples in which no eye was found.
        refused: why this is no gaze on a screen; empty when it is.
        file: text of the profile file that says all this, empty for a known tool.
        caveat: what a researcher should know about the values.
    """

    profile: str
    tool: str
    names: tuple[str, ...]
    type: str
    channels: tuple[Channel, ...]
    sample_type: Literal["float32", "double64"]
    nominal_hz: float
    space: Space = Space.DISPLAY
    coordinates: Coordinates = _DISPLAY_FRACTION
    points: tuple[GazePoint, ...] = ()
    also: tuple[GazePoint, ...] = ()
    flags: tuple[tuple[str, Eye], ...] = ()
    constants: tuple[tuple[str, float], ...] = ()
    stamps_in: tuple[tuple[str, float], ...] = ()
    described: int = -1
    claims_true_rate: bool = False
    quality_range: tuple[float, float] = (1.0, 1.0)
    lost_quality: float = 0.0
    lost_xy: float | None = None
    missing: float | None = None
    pupils: tuple[str, str] = ("", "")
    pupil_mm_per_unit: float = 0.0
    source_id: str = "{}"
    type_key: Literal["type", "metatype"] = "type"
    about: tuple[tuple[str, str], ...] = ()
    companions: tuple[Companion, ...] = ()
    stamps: Stamps = Stamps.SAMPLED
    by_name: bool = False
    skips_lost: bool = False
    refused: str = ""
    file: str = ""
    caveat: str = ""

    @property
    def metadata(self) -> tuple[Channel, ...]:
        """The channels as the tool describes them."""
        return self.channels if self.described < 0 else self.channels[: self.described]

    @property
    def used(self) -> frozenset[str]:
        """Labels that decoding needs."""
        gaze = {label for point in self.points for label in (point.x, point.y, point.quality)}
        return frozenset(gaze - {""})
