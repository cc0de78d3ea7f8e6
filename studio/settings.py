"""What the Studio remembers from one start to the next, in the user's settings folder.

The file is JSON with a version. An older one is brought up step by step; one that is broken, or was written
by a newer version, is kept aside under another name and said so, and the Studio begins with its defaults.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocols.mistakes import listed
from studio.guard import DISTRIBUTION

log = logging.getLogger(__name__)

VERSION = 2
LEAST_SCALE, MOST_SCALE, SCALE_STEP = 0.8, 2.0, 0.1


Corner = Literal["", "top-left", "top-right", "bottom-left", "bottom-right"]
"""Of the participant's display; empty for none."""


class Sized(BaseModel):
    """A display as somebody measured it: visible area, and how far the eyes are from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width_mm: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    height_mm: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    distance_mm: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """Settings of this machine; those of a study travel with the study.

    Attributes:
        version: of these rules.
        theme: colours.
        font_scale: 1 is the ordinary size.
        data_folder: sessions, personas and reports live below it.
        window: left, top, width and height of the Studio's window in px, None before it was ever closed.
        last_study: name or path of the study that was chosen last, empty before the first.
        displays: displays that were set up before, by connector and model.
        photodiode: corner of the participant's display in which a patch toggles at each page onset.
        publish_markers: markers go onto LSL while a session runs, for other recorders.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[2] = 2
    theme: Literal["dark", "light"] = "dark"
    font_scale: Annotated[float, Field(ge=LEAST_SCALE, le=MOST_SCALE)] = 1.0
    data_folder: Path = Field(default_factory=lambda: Path.home() / DISTRIBUTION)
    window: tuple[int, int, int, int] | None = None
    last_study: str = ""
    displays: dict[str, Sized] = Field(default_factory=dict)
    photodiode: Corner = ""
    publish_markers: bool = True

    def scaled(self, steps: int) -> Settings:
        """Return the settings with a font so many steps larger; 0 for the ordinary size."""
        wanted = 1.0 if steps == 0 else round(self.font_scale + steps * SCALE_STEP, 2)
        return self.model_copy(update={"font_scale": min(max(wanted, LEAST_SCALE), MOST_SCALE)})


def settings_file() -> Path:
    """Return where the settings are kept."""
    return platformdirs.user_config_path(DISTRIBUTION) / "settings.json"


def _from_1(told: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew neither the window's place nor the last study; both have defaults."""
    return told


_STEPS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}
"""What brings settings of one version to the next."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as found.

    Attributes:
        settings: to be used.
        problem: what was wrong with the file, in words; empty when nothing was.
    """

    settings: Settings
    problem: str = ""


class SettingsFile:
    """Where settings are kept.

    Args:
        path: the file, None for the user's.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings_file()

    def load(self) -> Loaded:
        """Return the settings; the defaults when there are none, or none that can be used."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Loaded(Settings())
        except (OSError, UnicodeDecodeError) as error:
            return self._aside(str(error))
        try:
            return Loaded(Settings.model_validate(_brought_up(json.loads(text))))
        except ValidationError as error:
            return self._aside(listed(error))
        except (ValueError, KeyError, TypeError) as error:
            return self._aside(str(error))

    def save(self, settings: Settings) -> None:
        """Write the settings, whole or not at all.

        Raises:
            OSError: the disk refuses.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            part.write_text(settings.model_dump_json(indent=1) + "\n", encoding="utf-8")
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)

    def _aside(self, why: str) -> Loaded:
        aside = self.path.with_name(f"{self.path.stem}.{datetime.now():%Y%m%d-%H%M%S}.unused.json")
        try:
            self.path.replace(aside)
            where = f"They are kept in {aside}."
        except OSError as error:
            where = f"They stay where they are: {error.strerror}."
        problem = f"The settings in {self.path} cannot be used: {why.rstrip('.')}. {where} Defaults are used."
        log.warning("%s", problem)
        return Loaded(Settings(), problem)


def _brought_up(told: object) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise TypeError("they are no JSON object")
    version = told.get("version", 1)
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"version {version!r} is no version")
    if version > VERSION:
        raise ValueError(f"they are of version {version}, written by a newer GazeTwin")
    for step in range(version, VERSION):
        told = _STEPS[step](dict(told))
    return {**told, "version": VERSION}
