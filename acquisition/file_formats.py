"""How files of other programs write gaze, eye by eye: read as streams are, so that imports decode alike."""

from __future__ import annotations

from acquisition.coordinates import Coordinates, Unit
from acquisition.wire_format import GazePoint, WireFormat

TOBII_TSV = WireFormat(
    profile="tobii-tsv",
    tool="Tobii, samples of both eyes as tab-separated text",
    names=(),
    type="",
    channels=(),
    sample_type="double64",
    nominal_hz=0.0,
    points=(
        GazePoint("left", "LGazePos2dx", "LGazePos2dy", "LValidity"),
        GazePoint("right", "RGazePos2dx", "RGazePos2dy", "RValidity"),
    ),
    quality_range=(0.0, 3.0),
    missing=-1.0,
    pupils=("LPupilDm", "RPupilDm"),
    pupil_mm_per_unit=1.0,
)

TOBII_PRO_LAB = WireFormat(
    profile="tobii-pro-lab",
    tool="Tobii Pro Lab, data export as tab-separated text",
    names=(),
    type="",
    channels=(),
    sample_type="double64",
    nominal_hz=0.0,
    coordinates=Coordinates(Unit.PX),
    points=(
        GazePoint("left", "Gaze point left X", "Gaze point left Y", "Validity left"),
        GazePoint("right", "Gaze point right X", "Gaze point right Y", "Validity right"),
    ),
    pupils=("Pupil diameter left", "Pupil diameter right"),
    pupil_mm_per_unit=1.0,
)

EYELINK_ASC = WireFormat(
    profile="eyelink-asc",
    tool="EyeLink, converted by edf2asc",
    names=(),
    type="",
    channels=(),
    sample_type="double64",
    nominal_hz=0.0,
    coordinates=Coordinates(Unit.PX),
    points=(GazePoint("left", "left_x", "left_y"), GazePoint("right", "right_x", "right_y")),
)

FILE_FORMATS: tuple[WireFormat, ...] = (TOBII_TSV, TOBII_PRO_LAB, EYELINK_ASC)
