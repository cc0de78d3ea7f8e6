"""Profile files that the user has written once, found again in the settings folder."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import platformdirs

from acquisition.lsl_discovery import GAZE_TYPES, Reading
from acquisition.profile_file import PickedProfile, read_profile
from acquisition.profiles import recognise
from acquisition.wire_format import WireFormat
from protocols.errors import ProfileInvalid
from studio.guard import DISTRIBUTION

log = logging.getLogger(__name__)


def profiles_folder() -> Path:
    """Return where profile files are kept."""
    return platformdirs.user_config_path(DISTRIBUTION) / "profiles"


def remembered_formats() -> tuple[WireFormat, ...]:
    """Return what has been chosen before; a file that is broken is named in a warning and left out."""
    formats = []
    for path in sorted(profiles_folder().glob("*.toml")):
        try:
            formats.append(read_profile(path).wire_format())
        except ProfileInvalid as broken:
            log.warning("%s", broken)
    return tuple(formats)


def refuse_existing(path: Path) -> None:
    """Refuse to write where something is.

    Raises:
        ProfileInvalid: there is.
    """
    if path.exists():
        raise ProfileInvalid(
            f"{path} is there already.",
            "It may be the profile that recordings are made with; no file is ever overwritten.",
            "Name another file with --out, or move that one away.",
        )


def remember(profile: PickedProfile, path: Path | None = None) -> tuple[Path, Path | None]:
    """Write a profile file, by default where it is found again.

    Returns:
        Where it is, and where another one of its name is kept now that it has replaced; None without one.

    Raises:
        ProfileInvalid: it cannot be written, or ``path`` is there already.
    """
    if path is not None:
        refuse_existing(path)
    path = path or profiles_folder() / f"{profile.profile}.toml"
    other = path.exists() and path.read_bytes() != profile.text().encode()
    kept = path.with_name(f"{path.name}.bak") if other else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kept is not None:
            path.replace(kept)
        path.write_text(profile.text(), encoding="utf-8")
    except OSError as error:
        raise ProfileInvalid(
            f"{path} cannot be written: {error}.",
            "Without the file the choice is forgotten.",
            "Choose another place with --out.",
        ) from error
    return path, kept


def reading(profile: Path | None) -> Reading:
    """Return how gaze streams are read: by one profile file only, or by all that is known.

    Raises:
        ProfileInvalid: the file breaks the rules.
    """
    if profile is not None:
        only = read_profile(profile).wire_format()
        return Reading(partial(recognise, remembered=(only,), alone=True), (only.type,))
    known = remembered_formats()
    types = dict.fromkeys((*GAZE_TYPES, *(one.type for one in known)))
    return Reading(partial(recognise, remembered=known), tuple(types))
