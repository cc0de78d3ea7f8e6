"""Samples of a remote Tobii as tab-separated text: one row a sample, both eyes.

``Time`` is in µs. Per eye (L, R): ``GazePos2dx``, ``GazePos2dy`` as fractions of the display with the origin
top left, ``PupilDm`` in mm, ``Validity`` from 0 (best) to 4 (lost). A lost eye has -1 in place of values. All
other numeric columns are kept as raw channels, text as a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from acquisition.file_formats import TOBII_TSV
from acquisition.profiles import Profile
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from protocols.geometry import BoolArray, Screen
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

NAME = TOBII_TSV.profile

_TIME = "Time"
_EYE = ("GazePos2dx", "GazePos2dy", "PupilDm", "Validity")
_REQUIRED = (_TIME, *(f"{eye}{name}" for eye in "LR" for name in _EYE))
_PER_S = 1e6
_IDENTITY = ("participant", "subject", "person", "name")
_UNITS = {"Pos2d": "fraction", "Pos3dRel": "fraction", "Pos3d": "mm", "PupilDm": "mm", "RelTimestamp": "ms"}


def read(path: Path, options: Options) -> Iterator[Imported]:
    """Read a recording, ``.tsv`` or ``.tsv.gz``; one session.

    Raises:
        ForeignFileError: it is no such file, damaged, or the display is not told.
    """
    screen = options.needed_screen("The file holds fractions of the display, and distances need degrees.")
    rows = read_delimited(path, "\t", _REQUIRED)
    numeric, text = _kinds(rows)
    named = [column for column in text if any(word in column.casefold() for word in _IDENTITY)]
    kept = [column for column in text if column not in named]
    gaze = _gaze(rows, numeric, screen)
    file = SourceFile.of(path)
    yield Imported(
        format=NAME,
        participant=pseudonym_of(file, options),
        study=free_gaze_study(NAME, screen),
        screen=screen,
        source=SourceInfo("Tobii", IMPORTED, NAME, "", 0.0, tuple(numeric), tuple(map(_unit, numeric))),
        clock=ClockMapping(_PER_S, rows.cells(_TIME)[0], "column Time, the tracker's clock in µs"),
        clock_pair=None,
        gaze=gaze,
        ledger=tuple(_ledger(rows, gaze, numeric, kept, named)),
        files=(file,),
        tables=(rows.table(without=[*numeric, *named, _TIME]),) if kept else (),
    )


def _kinds(rows: Delimited) -> tuple[list[str], list[str]]:
    """Return the columns that become raw channels, and those that hold text."""
    numeric: list[str] = []
    text: list[str] = []
    for column in dict.fromkeys(rows.header):
        if column == _TIME:
            continue
        wanted = column in _REQUIRED or _all_numbers(rows.cells(column))
        (numeric if wanted else text).append(column)
    return numeric, text


def _all_numbers(cells: list[str]) -> bool:
    try:
        return all(np.isfinite(float(cell)) for cell in cells)
    except ValueError:
        return False


def _gaze(rows: Delimited, numeric: list[str], screen: Screen) -> GazeChunk:
    ticks = rows.integers(_TIME)
    for place, (before, after) in enumerate(pairwise(ticks), start=1):
        if after < before:
            where = f"line {rows.lines[place]}, column {_TIME!r}"
            raise damaged(rows.path, f"{where}: {after} µs follows {before} µs, time goes backwards")
    t_s = np.asarray([(tick - ticks[0]) / _PER_S for tick in ticks])
    raw = np.column_stack([rows.numbers(column) for column in numeric])
    profile = Profile(TOBII_TSV, tuple(numeric), tuple(map(_unit, numeric)))
    return GazeChunk(t_s, np.asarray(ticks) / _PER_S, *profile.decode(raw, screen), raw)


def _unit(column: str) -> str:
    return next((unit for part, unit in _UNITS.items() if part in column), "")


def _ledger(
    rows: Delimited, gaze: GazeChunk, numeric: list[str], kept: list[str], named: list[str]
) -> Iterator[Entry]:
    valid: BoolArray = gaze.valid
    yield Entry("samples", len(rows), placed=len(rows), note=f"{int((~valid).sum())} without any eye")
    note = f"as raw channels and stamps; as text: {', '.join(kept) or 'none'}"
    if named:
        note += f"; dropped because they may name a person: {', '.join(named)}"
    yield Entry("columns", len(rows.header), len(numeric) + 1, len(kept), len(named), note)
