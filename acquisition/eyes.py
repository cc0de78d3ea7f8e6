"""Gaze of the left and the right eye apart, decoded from the raw channels of a sample."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
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
from protocols.placement import DisplayFrame

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
    return _decoded(_one_eyed(profile), raw, screen)


def recorded_eyes_px(source: SourceInfo, raw: FloatArray, screen: Screen) -> FloatArray:
    """Decode each eye of recorded samples; all NaN when the recording does not say how, see ``eyes_px``.

    Args:
        source: which says the display that the samples refer to, unless the page fills it.
        raw: shape (n, channels), as delivered.
        screen: the page.
    """
    frame = source.frame or DisplayFrame.filled(screen)
    return frame.placement.to_page(_decoded(_recorded(source), raw, frame.whole))


@lru_cache(maxsize=8)
def _recorded(source: SourceInfo) -> tuple[Profile | None, ...]:
    of_files = {known.profile: known for known in FILE_FORMATS}
    try:
        known = of_files.get(source.profile) or read_by_file(source) or format_named(source.profile)
    except ChannelsUnknown:
        return (None, None)
    return _one_eyed(Profile(known, source.channels, source.units))


def read_by_file(source: SourceInfo) -> WireFormat | None:
    """Return what the profile file says that a source was read by, None without one."""
    is_profile = PROFILE_FORMAT in source.read_by and not source.profile.endswith("+surface")
    return profile_of_text(source.read_by, "the recording").wire_format() if is_profile else None


def _one_eyed(profile: Profile) -> tuple[Profile | None, ...]:
    """Return the same profile for the left and for the right eye, None where that eye is not told apart."""
    return tuple(_of_eye(profile, eye) for eye in EYES)


def _of_eye(profile: Profile, eye: OneEye) -> Profile | None:
    points = tuple(point for point in profile.format.points if point.eye == eye)
    needed = {label for point in points for label in (point.x, point.y, point.quality)} - {""}
    if not points or not needed <= set(profile.channels):
        return None
    return replace(profile, format=replace(profile.format, points=points))


def _decoded(profiles: tuple[Profile | None, ...], raw: FloatArray, screen: Screen) -> FloatArray:
    unknown = np.full((len(raw), 2), np.nan)
    return np.stack([p.decode(raw, screen)[0] if p else unknown for p in profiles], axis=1)
