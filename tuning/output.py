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
    probe = path.with_name(f".{path.name}.probe")
    write_whole(probe, b"")
    probe.unlink()
