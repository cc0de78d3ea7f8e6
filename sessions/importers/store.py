"""Turns what an importer read into a session file, whole or not at all."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from pathlib import Path

from protocols.errors import SessionError
from protocols.raster import render
from protocols.stimulus import Viewport
from sessions.atomic_file import renamed
from sessions.foreign import Foreign
from sessions.importers.contract import Imported
from sessions.schema import SUFFIX
from sessions.writer import COMPLETE, SessionWriter


def session_path(out: Path, imported: Imported) -> Path:
    """Return where a session goes: pseudonym, format, digest of the first file."""
    pseudonym, digest = imported.participant.pseudonym, imported.files[0].sha256[:8]
    parts = [pseudonym, imported.format, imported.part, "" if digest in pseudonym else digest]
    return out / f"{'-'.join(filter(None, parts))}{SUFFIX}"


def store(imported: Imported, out: Path, software: str) -> Path:
    """Write one session.

    Args:
        imported: what was read.
        out: folder, made when missing.
        software: name and version of this program.

    Returns:
        The new file; until it is complete it has another name.

    Raises:
        SessionError: there is such a session already, or the folder cannot be written.
    """
    path = session_path(out, imported)
    if path.exists():
        raise _taken(path)
    out.mkdir(parents=True, exist_ok=True)
    building = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    writer = _begun(building, imported, software)
    try:
        _fill(writer, imported, software)
        writer.close(COMPLETE)
        renamed(building, path)
    except FileExistsError:
        building.unlink()
        raise _taken(path) from None
    except BaseException:
        writer.close("failed")
        building.unlink()
        raise
    return path


def provenance(imported: Imported, software: str) -> dict[str, object]:
    """Return where a session came from, as JSON-able facts."""
    return {
        "importer": imported.format,
        "software": software,
        "files": [asdict(file) for file in imported.files],
        "clock": asdict(imported.clock),
        "ledger": [asdict(entry) for entry in imported.ledger],
    }


def _begun(path: Path, imported: Imported, software: str) -> SessionWriter:
    return SessionWriter.create(
        path,
        study=imported.study,
        participant=imported.participant,
        screen=imported.screen,
        source=imported.source,
        clock_pair=imported.clock_pair,
        software=software,
    )


def _fill(writer: SessionWriter, imported: Imported, software: str) -> None:
    writer.foreign(
        Foreign(provenance(imported, software), imported.tables, imported.fixations, imported.off_screen)
    )
    for trial in imported.trials:
        writer.trial(trial)
    _pages(writer, imported)
    for marker in imported.markers:
        writer.marker(marker)
    for t_s, offset_s in imported.offsets:
        writer.offset(t_s, offset_s)
    writer.gaze(imported.gaze)
    writer.cursor(imported.cursor)


def _pages(writer: SessionWriter, imported: Imported) -> None:
    digests: dict[tuple[str, Viewport], str] = {}
    for change in imported.changes:
        key = (change.screen.id, change.viewport)
        if key not in digests:
            page = render(change.screen, change.viewport)
            writer.page(page)
            digests[key] = page.digest
        writer.viewport(change.t_s, change.screen.id, change.viewport, digests[key])


def _taken(path: Path) -> SessionError:
    return SessionError(
        f"{path} exists already.",
        "A recording never overwrites another.",
        "Choose another folder, or move the old recording away.",
    )
