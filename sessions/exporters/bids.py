"""Exports recordings into one BIDS data set, a new one or one that an earlier export made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from protocols.errors import ExportError, SessionError
from sessions.exporters import bids_sidecars
from sessions.exporters.bids_catalogue import Catalogue
from sessions.exporters.bids_dataset import Added, begin, install, is_ours, refuse_foreign
from sessions.exporters.bids_recording import write_recording
from sessions.exporters.exported import Exported
from sessions.exporters.notes import notes
from sessions.exporters.target import unfinished
from sessions.reader import Recording
from sessions.slots import SlotParameters


def export_bids(
    paths: Sequence[Path], root: Path, parameters: SlotParameters | None = None
) -> Iterator[Exported]:
    """Export recordings into a BIDS data set; yield each, and after the last all appear there together.

    Args:
        paths: finished recordings.
        root: of the data set; a new one when there is nothing. What is in it stays as it is.
        parameters: settings of the fixations; None for the defaults.

    Raises:
        SessionError: a recording cannot be read, or its gaze is not on the screen.
        ExportError: something else is in the folder, a recording is there already, or several recordings
            cannot be exported; all of them are named before anything is written.
    """
    root = root.absolute()
    refuse_foreign(root)
    _refuse_unsuitable(paths, Catalogue.of(root))
    catalogue, new = Catalogue.of(root), not is_ours(root)
    # Inside a folder that exists: it may be another disk than what is around it.
    with unfinished(root / "export" if root.exists() else root) as part:
        added: list[Added] = []
        for path in paths:
            with Recording.open(path) as recording:
                if new and not added:
                    begin(part, recording)
                place = catalogue.add(recording)
                slots = recording.slots(parameters)
                counts = write_recording(recording, slots, place, part)
                person = bids_sidecars.participant_row(recording, place.subject)
                added.append(Added(place, person, bids_sidecars.session_row(recording, place.session)))
                told = notes(recording, slots)
            yield Exported(path, root / place.folder, counts, told)
        install(part, root, added)


def _refuse_unsuitable(paths: Sequence[Path], catalogue: Catalogue) -> None:
    """Refuse all recordings at once that cannot be exported; ``catalogue`` is one to try with."""
    errors = [error for path in paths if (error := _unsuitable(path, catalogue)) is not None]
    if len(errors) == 1:
        (error,) = errors
        raise type(error)(error.what, error.why, f"{error.fix} Or leave this file out.") from error
    if errors:
        raise ExportError(
            f"{len(errors)} of {len(paths)} recordings cannot be exported:\n  "
            + "\n  ".join(error.what for error in errors),
            "A data set appears as a whole, so nothing was written.",
            "Mend them, or leave these files out.",
        )


def _unsuitable(path: Path, catalogue: Catalogue) -> SessionError | ExportError | None:
    try:
        with Recording.open(path) as recording:
            recording.refuse_off_screen()
            catalogue.add(recording)
    except (SessionError, ExportError) as error:
        return error
    return None
