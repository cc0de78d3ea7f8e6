"""What the Studio remembers from one start to the next, in the user's settings folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field

from studio.guard import DISTRIBUTION


class Settings(BaseModel):
    """Settings of this machine; those of a study travel with the study.

    Attributes:
        version: of these rules.
        theme: colours.
        font_scale: 1 is the ordinary size.
        data_folder: sessions, personas and reports live below it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    theme: Literal["dark", "light"] = "dark"
    font_scale: Annotated[float, Field(ge=0.8, le=2.0)] = 1.0
    data_folder: Path = Field(default_factory=lambda: Path.home() / DISTRIBUTION)


def settings_file() -> Path:
    """Return where the settings are kept."""
    return platformdirs.user_config_path(DISTRIBUTION) / "settings.json"
