"""The four ways in which Tobii trackers reach Lab Streaming Layer.

Channel lists, claimed rates and conventions were read from each tool's own source code.
"""

from __future__ import annotations

from acquisition.streams import Channel
from acquisition.wire_format import Companion, Eye, GazePoint, Stamps, WireFormat

TOBII_PRO = WireFormat(
    profile="tobii-pro",
    tool="Tobii Pro application of labstreaminglayer",
    names=("Tobii",),
    type="Gaze",
    channels=tuple(
        channel
        for eye in ("left", "right")
        for channel in (
            Channel(f"{eye}_x", eye, "ScreenX", "screencoords"),
            Channel(f"{eye}_y", eye, "ScreenY", "screencoords"),
            Channel(f"{eye}_pupil", eye, "pupilsize"),
        )
    ),
    sample_type="float32",
    nominal_hz=600.0,
    points=(GazePoint("left", "left_x", "left_y"), GazePoint("right", "right_x", "right_y")),
    pupils=("left_pupil", "right_pupil"),
    pupil_mm_per_unit=1.0,
    source_id="Tobiiat_{}",
    about=(
        ("acquisition/manufacturer", "TobiiPro"),
        ("acquisition/model", "TODO"),  # literally
        ("acquisition/application", "TobiiProApp"),
        ("acquisition/precision", "24"),
    ),
    stamps=Stamps.DEVICE,
    caveat="The claimed 600 Hz is a constant of the publishing program, whatever the tracker delivers.",
)

TOBII_STREAM_ENGINE = WireFormat(
    profile="tobii-stream-engine",
    tool="Tobii Stream Engine application of labstreaminglayer",
    names=("TobiiStreamEngine",),
    type="gaze",
    channels=(Channel("channel 0"), Channel("channel 1")),
    described=0,
    sample_type="float32",
    nominal_hz=0.0,
    points=(GazePoint("both", "channel 0", "channel 1"),),
    source_id="",
    stamps=Stamps.DEVICE,
    skips_lost=True,
    caveat="Lost samples are not sent at all, and the device may stamp with a clock of its own.",
)


_EYES: tuple[Eye, Eye] = ("left", "right")


def _titta_eye(eye: str) -> tuple[Channel, ...]:
    def named(stem: str, kind: str, unit: str) -> Channel:
        return Channel(f"{stem}.{eye}_eye", eye, kind, unit)

    def flags(what: str) -> tuple[Channel, Channel]:
        return (
            named(f"valid.{what}", "ValidFlag", "bool"),
            named(f"available.{what}", "AvailableFlag", "bool"),
        )

    user, display = "position_in_user_coordinates", "position_on_display_area"
    return (
        *(named(f"{a}.{display}.gaze_point", f"Screen{a.upper()}", "normalized") for a in "xy"),
        *(named(f"{a}.{user}.gaze_point", f"Intersection{a.upper()}", "mm") for a in "xyz"),
        *flags("gaze_point"),
        named("diameter.pupil", "Diameter", "mm"),
        *flags("pupil"),
        *(named(f"{a}.{user}.gaze_origin", f"Pupil{a.upper()}", "mm") for a in "xyz"),
        *flags("gaze_origin"),
        named("diameter.eye_openness", "EyeLidDistance", "mm"),
        *flags("eye_openness"),
    )


def _titta_point(eye: Eye) -> GazePoint:
    place = f"position_on_display_area.gaze_point.{eye}_eye"
    return GazePoint(eye, f"x.{place}", f"y.{place}", f"valid.gaze_point.{eye}_eye")


_POSITIONING = (
    *(Channel(f"{axis}.user_position.left_eye", "left") for axis in "xyz"),
    Channel("valid.user_position.right_eye", "left"),  # so labelled: the label occurs twice
    *(Channel(f"{axis}.user_position.right_eye", "right") for axis in "xyz"),
    Channel("valid.user_position.right_eye", "right"),
)

TITTA = WireFormat(
    profile="titta",
    tool="TittaLSL",
    names=("Tobii_gaze",),
    type="Gaze",
    # The device's own stamp in s comes last and is not described.
    channels=(*_titta_eye("left"), *_titta_eye("right"), Channel("channel 36")),
    described=36,
    sample_type="double64",
    nominal_hz=300.0,
    claims_true_rate=True,
    points=(_titta_point("left"), _titta_point("right")),
    flags=tuple(
        (f"valid.{what}.{eye}_eye", eye) for eye in _EYES for what in ("pupil", "gaze_origin", "eye_openness")
    ),
    constants=tuple(
        (f"available.{what}.{eye}_eye", 1.0)
        for eye in _EYES
        for what in ("gaze_point", "pupil", "gaze_origin", "eye_openness")
    ),
    stamps_in=(("channel 36", 1.0),),
    pupils=("diameter.pupil.left_eye", "diameter.pupil.right_eye"),
    pupil_mm_per_unit=1.0,
    source_id="TittaLSL:Tobii_gaze@{}",
    companions=(
        Companion(
            "Tobii_externalSignal",
            "TTL",
            "TittaLSL:Tobii_externalSignal@{}",
            "int64",
            tuple(Channel("") for _ in range(4)),
        ),
        Companion(
            "Tobii_timeSync",
            "TimeSync",
            "TittaLSL:Tobii_timeSync@{}",
            "int64",
            tuple(Channel("") for _ in range(3)),
        ),
        Companion(
            "Tobii_positioning",
            "Positioning",
            "TittaLSL:Tobii_positioning@{}",
            "float32",
            _POSITIONING,
            (0.45, 0.5, 0.5, 1.0, 0.55, 0.5, 0.5, 1.0),
        ),
    ),
    stamps=Stamps.DEVICE,
)

TOBII_LEGACY = WireFormat(
    profile="tobii-legacy",
    tool="old Tobii application of labstreaminglayer",
    names=("Tobii",),
    type="Gaze",
    channels=tuple(
        Channel(f"{what}_{eye}", eye, what.replace("_", ""))
        for eye in ("left", "right")
        for what in ("Screen_X", "Screen_Y", "Pupil_X", "Pupil_Y", "Diameter", "Distance", "Confidence")
    ),
    sample_type="float32",
    nominal_hz=0.0,
    points=(
        GazePoint("left", "Screen_X_left", "Screen_Y_left", "Confidence_left"),
        GazePoint("right", "Screen_X_right", "Screen_Y_right", "Confidence_right"),
    ),
    quality_range=(0.0, 1.0),  # Tobii's validity code: 0 is best, 4 is lost, 2 and more are to be dropped
    lost_quality=4.0,
    lost_xy=-1.0,
    pupils=("Diameter_left", "Diameter_right"),
    pupil_mm_per_unit=1.0,
    source_id="Tobii_{}_tjtyjuff",
    about=(("acquisition/manufacturer", "Tobii"),),
    caveat="Its channels called confidence hold Tobii's validity code, where 0 is best and 4 is lost.",
)

TOBII: tuple[WireFormat, ...] = (TOBII_PRO, TOBII_STREAM_ENGINE, TITTA, TOBII_LEGACY)
