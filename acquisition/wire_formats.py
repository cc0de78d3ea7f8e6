"""The table of known gaze streams. A new tool is one entry here and one line in ``FORMATS``.

Channel lists, claimed rates and conventions were read from each tool's own source code or documentation;
where a tool's metadata and its values disagree, the entry follows the values and says so.
"""

from __future__ import annotations

from acquisition.refused_formats import REFUSED
from acquisition.streams import Channel
from acquisition.wire_format import Eye, GazePoint, Space, WireFormat


def _eye_position(eye: str) -> tuple[Channel, ...]:
    return tuple(Channel(f"EyePosition_{a}_{eye}", eye, f"Position{a}", "mm", "world-space") for a in "XYZ")


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
    space=Space.DISPLAY_FRACTION,
    points=(
        GazePoint("left", "left_x", "left_y", "left_valid"),
        GazePoint("right", "right_x", "right_y", "right_valid"),
    ),
    pupils=("left_pupil", "right_pupil"),
    pupil_mm_per_unit=1.0,
    source_id="gazetwin-viewer-{}",
)

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
    space=Space.DISPLAY_FRACTION,
    points=(GazePoint("left", "left_x", "left_y"), GazePoint("right", "right_x", "right_y")),
    pupils=("left_pupil", "right_pupil"),
    pupil_mm_per_unit=1.0,
    source_id="Tobiiat_{}",
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
    space=Space.DISPLAY_FRACTION,
    points=(GazePoint("both", "channel 0", "channel 1"),),
    source_id="",
    skips_lost=True,
    caveat="Lost samples are not sent at all, and the device may stamp with a clock of its own.",
)


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


TITTA = WireFormat(
    profile="titta",
    tool="TittaLSL",
    names=("Tobii_gaze",),
    type="Gaze",
    # The device's own stamp comes last and is not described.
    channels=(*_titta_eye("left"), *_titta_eye("right"), Channel("channel 36")),
    described=36,
    sample_type="double64",
    nominal_hz=300.0,
    space=Space.DISPLAY_FRACTION,
    points=(_titta_point("left"), _titta_point("right")),
    pupils=("diameter.pupil.left_eye", "diameter.pupil.right_eye"),
    pupil_mm_per_unit=1.0,
    source_id="TittaLSL:Tobii_gaze@{}",
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
    space=Space.DISPLAY_PX,
    points=(GazePoint("left", "leftEyeX", "leftEyeY"), GazePoint("right", "rightEyeX", "rightEyeY")),
    lost_xy=0.0,
    missing=-32768.0,
    source_id="eyelink-{}",
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
    space=Space.DISPLAY_FRACTION,  # although the unit says percent
    points=(GazePoint("both", "FPOGX", "FPOGY", "FPOGV"),),
    lost_xy=0.0,
    source_id="gazepoint{}",
    caveat="The device's own fixation positions, not raw gaze: smoother than any eye.",
)

EYELOGIC = WireFormat(
    profile="eyelogic",
    tool="EyeLogic-LSL",
    names=("EyeLogic",),
    type="Gaze",
    channels=(
        Channel("FrameNumber", "both", "FrameNumber"),
        *_screen("raw", "both", "image-space"),
        *_screen("filtered", "both", "image-space"),
        *_screen("left", "left", "image-space"),
        *_screen("right", "right", "image-space"),
        Channel("Diameter_left", "left", "Diameter", "mm"),
        Channel("Diameter_right", "right", "Diameter", "mm"),
        *_eye_position("left"),
        *_eye_position("right"),
    ),
    sample_type="double64",
    nominal_hz=250.0,
    space=Space.DISPLAY_PX,
    points=(GazePoint("both", "Screen_X_raw", "Screen_Y_raw"),),
    pupils=("Diameter_left", "Diameter_right"),
    pupil_mm_per_unit=2.0,  # the channels called diameter hold radii
    source_id="EyeLogic One | {}",
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
        Channel("PlaneNumber", type="PlaneNumber", unit="Index"),
    ),
    sample_type="float32",
    nominal_hz=250.0,
    space=Space.DISPLAY_PX,
    points=(
        GazePoint("left", "Screen_X_left", "Screen_Y_left"),
        GazePoint("right", "Screen_X_right", "Screen_Y_right"),
    ),
    lost_xy=0.0,
    pupils=("Diameter_left", "Diameter_right"),
    pupil_mm_per_unit=1.0,
    source_id="iViewX_{}",
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
    space=Space.DISPLAY_PX,
    points=(GazePoint("both", "Screen_X", "Screen_Y"),),
    lost_xy=0.0,
    source_id="EyeTribe",
    caveat="Smoothed by the device; pupils have no length unit.",
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
    space=Space.DISPLAY_FRACTION,
    points=(
        GazePoint("left", "Screen_X_left", "Screen_Y_left", "Confidence_left"),
        GazePoint("right", "Screen_X_right", "Screen_Y_right", "Confidence_right"),
    ),
    quality_range=(0.0, 1.0),  # Tobii's validity code: 0 is best, 4 is lost, 2 and more are to be dropped
    pupils=("Diameter_left", "Diameter_right"),
    pupil_mm_per_unit=1.0,
    source_id="Tobii_{}_tjtyjuff",
)

FORMATS: tuple[WireFormat, ...] = (
    GAZETWIN,
    TOBII_PRO,
    TOBII_STREAM_ENGINE,
    TITTA,
    EYELINK,
    GAZEPOINT,
    EYELOGIC,
    SMI_RED,
    EYETRIBE,
    TOBII_LEGACY,
    *REFUSED,
)
