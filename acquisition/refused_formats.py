"""Streams that call themselves gaze and are no gaze on a screen: known, so that the refusal can say why.

Channel lists and conventions were read from each tool's own source code or documentation.
"""

from __future__ import annotations

from acquisition.coordinates import Coordinates, Origin, Unit
from acquisition.streams import Channel
from acquisition.wire_format import Companion, GazePoint, Space, Stamps, WireFormat

_SCENE = (
    "Its gaze is in the picture of a head-worn camera, which moves with the head; it says nothing about a "
    "position on the screen."
)
_SCENE_PX = Coordinates(Unit.PX)


def _xyz(stem: str, eye: str, kind: str, system: str) -> tuple[Channel, ...]:
    return tuple(Channel(f"{stem}_{axis}", eye, kind + axis.upper(), "mm", system) for axis in "xyz")


_CONFIDENCE = Channel("confidence", "both", "Confidence", "normalized")
_DIAMETERS = (
    Channel("diameter0_2d", "right", "Diameter", "pixels", "eye0"),
    Channel("diameter1_2d", "left", "Diameter", "pixels", "eye1"),
    Channel("diameter0_3d", "right", "Diameter", "mm", "eye0"),
    Channel("diameter1_3d", "left", "Diameter", "mm", "eye1"),
)


def _norm_pos(system: str) -> tuple[Channel, ...]:
    return tuple(
        Channel(f"norm_pos_{axis}", "both", f"Screen{axis.upper()}", "normalized", system) for axis in "xy"
    )


def _fixation(label: str, what: str, unit: str = "") -> Channel:
    return Channel(label, "both", f"com.pupil-labs.fixation.{what}", unit)


_PUPILLOMETRY = (_CONFIDENCE, *_norm_pos("eye"), *_DIAMETERS)

PUPIL_CORE = WireFormat(
    profile="pupil-core",
    tool="LSL relay of Pupil Capture",
    names=("pupil_capture",),
    type="Gaze",
    channels=(
        _CONFIDENCE,
        *_norm_pos("world"),
        *_xyz("gaze_point_3d", "both", "Direction", "world"),
        *_xyz("eye_center0_3d", "right", "Position", "world"),  # eye 0 is the right one
        *_xyz("eye_center1_3d", "left", "Position", "world"),
        *_xyz("gaze_normal0", "right", "Position", "world"),
        *_xyz("gaze_normal1", "left", "Position", "world"),
        *_DIAMETERS,
    ),
    sample_type="double64",
    nominal_hz=0.0,
    space=Space.SCENE_CAMERA,
    coordinates=Coordinates(Unit.FRACTION, Origin.BOTTOM_LEFT),
    points=(GazePoint("both", "norm_pos_x", "norm_pos_y", "confidence"),),
    quality_range=(0.6, 1.0),  # Pupil's own threshold
    pupils=("diameter1_3d", "diameter0_3d"),
    pupil_mm_per_unit=1.0,
    about=(("pupil_lsl_relay_version", "2.3"),),
    companions=(
        Companion(
            "pupil_capture_fixations",
            "Fixations",
            "{}-fixations",
            "double64",
            (
                _fixation("fixation id", "id"),
                _CONFIDENCE,
                *_norm_pos("world"),
                _fixation("dispersion", "dispersion", "degree"),
                _fixation("duration", "duration", "milliseconds"),
                _fixation("method", "method"),
            ),
            (7.0, 1.0, 0.5, 0.5, 0.9, 120.0, 3.0),
        ),
        Companion(
            "pupil_capture_pupillometry_only",
            "Gaze",
            "{}-pupillometry",
            "double64",
            _PUPILLOMETRY,
            (1.0, 0.5, 0.5, 40.0, 41.0, 3.0, 3.1),
        ),
    ),
    by_name=True,
    refused=_SCENE,
)

PUPIL_CORE_PUPILLOMETRY = WireFormat(
    profile="pupil-core-pupillometry",
    tool="LSL relay of Pupil Capture",
    names=("pupil_capture_pupillometry_only",),
    type="Gaze",
    channels=_PUPILLOMETRY,
    sample_type="double64",
    nominal_hz=0.0,
    space=Space.EYE_CAMERA,
    coordinates=Coordinates(Unit.FRACTION, Origin.BOTTOM_LEFT),
    by_name=True,
    refused="It holds pupil positions in the pictures of the eye cameras, although it calls itself gaze.",
)

