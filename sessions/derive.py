"""Derives fixations and slots and keeps them in the recording, without ever risking it."""

from __future__ import annotations

from pathlib import Path

import h5py

from protocols.errors import SessionError
from sessions.atomic_file import AtomicFile
from sessions.cache import store
from sessions.opening import busy
from sessions.page_check import changed_pages, pages_changed
from sessions.reader import Recording
from sessions.schema import derived_path
from sessions.slots import SlotParameters, Slots


def derive(path: Path, parameters: SlotParameters | None = None) -> Slots:
    """Compute fixations and attention per view and store them under ``/derived``.

    Args:
        path: a finished recording.
        parameters: settings; None for the defaults.

    Returns:
        The slots; those stored before when they were derived with the same settings.

    Raises:
        PagesChanged: its pages are not those that were shown; nothing was stored.
        SessionError: the recording cannot be read or written, see ``Recording.open``.
    """
    with Recording.open(path) as recording:
        changed = changed_pages(recording)
        if changed:
            raise pages_changed(path, changed)
        slots, known = recording.slots(parameters), recording.has_slots(parameters)
    if not known:
        file = _opened(path)
        with h5py.File(file, "r+") as h5:
            store(h5, derived_path("slots", slots.digest), slots)
        file.close()
    return slots


def _opened(path: Path) -> AtomicFile:
    try:
        return AtomicFile(path, "r+b")
    except BlockingIOError as error:
        raise busy(path) from error
    except OSError as error:
        raise SessionError(
            f"Derived data cannot be written into {path}: {error.strerror}.",
            "They are kept beside the raw data so that every program sees the same ones.",
            "Make the file writable, or read it with `Recording.slots`, which computes without storing.",
        ) from error
