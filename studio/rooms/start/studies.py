"""Which studies can be run: those that are shipped, and study files in the data folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

from protocols.study import STUDIES, shipped_studies
from studio.rooms.start.state import StudyLine


def known_studies(data_folder: Path) -> tuple[StudyLine, ...]:
    """Return the shipped studies, then the files in the data folder and its folder ``studies``."""
    shipped = [_line(STUDIES / f"{name}.toml", name) for name in shipped_studies()]
    files = sorted({*data_folder.glob("*.toml"), *(data_folder / "studies").glob("*.toml")})
    return (*shipped, *(_line(path, str(path)) for path in files))


def _line(path: Path, key: str) -> StudyLine:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return StudyLine(key, path.stem, "", f"{path} cannot be read: {error}.")
    return StudyLine(key, str(told.get("name", path.stem)), str(told.get("title", "")))