PUPIL_RELAY = WireFormat(
    profile="pupil-relay",
    tool="Pupil Labs lsl-relay (Invisible, Neon)",
    names=("pupil_labs_Gaze", "*_Gaze"),
    type="Gaze",
    channels=(
        Channel("x", "both", "ScreenX", "pixels", "world"),
        Channel("y", "both", "ScreenY", "pixels", "world"),
    ),
    sample_type="double64",
    nominal_hz=0.0,
    space=Space.SCENE_CAMERA,
    coordinates=_SCENE_PX,
    points=(GazePoint("both", "x", "y"),),
    source_id="{}_Gaze",
    type_key="metatype",
    about=(
        ("acquisition/manufacturer", "Pupil Labs"),
        ("acquisition/model", "Neon"),
        ("acquisition/serial_number", "{}"),
        ("acquisition/lsl_relay_version", "3.1.1"),
        ("acquisition/session_id", "{}"),
        ("acquisition/clock_offset_ns", "0"),
    ),
    companions=(
        Companion(
            "pupil_labs_Event",
            "Event",
            "{}_Event",
            "string",
            (Channel("Event"),),
            ("lsl.time_sync.stand-in.0",),
        ),
    ),
    stamps=Stamps.DEVICE,
    refused=_SCENE,
)

NEON_APP = WireFormat(
    profile="neon-app",
    tool="Neon Companion app",
    names=("*Neon Gaze",),
    type="Gaze",
    # With eye state on, the app adds columns per eye.
    channels=(Channel("x", "both", "ScreenX", "pixels"), Channel("y", "both", "ScreenY", "pixels")),
    sample_type="float32",
    nominal_hz=200.0,
    space=Space.SCENE_CAMERA,
    coordinates=_SCENE_PX,
    points=(GazePoint("both", "x", "y"),),
    companions=(
        Companion("Neon Companion_Neon Events", "Event", "{}-events", "string", (Channel("Event"),)),
    ),
    by_name=True,
    refused=_SCENE,
)


def _both_eyes(stem: str, kind: str, unit: str) -> tuple[Channel, ...]:
    return tuple(Channel(f"{stem}_{eye}", eye, kind, unit) for eye in ("left", "right"))


def _in_space(stem: str, kind: str, unit: str) -> tuple[Channel, ...]:
    return tuple(
        Channel(f"{stem}_{axis}_{eye}", eye, f"{kind}{axis}", unit)
        for eye in ("left", "right")
        for axis in "XYZ"
    )


SMI_GLASSES = WireFormat(
    profile="smi-glasses",
    tool="SMI iViewNG application of labstreaminglayer",
    names=("iViewNG-Gaze",),
    type="Gaze",
    channels=(
        *(
            Channel(f"Screen_{axis}_{eye}", eye, f"Screen{axis}", "pixels")
            for eye in ("both", "left", "right")
            for axis in "XY"
        ),
        *_both_eyes("PupilRadius", "Radius", "millimeters"),
        *_in_space("EyePosition", "Position", "millimeters"),
        *_in_space("EyeDirection", "Direction", "normalized"),
        *_both_eyes("PupilConfidence", "Confidence", "normalized"),
        *_both_eyes("EyeballUncertainty", "Uncertainty", "custom"),
        *(Channel(f"{what}FrameNumber", "both", "FrameNumber", "integer") for what in ("Scene", "Eye")),
    ),
    sample_type="float32",
    nominal_hz=30.0,
    claims_true_rate=True,
    space=Space.SCENE_CAMERA,
    coordinates=_SCENE_PX,
    points=(GazePoint("both", "Screen_X_both", "Screen_Y_both"),),
    also=(
        GazePoint("left", "Screen_X_left", "Screen_Y_left"),
        GazePoint("right", "Screen_X_right", "Screen_Y_right"),
    ),
    lost_xy=0.0,
    pupils=("PupilRadius_left", "PupilRadius_right"),
    pupil_mm_per_unit=2.0,
    source_id="iViewNG-Gaze_{}",
    about=(
        ("acquisition/manufacturer", "SMI"),
        ("acquisition/model", "ETG"),
        ("acquisition/serial_number", "{}"),
    ),
    by_name=True,
    refused=_SCENE,
)

REFUSED: tuple[WireFormat, ...] = (PUPIL_CORE, PUPIL_CORE_PUPILLOMETRY, PUPIL_RELAY, NEON_APP, SMI_GLASSES)
