"""Exports recordings into one BIDS data set, a new one or one that an earlier export made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

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
        ExportError: something else is in the folder, or a recording is there already.
    """
    root = root.absolute()
    refuse_foreign(root)
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
