"""The table of known gaze streams. A new tool is one entry here and one line in ``FORMATS``.

Channel lists, claimed rates and conventions were read from each tool's own source code or documentation;
where a tool's metadata and its values disagree, the entry follows the values and says so.
"""

from __future__ import annotations

from acquisition.coordinates import Coordinates, Unit
from acquisition.refused_formats import REFUSED
from acquisition.streams import Channel
from acquisition.tobii_formats import TOBII
from acquisition.wire_format import GazePoint, Stamps, WireFormat

_PX = Coordinates(Unit.PX)


def _eye_position(eye: str, system: str = "") -> tuple[Channel, ...]:
    return tuple(
        Channel(f"EyePosition_{axis}_{eye}", eye, f"Position{axis}", "millimeters", system) for axis in "XYZ"
    )


def _screen(stem: str, eye: str, system: str = "", unit: str = "pixels") -> tuple[Channel, ...]:
    suffix = f"_{stem}" if stem else ""
    return (
        Channel(f"Screen_X{suffix}", eye, "ScreenX", unit, system),
        Channel(f"Screen_Y{suffix}", eye, "ScreenY", unit, system),
    )


GAZETWIN = WireFormat(
    profile="gazetwin",
    tool="GazeTwin's simulated viewer",
    names=("GazeTwin_Viewer",),
    type="Gaze",
    channels=tuple(
        channel
        for eye in ("left", "right")
        for channel in (
            Channel(f"{eye}_x", eye, "ScreenX", "normalized", "screen-space"),
            Channel(f"{eye}_y", eye, "ScreenY", "normalized", "screen-space"),
            Channel(f"{eye}_pupil", eye, "Diameter", "mm"),
            Channel(f"{eye}_valid", eye, "ValidFlag", "bool"),
        )
    ),
    sample_type="double64",
    nominal_hz=120.0,
    claims_true_rate=True,
    points=(
        GazePoint("left", "left_x", "left_y", "left_valid"),
        GazePoint("right", "right_x", "right_y", "right_valid"),
    ),
    pupils=("left_pupil", "right_pupil"),
    pupil_mm_per_unit=1.0,
    source_id="gazetwin-viewer-{}",
)

EYELINK = WireFormat(
    profile="eyelink",
    tool="EyeLink application of labstreaminglayer",
    names=("EyeLink",),
    type="Gaze",
    channels=tuple(
        Channel(label, type="eyetracking")
        for label in (
            "leftEyeX",
            "leftEyeY",
            "rightEyeX",
            "rightEyeY",
            "leftPupilArea",
            "rightPupilArea",
            "pixelsPerDegreeX",
            "pixelsPerDegreeY",
            "eyelink_timestamp",
            "LSL_timestamp",
        )
    ),
    sample_type="double64",
    nominal_hz=500.0,
    coordinates=_PX,
    points=(GazePoint("left", "leftEyeX", "leftEyeY"), GazePoint("right", "rightEyeX", "rightEyeY")),
    constants=(("pixelsPerDegreeX", 41.0), ("pixelsPerDegreeY", 41.0)),
    stamps_in=(("eyelink_timestamp", 1000.0), ("LSL_timestamp", 1.0)),
    lost_xy=0.0,
    missing=-32768.0,
    source_id="eyelink-{}",
    stamps=Stamps.PUSHED,
    caveat="Stamped when polled, not when sampled; pupils are areas in the tracker's own unit.",
)

GAZEPOINT = WireFormat(
    profile="gazepoint",
    tool="Gazepoint's LSL script",
    names=("GazepointEyeTracker",),
    type="gaze",
    channels=(
        Channel("FPOGX", type="gaze", unit="percent"),
        Channel("FPOGY", type="gaze", unit="percent"),
        Channel("FPOGS", unit="seconds"),
        Channel("FPOGD", unit="seconds"),
        Channel("FPOGID", unit="integer"),
        Channel("FPOGV", unit="boolean"),
    ),
    sample_type="float32",
    nominal_hz=60.0,
    coordinates=Coordinates(Unit.FRACTION),  # although the unit says percent
    points=(GazePoint("both", "FPOGX", "FPOGY", "FPOGV"),),
    lost_xy=0.0,
    source_id="gazepoint{}",
    about=(("manufacturer", "Gazepoint"),),  # not under acquisition
    stamps=Stamps.PUSHED,
    caveat="The device's own fixation positions, not raw gaze: smoother than any eye.",
)

