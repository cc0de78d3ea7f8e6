"""Gaze of the left and the right eye apart, decoded from the raw channels of a sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from acquisition.file_formats import FILE_FORMATS
from acquisition.profile_file import FORMAT as PROFILE_FORMAT
from acquisition.profile_file import profile_of_text
from acquisition.profiles import Profile, format_named
from acquisition.source import SourceInfo
from acquisition.wire_format import WireFormat
from protocols.errors import ChannelsUnknown
from protocols.geometry import FloatArray, Screen

OneEye = Literal["left", "right"]
EYES: tuple[OneEye, OneEye] = ("left", "right")


def eyes_px(profile: Profile, raw: FloatArray, screen: Screen) -> FloatArray:
    """Decode each eye by itself.

    Args:
        profile: how to read the samples.
        raw: shape (n, channels), as delivered.
        screen: the display that the gaze refers to.

    Returns:
        Left and right eye, shape (n, 2, 2), in px; NaN where an eye is lost or not told apart.
    """
    return np.stack([_one_eye_px(profile, eye, raw, screen) for eye in EYES], axis=1)


def recorded_eyes_px(source: SourceInfo, raw: FloatArray, screen: Screen) -> FloatArray:
    """Decode each eye of recorded samples; all NaN when the recording does not say how, see ``eyes_px``."""
    of_files = {known.profile: known for known in FILE_FORMATS}
    try:
        known = of_files.get(source.profile) or read_by_file(source) or format_named(source.profile)
        profile = Profile(known, source.channels, source.units)
    except ChannelsUnknown:
        return np.full((len(raw), 2, 2), np.nan)
    return eyes_px(profile, raw, screen)


def read_by_file(source: SourceInfo) -> WireFormat | None:
    """Return what the profile file says that a source was read by, None without one."""
    is_profile = PROFILE_FORMAT in source.read_by and not source.profile.endswith("+surface")
    return profile_of_text(source.read_by, "the recording").wire_format() if is_profile else None


def _one_eye_px(profile: Profile, eye: OneEye, raw: FloatArray, screen: Screen) -> FloatArray:
    points = tuple(point for point in profile.format.points if point.eye == eye)
    needed = {label for point in points for label in (point.x, point.y, point.quality)} - {""}
    if not points or not needed <= set(profile.channels):
        return np.full((len(raw), 2), np.nan)
    return replace(profile, format=replace(profile.format, points=points)).decode(raw, screen)[0]
