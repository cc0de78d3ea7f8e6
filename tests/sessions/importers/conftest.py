"""Importing a file the way the command does, and looking at the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocols.geometry import Screen
from sessions.importers.catalogue import reader_of
from sessions.importers.contract import Options
from sessions.importers.store import store
from sessions.reader import Recording

DATA = Path(__file__).parents[2] / "data" / "gaze"
DISPLAY = Screen((1920, 1080), (531.0, 299.0), 650.0)

Import = Callable[..., list[Recording]]


@pytest.fixture(scope="session")
def excerpts() -> Path:
    """The folder of real excerpts."""
    return DATA


@pytest.fixture
def import_all(tmp_path: Path) -> Iterator[Import]:
    """Import a path; the recordings are closed at the end."""
    opened: list[Recording] = []

    def run(
        format_name: str, path: Path, screen: Screen | None = DISPLAY, **options: object
    ) -> list[Recording]:
        found = reader_of(format_name)(path, Options(screen=screen, **options))
        paths = [store(imported, tmp_path / "sessions", "gazetwin test") for imported in found]
        recordings = [Recording.open(p) for p in paths]
        opened.extend(recordings)
        return recordings

    yield run
    for recording in opened:
        recording.close()


@pytest.fixture
def import_one(import_all: Import) -> Callable[..., Recording]:
    """Import a path that holds one session."""

    def run(*args: object, **options: object) -> Recording:
        (recording,) = import_all(*args, **options)
        return recording

    return run
