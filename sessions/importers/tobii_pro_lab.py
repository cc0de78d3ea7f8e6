"""Tobii Pro Lab's data export as tab-separated text: rows of several sensors and of events.

Headers carry their unit in brackets, or none in older versions; then a stamp's unit follows from the interval
of samples. Gaze of each eye is in px of the display (DACS), ``Validity left`` is Valid or Invalid, pupils are
in mm. Numbers may have a comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from acquisition.file_formats import TOBII_PRO_LAB
from acquisition.profiles import Profile
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code, Marker
from sessions.importers.contract import (
    IMPORTED,
    ClockMapping,
    Entry,
    Imported,
    Options,
    SourceFile,
    free_gaze_study,
    pseudonym_of,
)
from sessions.importers.text_files import Delimited, damaged, read_delimited

NAME = TOBII_PRO_LAB.profile

_TIME, _SENSOR, _EVENT, _VALUE = "Recording timestamp", "Sensor", "Event", "Event value"
_GAZE = tuple(f"Gaze point {eye} {axis}" for eye in ("left", "right") for axis in "XY")
_VALIDITY = ("Validity left", "Validity right")
_PUPILS = ("Pupil diameter left", "Pupil diameter right")
_SIZE = ("Recording resolution width", "Recording resolution height")
_CHANNELS = (*_GAZE, *_VALIDITY, *_PUPILS)
_UNITS = ("px", "px", "px", "px", "flag", "flag", "mm", "mm")
_HEADER = re.compile(r"(?P<base>.*?)\s*(?:[\[(](?P<unit>[^\])]*)[\])])?")
_PX = ("dacspx", "")
_PER_S = {"ms": 1e3, "μs": 1e6, "µs": 1e6, "us": 1e6}
_MICROSECONDS_FROM = 100.0  # a sample every 100 ms is no eye tracker's, every 100 µs is faster than any
_EYE_TRACKER = "Eye Tracker"
_FLAGS = {"Valid": 1.0, "Invalid": 0.0, "": 0.0}
_PERSON = re.compile(r"(?i)(participant|recording|project).*name|export(ed)? by")


@dataclass(frozen=True, slots=True, eq=False)
class _Export:
    table: Delimited
    columns: dict[str, str]
    per_s: float
    by_size: bool
    samples: list[int]


def read(path: Path, options: Options) -> Iterator[Imported]:
    """Read an export of one recording, ``.tsv`` or ``.tsv.gz``; one session.

    Raises:
        ForeignFileError: it is no such file, damaged, holds no sample, or the display is not told or another.
    """
    screen = options.needed_screen("The export does not tell the display's size and distance.")
    export = _export(path)
    _refuse_another_display(export, screen)
    stamps = _plain(export.table, [export.columns[_TIME]]).numbers(export.columns[_TIME])
    ticks, zero = stamps[export.samples], float(stamps[0])
    raw = _raw(export)
    profile = Profile(TOBII_PRO_LAB, _CHANNELS, _UNITS)
    gaze = GazeChunk((ticks - zero) / export.per_s, ticks / export.per_s, *profile.decode(raw, screen), raw)
    _refuse_backwards(export, ticks)
    file = SourceFile.of(path)
    named = [column for column in export.table.header if _PERSON.match(column)]
    unit = "ms" if export.per_s == _PER_S["ms"] else "µs"
    yield Imported(
        format=NAME,
        participant=pseudonym_of(file, options),
        study=free_gaze_study(NAME, screen),
        screen=screen,
        source=SourceInfo("Tobii", IMPORTED, NAME, "", 0.0, _CHANNELS, _UNITS),
        clock=ClockMapping(export.per_s, f"{zero:.17g}", f"column {export.columns[_TIME]!r}, in {unit}"),
        clock_pair=None,
        gaze=gaze,
        ledger=tuple(_ledger(export, gaze, named, unit)),
        files=(file,),
        markers=tuple(_markers(export, stamps - zero)),
        tables=(export.table.table(without=named),),
    )


def _export(path: Path) -> _Export:
    table = read_delimited(path, "\t", ())
    columns = _known_columns(table)
    missing = [name for name in (_TIME, *_GAZE, *_VALIDITY) if name not in columns]
    if missing:
        what = f"line 1: no column {', '.join(map(repr, missing))} in px of the display"
        raise damaged(path, what, "Export timestamp, gaze point left and right [DACS px] and validity.")
    samples = _samples(table, columns)
    if not samples:
        raise damaged(path, "no row is a sample of the eye tracker")
    unit = _HEADER.fullmatch(columns[_TIME])
    told = _PER_S.get((unit["unit"] or "") if unit else "")
    ticks = _plain(table, [columns[_TIME]]).picked(samples).numbers(columns[_TIME])
    slow = len(ticks) > 1 and float(np.median(np.diff(ticks))) > _MICROSECONDS_FROM
    return _Export(table, columns, told or (1e6 if slow else 1e3), told is None, samples)


def _known_columns(table: Delimited) -> dict[str, str]:
    """Return the header of each known column; gaze in px of the display only."""
    found: dict[str, str] = {}
    for header in table.header:
        parts = _HEADER.fullmatch(header.strip())
        if parts is None:
            continue
        base, unit = parts["base"], (parts["unit"] or "").replace(" ", "").casefold()
        if base in _GAZE and unit not in _PX:
            continue
        found.setdefault(base, header)
    return found


def _samples(table: Delimited, columns: dict[str, str]) -> list[int]:
    if _SENSOR in columns:
        return [i for i, sensor in enumerate(table.cells(columns[_SENSOR])) if sensor == _EYE_TRACKER]
    flags = zip(*(table.cells(columns[name]) for name in _VALIDITY), strict=True)
    return [i for i, pair in enumerate(flags) if any(pair)]


def _plain(table: Delimited, columns: Sequence[str]) -> Delimited:
    """Return the table with decimal points for decimal commas in these columns."""
    places = [table.header.index(column) for column in columns]
    rows = [list(row) for row in table.rows]
    for row in rows:
        for place in places:
            row[place] = row[place].replace(",", ".")
    return replace(table, rows=rows)


def _raw(export: _Export) -> FloatArray:
    numeric = [export.columns[name] for name in (*_GAZE, *_PUPILS) if name in export.columns]
    table = _plain(export.table.picked(export.samples), numeric)
    columns = []
    for name in _CHANNELS:
        if name in _VALIDITY:
            columns.append(_flags(table, export.columns[name]))
        elif name in export.columns:
            columns.append(table.numbers(export.columns[name], missing=""))
        else:
            columns.append(np.full(len(table), np.nan))
    return np.column_stack(columns)


def _flags(table: Delimited, column: str) -> FloatArray:
    cells = table.cells(column)
    for line, cell in zip(table.lines, cells, strict=True):
        if cell not in _FLAGS:
            raise damaged(
                table.path, f"line {line}, column {column!r}: {cell[:40]!r} is not Valid or Invalid"
            )
    return np.asarray([_FLAGS[cell] for cell in cells])


def _refuse_backwards(export: _Export, ticks: FloatArray) -> None:
    back = np.flatnonzero(np.diff(ticks) < 0)
    if len(back):
        line = export.table.lines[export.samples[int(back[0]) + 1]]
        raise damaged(
            export.table.path, f"line {line}, column {export.columns[_TIME]!r}: time goes backwards"
        )


def _refuse_another_display(export: _Export, screen: Screen) -> None:
    if not all(name in export.columns for name in _SIZE):
        return
    told = [set(export.table.cells(export.columns[name])) - {""} for name in _SIZE]
    if any(cells - {str(px)} for cells, px in zip(told, screen.size_px, strict=True)):
        sizes = " x ".join(", ".join(sorted(cells)) for cells in told)
        raise damaged(
            export.table.path,
            f"the display had {sizes} px, --display says {screen.size_px}",
            "Give the display on which it was recorded.",
        )


def _markers(export: _Export, t_s: FloatArray) -> Iterator[Marker]:
    if _EVENT not in export.columns:
        return
    events = export.table.cells(export.columns[_EVENT])
    values = export.table.cells(export.columns[_VALUE]) if _VALUE in export.columns else [""] * len(events)
    found = [(float(t_s[i]) / export.per_s, event, values[i]) for i, event in enumerate(events) if event]
    for at_s, event, value in sorted(found, key=lambda row: row[0]):
        yield Marker(at_s, Code.NOTE, -1, {"tobii": event, "value": value})


def _ledger(export: _Export, gaze: GazeChunk, named: list[str], unit: str) -> Iterator[Entry]:
    count, lost = len(gaze), int((~gaze.valid).sum())
    how = f"stamps in {unit}, {'by their interval' if export.by_size else 'by their header'}"
    yield Entry("samples", count, count, note=f"{lost} without any eye; {how}")
    others = len(export.table) - count
    yield Entry(
        "other rows", others, kept=others, note="other sensors and events, as text; events also as notes"
    )
    columns = len(export.table.header)
    note = f"dropped because they may name a person: {', '.join(named)}" if named else ""
    yield Entry(
        "columns", columns, kept=columns - len(named), dropped=len(named), note=note or "all kept as text"
    )
