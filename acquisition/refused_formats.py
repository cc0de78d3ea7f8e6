"""Streams that call themselves gaze and are no gaze on a screen: known, so that the refusal can say why.

Channel lists and conventions were read from each tool's own source code or documentation.
"""

from __future__ import annotations

from acquisition.streams import Channel
from acquisition.wire_format import Space, WireFormat

_SCENE = (
    "Its gaze is in the picture of a head-worn camera, which moves with the head; it says nothing about a "
    "position on the screen."
)


def _xyz(stem: str, eye: str, kind: str, system: str) -> tuple[Channel, ...]:
    return tuple(Channel(f"{stem}_{axis}", eye, kind + axis.upper(), "mm", system) for axis in "xyz")


PUPIL_CORE = WireFormat(
    profile="pupil-core",
    tool="LSL relay of Pupil Capture",
    names=("pupil_capture",),
    type="Gaze",
    channels=(
        Channel("confidence", "both", "Confidence", "normalized"),
        Channel("norm_pos_x", "both", "ScreenX", "normalized", "world"),
        Channel("norm_pos_y", "both", "ScreenY", "normalized", "world"),
        *_xyz("gaze_point_3d", "both", "Direction", "world"),
        *_xyz("eye_center0_3d", "right", "Position", "world"),
        *_xyz("eye_center1_3d", "left", "Position", "world"),
        *_xyz("gaze_normal0", "right", "Position", "world"),
        *_xyz("gaze_normal1", "left", "Position", "world"),
        Channel("diameter0_2d", "right", "Diameter", "pixels", "eye0"),
        Channel("diameter1_2d", "left", "Diameter", "pixels", "eye1"),
        Channel("diameter0_3d", "right", "Diameter", "mm", "eye0"),
        Channel("diameter1_3d", "left", "Diameter", "mm", "eye1"),
    ),
    sample_type="double64",
    nominal_hz=0.0,
    space=Space.SCENE_CAMERA,
    refused=_SCENE,
)

PUPIL_CORE_PUPILLOMETRY = WireFormat(
    profile="pupil-core-pupillometry",
    tool="LSL relay of Pupil Capture",
    names=("pupil_capture_pupillometry_only",),
    type="Gaze",
    channels=(
        Channel("confidence", "both", "Confidence", "normalized"),
        Channel("norm_pos_x", "both", "ScreenX", "normalized", "eye"),
        Channel("norm_pos_y", "both", "ScreenY", "normalized", "eye"),
        Channel("diameter0_2d", "right", "Diameter", "pixels", "eye0"),
        Channel("diameter1_2d", "left", "Diameter", "pixels", "eye1"),
        Channel("diameter0_3d", "right", "Diameter", "mm", "eye0"),
        Channel("diameter1_3d", "left", "Diameter", "mm", "eye1"),
    ),
    sample_type="double64",
    nominal_hz=0.0,
    space=Space.EYE_CAMERA,
    refused="It holds pupil positions in the pictures of the eye cameras, although it calls itself gaze.",
)

PUPIL_RELAY = WireFormat(
    profile="pupil-relay",
    tool="Pupil Labs lsl-relay (Invisible, Neon)",
    names=("*_Gaze",),
    type="Gaze",
    # Older relays write the channel type under another key, so it arrives empty.
    channels=(Channel("x", "both", "", "pixels", "world"), Channel("y", "both", "", "pixels", "world")),
    sample_type="double64",
    nominal_hz=0.0,
    space=Space.SCENE_CAMERA,
    source_id="{}_Gaze",
    refused=_SCENE,
)

NEON_APP = WireFormat(
    profile="neon-app",
    tool="Neon Companion app",
    names=("*Neon Gaze",),
    type="Gaze",
    channels=(),  # x and y, and per-eye columns when the app computes them
    sample_type="float32",
    nominal_hz=200.0,
    space=Space.SCENE_CAMERA,
    refused=_SCENE,
)

SMI_GLASSES = WireFormat(
    profile="smi-glasses",
    tool="SMI iViewNG application of labstreaminglayer",
    names=("iViewNG-Gaze",),
    type="Gaze",
    channels=(),
    sample_type="float32",
    nominal_hz=0.0,
    space=Space.SCENE_CAMERA,
    refused=_SCENE,
)

REFUSED: tuple[WireFormat, ...] = (PUPIL_CORE, PUPIL_CORE_PUPILLOMETRY, PUPIL_RELAY, NEON_APP, SMI_GLASSES)
