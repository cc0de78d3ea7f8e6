"""Disk space kept free for the moment the disk is full, so that a recording can come to a proper end."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from pathlib import Path

from protocols.errors import SessionError

log = logging.getLogger(__name__)

RESERVE_MIB = 32
RESERVE_USED = f"no space left on the disk; the recording goes on in the {RESERVE_MIB} MiB it had set aside"


class Reserve:
    """Space in a folder that nobody else can take; it returns to the disk with the process at the latest.

    Args:
        folder: where.

    Raises:
        OSError: the disk has not that much room, or cannot set any aside.
    """

    def __init__(self, folder: Path) -> None:
        # It has no name, so nothing is left behind whatever happens.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it stays open as long as it is held
        try:
            _filled(self._file.fileno(), RESERVE_MIB * 2**20)
        except OSError:
            self._file.close()
            raise

    def give_up(self) -> bool:
        """Return the space to the disk; tell whether there was any."""
        held = not self._file.closed
        self._file.close()
        return held


def reserved(path: Path) -> Reserve | None:
    """Return space beside a recording, None where the file system cannot set any aside.

    Raises:
        SessionError: the disk is nearly full.
    """
    try:
        return Reserve(path.parent)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise nearly_full(path) from error
        log.warning("no space can be set aside beside %s for when the disk is full: %s", path, error.strerror)
        return None


def nearly_full(path: Path) -> SessionError:
    """Return the error for a recording that should not be begun."""
    return SessionError(
        f"The disk of {path} has less than {RESERVE_MIB} MiB left.",
        "It would be full within minutes of recording.",
        "Free space, or record to another disk.",
    )


def unfinished(path: Path, error: OSError, kept: bool) -> SessionError:
    """Return the error for a recording that the disk did not let come to its end.

    Args:
        path: the recording.
        error: what the disk said.
        kept: whether the journal has what the file lacks.
    """
    what = f"{path} could not be completed: {error.strerror}."
    if kept:
        return SessionError(
            what,
            "Everything recorded is there, the last of it in the journal beside the file.",
            f"Make room for it, or move both to another disk, then run `gazetwin recover {path}`.",
        )
    return SessionError(
        what,
        "What was recorded since the disk first refused is lost; everything before is in the file.",
        f"Free space, then run `gazetwin recover {path}`.",
    )


def _filled(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:  # macOS
        os.write(file, bytes(size))
