"""How one eye-tracking tool writes gaze onto the wire: the vocabulary of the table in ``wire_formats``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from acquisition.streams import Channel

Eye = Literal["left", "right", "both"]
EYES: tuple[Eye, ...] = ("left", "right", "both")


class Space(Enum):
    """Where a format's coordinates live. Only the two displays are gaze on a screen."""

    DISPLAY_FRACTION = "fraction of the display, origin top left"
    DISPLAY_PX = "display pixels, origin top left"
    SCENE_CAMERA = "the picture of a head-worn camera"
    EYE_CAMERA = "the picture of an eye camera"


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
        space: what its coordinates are.
        points: the gaze points to use; several are averaged over those that are valid.
        quality_range: closed range of the quality channel that means valid.
        lost_xy: the coordinate a tool writes for a lost eye (both x and y); NaN is always lost.
        missing: a value that makes either coordinate lost.
        pupils: labels of the left and right pupil channels, empty for none.
        pupil_mm_per_unit: factor to a diameter in mm; 0 when the values are in no length unit.
        source_id: pattern for imitating the tool, ``{}`` stands for the device.
        skips_lost: the tool does not send samples in which no eye was found.
        refused: why this is no gaze on a screen; empty when it is.
        caveat: what a researcher should know about the values.
    """

    profile: str
    tool: str
    names: tuple[str, ...]
    type: str
    channels: tuple[Channel, ...]
    sample_type: Literal["float32", "double64"]
    nominal_hz: float
    space: Space
    points: tuple[GazePoint, ...] = ()
    described: int = -1
    quality_range: tuple[float, float] = (1.0, 1.0)
    lost_xy: float | None = None
    missing: float | None = None
    pupils: tuple[str, str] = ("", "")
    pupil_mm_per_unit: float = 0.0
    source_id: str = "{}"
    skips_lost: bool = False
    refused: str = ""
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