EYELOGIC = WireFormat(
    profile="eyelogic",
    tool="EyeLogic-LSL",
    names=("EyeLogic",),
    type="Gaze",
    channels=(
        Channel("FrameNumber", type="FrameNumber", unit="number"),
        *_screen("raw", "both", "image-space"),
        *_screen("filtered", "both", "image-space"),
        *_screen("left", "left", "image-space"),
        *_screen("right", "right", "image-space"),
        Channel("Diameter_left", "left", "Diameter", "millimeters"),
        Channel("Diameter_right", "right", "Diameter", "millimeters"),
        *_eye_position("left", "world-space"),
        *_eye_position("right", "world-space"),
    ),
    sample_type="double64",
    nominal_hz=250.0,
    claims_true_rate=True,
    coordinates=_PX,
    points=(GazePoint("both", "Screen_X_raw", "Screen_Y_raw"),),
    also=(
        GazePoint("both", "Screen_X_filtered", "Screen_Y_filtered"),
        GazePoint("left", "Screen_X_left", "Screen_Y_left"),
        GazePoint("right", "Screen_X_right", "Screen_Y_right"),
    ),
    pupils=("Diameter_left", "Diameter_right"),
    pupil_mm_per_unit=2.0,  # the channels called diameter hold radii
    source_id="EyeLogic One | {}",
    about=(
        ("acquisition/manufacturer", "EyeLogic"),
        ("acquisition/model", "One"),
        # No name for an XML element: what a tool writes after it does not arrive.
        ("acquisition/serial number", "{}"),
    ),
    stamps=Stamps.PUSHED,
    caveat="Nothing is sent while nobody listens; the channels called diameter hold radii.",
)

SMI_RED = WireFormat(
    profile="smi-red",
    tool="SMI iViewX application of labstreaminglayer",
    names=("iViewX",),
    type="Gaze",
    channels=(
        *_screen("left", "left"),
        *_screen("right", "right"),
        Channel("Diameter_left", "left", "Diameter", "millimeters"),
        Channel("Diameter_right", "right", "Diameter", "millimeters"),
        *_eye_position("left"),
        *_eye_position("right"),
        Channel("PlaneNumber", type="Index"),
    ),
    sample_type="float32",
    nominal_hz=250.0,
    claims_true_rate=True,
    coordinates=_PX,
    points=(
        GazePoint("left", "Screen_X_left", "Screen_Y_left"),
        GazePoint("right", "Screen_X_right", "Screen_Y_right"),
    ),
    lost_xy=0.0,
    pupils=("Diameter_left", "Diameter_right"),
    pupil_mm_per_unit=1.0,
    source_id="iViewX_{}_s6786sdf45",
    about=(("acquisition/manufacturer", "SMI"), ("acquisition/model", "RED")),
    caveat="Pupil diameters are in mm from RED trackers only; others give pixels, which are left out.",
)

EYETRIBE = WireFormat(
    profile="eyetribe",
    tool="EyeTribe application of labstreaminglayer",
    names=("EyeTribe",),
    type="Gaze",
    channels=(
        *_screen("", "both"),
        *(
            Channel(f"{what}_{eye}", eye, what.replace("_", ""))
            for eye in ("left", "right")
            for what in ("Pupil_X", "Pupil_Y", "Diameter")
        ),
    ),
    sample_type="float32",
    nominal_hz=30.0,
    coordinates=_PX,
    points=(GazePoint("both", "Screen_X", "Screen_Y"),),
    lost_xy=0.0,
    source_id="EyeTribe",
    about=(("acquisition/manufacturer", "EyeTribe_Tracker"),),
    stamps=Stamps.PUSHED,
    caveat="Smoothed by the device; pupils have no length unit.",
)

FORMATS: tuple[WireFormat, ...] = (
    GAZETWIN,
    *TOBII,
    EYELINK,
    GAZEPOINT,
    EYELOGIC,
    SMI_RED,
    EYETRIBE,
    *REFUSED,
)
