"""Exports a recording as a folder of CSV tables with a data dictionary and its provenance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sessions.exporters.calibration_tables import calibration_tables
from sessions.exporters.event_tables import attention_tables, event_tables
from sessions.exporters.exported import Exported
from sessions.exporters.eye_movements import movement_tables, other_movements
from sessions.exporters.gaze_tables import gaze_tables
from sessions.exporters.notes import notes
from sessions.exporters.provenance import export_name, provenance
from sessions.exporters.table import Column, Table, write_csv
from sessions.exporters.target import fresh
from sessions.reader import Recording
from sessions.slots import SlotParameters, Slots

DICTIONARY = (
    Column("table", "", "The file, without its suffix."),
    Column("column", "", "The column's header."),
    Column("unit", "", "Unit; empty for names, codes and counts."),
    Column("meaning", "", "What it says."),
)


def export_csv(path: Path, out: Path, parameters: SlotParameters | None = None) -> Exported:
    """Export a recording into a new folder of ``out``, named after participant and recording.

    Args:
        path: a finished recording.
        out: made when it does not exist.
        parameters: settings of the fixations; None for the defaults.

    Raises:
        SessionError: the recording cannot be read.
        ExportError: it was exported there before.
    """
    with Recording.open(path) as recording:
        target = out / export_name(recording)
        slots = None if recording.off_screen else recording.slots(parameters)
        told = notes(recording, slots)
        with fresh(target) as folder:
            folder.mkdir()
            tables = _tables(recording, slots)
            counts = {table.name: write_csv(table, folder) for table in tables}
            write_csv(_dictionary(tables), folder)
            facts = json.dumps(provenance(recording, slots), indent=2, ensure_ascii=False)
            (folder / "provenance.json").write_text(facts + "\n", encoding="utf-8")
            readme = "\n".join(_readme(recording, tables, counts, told))
            (folder / "README.md").write_text(readme + "\n", encoding="utf-8")
    return Exported(path, target, counts, told)


def _tables(recording: Recording, slots: Slots | None) -> tuple[Table, ...]:
    samples, calibrated = gaze_tables(recording), calibration_tables(recording)
    if slots is None:
        return (*samples, *event_tables(recording, []), *calibrated)
    views, others = recording.views(slots.parameters), other_movements(recording, slots)
    moved = movement_tables(others, views) if others is not None else ()
    seen = attention_tables(slots, views)
    return (*samples, *moved, *seen, *event_tables(recording, views), *calibrated)


def _dictionary(tables: tuple[Table, ...]) -> Table:
    rows = [(t.name, c.name, c.unit, c.meaning) for t in tables for c in t.columns]
    return Table("data_dictionary", "One column of one table.", DICTIONARY, lambda: rows)


def _readme(
    recording: Recording, tables: tuple[Table, ...], counts: dict[str, int], told: tuple[str, ...]
) -> Iterator[str]:
    screen, source = recording.screen, recording.source
    yield f"# Recording {recording.session_id}"
    yield ""
    yield f"- Participant {recording.participant.pseudonym}, study {recording.study_name}"
    yield f"- Begun {recording.created_utc}, {recording.state.value}"
    yield f"- Gaze from {source.name} ({source.profile or source.kind}), {_claimed(source.nominal_hz)}"
    yield (
        f"- Screen {screen.size_px[0]} x {screen.size_px[1]} px, {screen.size_mm[0]:g} x "
        f"{screen.size_mm[1]:g} mm, seen from {screen.distance_mm:g} mm"
    )
    yield from (f"- {note}" for note in told)
    yield ""
    yield "| table | rows | one row is |"
    yield "| --- | ---: | --- |"
    yield from (f"| {t.name}.csv | {counts[t.name]} | {t.meaning} |" for t in tables)
    yield ""
    yield "Everything recorded is here, also what came before the first page: eye movements during the"
    yield "calibration and between pages have an empty `view`, trials that were never shown have `shown` 0."
    yield ""
    yield "`data_dictionary.csv` explains every column with its unit, `provenance.json` tells where the"
    yield "tables come from and with which settings fixations were found."
    yield ""
    yield "Files are UTF-8 with one header line. An empty cell is a missing value. Numbers have every digit"
    yield "they need to be read back exactly. All times are seconds on the session clock unless said"
    yield "otherwise; clock_pairs.csv relates it to the date. Positions are screen pixels from the top left."
    yield "An apostrophe stands before text that a spreadsheet would run as a formula."


def _claimed(nominal_hz: float) -> str:
    return f"claiming {nominal_hz:g} Hz" if nominal_hz else "claiming no rate"
