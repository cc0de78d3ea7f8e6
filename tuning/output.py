"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from protocols.errors import TuningError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, with its folders; an existing one is replaced at the last moment.

    Raises:
        TuningError: it cannot be written there.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise TuningError(
            f"{path} cannot be written: {error.strerror or error}.",
            "The result would be lost.",
            "Choose a folder that can be written to, and run this again.",
        ) from error


def require_writable(path: Path) -> None:
    """Refuse a place for a result before the work is done, not after.

    Raises:
        TuningError: nothing can be written there.
    """
    if path.is_dir():
        raise TuningError(
            f"{path} is a folder.",
            "A file is to be written under this name.",
            "Name a file, or another folder to put it into.",
        )
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir():
        raise TuningError(
            f"{there} is a file.",
            "A folder is needed in this place.",
            "Name another folder, or move that file away.",
        )
    probe = there / f".{path.name}.probe"  # no folder is made for a job that may still fail
    write_whole(probe, b"")
    probe.unlink()
