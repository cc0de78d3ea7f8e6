"""Opens session files and refuses what is not a sound one, each with what to do about it."""

from __future__ import annotations

from pathlib import Path

import h5py

from protocols.errors import (
    SchemaUnsupported,
    SessionCorrupt,
    SessionError,
    SessionMissing,
    SessionUnsealed,
)
from sessions.atomic_file import waiting_flush
from sessions.schema import READABLE, SCHEMA, State


def opened(path: Path) -> h5py.File:
    """Open a finished recording for reading.

    Raises:
        SessionError: which kind for which reason, see ``Recording.open``.
    """
    h5 = opened_hdf5(path)
    try:
        refuse_links(h5, path)
        refuse_schema(h5, path)
        _refuse_unsealed(h5, path)
    except SessionError:
        h5.close()
        raise
    return h5


def opened_hdf5(path: Path) -> h5py.File:
    """Open any HDF5 file for reading.

    Raises:
        SessionError: it is missing, damaged, half-way through a flush, or being written; each its own kind.
    """
    refuse_missing(path)
    try:
        return h5py.File(path, "r")
    except BlockingIOError as error:
        raise busy(path) from error
    except OSError as error:
        raise (unsealed(path, "flushing") if waiting_flush(path) else corrupt(path, error)) from error


def refuse_missing(path: Path) -> None:
    """Refuse what is no file, or an empty one that no flush waits for.

    Raises:
        SessionMissing: there is no file of that name.
        SessionCorrupt: there is nothing in it.
    """
    if path.is_dir():
        inside = ", ".join(sorted(file.name for file in path.glob("*.h5"))[:3])
        raise SessionMissing(
            f"{path} is a folder.",
            "A recording is one file in it.",
            f"Name the .h5 file in it ({inside})." if inside else "Name a .h5 file; there is none in it.",
        )
    if not path.is_file():
        raise SessionMissing(
            f"There is no file {path}.",
            "Nothing can be read.",
            "Check the name; recordings end in .h5.",
        )
    if not path.stat().st_size and not waiting_flush(path):
        raise SessionCorrupt(
            f"{path} is empty (0 bytes).",
            "There is nothing in it that could be read or recovered.",
            "Use another copy of the recording.",
        )


def unsealed(path: Path, state: str) -> SessionUnsealed:
    """Return the error for a recording whose program died."""
    return SessionUnsealed(
        f"{path} did not end properly (state {state!r}).",
        "The last half second may be incomplete, and nothing was checked yet.",
        f"Run `gazetwin recover {path}`; it keeps everything that was flushed.",
    )


def busy(path: Path) -> SessionError:
    """Return the error for a file that another program writes to."""
    return SessionError(
        f"{path} is being written by another program.",
        "Reading it now would show half of a change.",
        "Wait until the recording or the job on it has ended.",
    )


def corrupt(path: Path, error: Exception) -> SessionCorrupt:
    """Return the error for a file that HDF5 cannot read."""
    if not h5py.is_hdf5(path):
        return SessionCorrupt(
            f"{path} is not an HDF5 file ({path.stat().st_size} bytes).",
            "GazeTwin keeps recordings in HDF5.",
            "Name the .h5 file of a recording.",
        )
    return SessionCorrupt(
        f"{path} is damaged: {error}.",
        "Parts of it are missing or overwritten, so nothing read from it could be trusted.",
        "What was cut off or overwritten cannot be had back: copy the file again, or use a backup.",
    )


def refuse_links(group: h5py.Group, path: Path) -> None:
    """Refuse a file that points outside itself, or to itself in a circle: a recording is self-contained.

    Raises:
        SessionCorrupt: a soft or external link, external storage or a virtual dataset.
    """
    for name in group:
        link = group.get(name, getlink=True)
        where = f"{group.name.rstrip('/')}/{name}"
        if not isinstance(link, h5py.HardLink):
            raise _foreign(path, where, type(link).__name__)
        item = group[name]
        if isinstance(item, h5py.Group):
            refuse_links(item, path)
        elif item.external or item.is_virtual:
            raise _foreign(path, where, "external storage")


def _foreign(path: Path, where: str, what: str) -> SessionCorrupt:
    return SessionCorrupt(
        f"{path} holds a link at {where} ({what}).",
        "A recording is one self-contained file; a link could read any other file of yours.",
        "Do not trust this file; ask its sender for the recording as GazeTwin wrote it.",
    )


def refuse_schema(h5: h5py.File, path: Path) -> None:
    """Refuse other schemas.

    Raises:
        SchemaUnsupported: the file says something else than ``gazetwin-session/1``, or nothing.
    """
    found = h5.attrs.get("schema")
    if found != SCHEMA:
        raise SchemaUnsupported(
            f"{path} follows schema {found!r}, this version reads {SCHEMA!r}.",
            "Columns could be misunderstood.",
            "Use the version of GazeTwin that wrote it, or a newer one; import other formats first.",
        )


def _refuse_unsealed(h5: h5py.File, path: Path) -> None:
    if h5.attrs["state"] not in READABLE or waiting_flush(path):
        raise unsealed(path, State(h5.attrs["state"]).value)
