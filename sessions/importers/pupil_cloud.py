"""Pupil Cloud's raw data export of Pupil Invisible and Neon: gaze in px of the scene camera.

Gaze in the picture of a head-worn camera says nothing about a position on the screen. With the gaze.csv of a
Marker Mapper enrichment as surface (fractions of the marked display, origin top left) it does; the two files
are matched by recording and stamp. Stamps are Unix time in ns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

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
from sessions.source_tables import SourceTable

NAME = "pupil-cloud"

_PER_S = 1e9
_RECORDING, _TIME = "recording id", "timestamp [ns]"
_XY = ("gaze x [px]", "gaze y [px]")
_MORE = ("worn", "azimuth [deg]", "elevation [deg]")
_SURFACE = ("gaze position on surface x [normalized]", "gaze position on surface y [normalized]")
_OFF_SCREEN = (
    "It is in the picture of a head-worn camera, which moves with the head; it says nothing about a position"
    " on the screen."
)
Stamp = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Export:
    gaze: Delimited
    surface: dict[Stamp, tuple[float, float]] | None
    others: tuple[Delimited, ...]
    files: tuple[SourceFile, ...]


def read(path: Path, options: Options) -> Iterator[Imported]:
    """Read an export; one session per recording.

    Args:
        path: the folder, or its gaze.csv.
        options: ``surface`` is the gaze.csv of a Marker Mapper enrichment of the same recordings.

    Raises:
        ForeignFileError: it is no such export, damaged, or the display is not told with a surface.
    """
    main = path / "gaze.csv" if path.is_dir() else path
    gaze = read_delimited(main, ",", (_RECORDING, _TIME, *_XY))
    surface = _surface(options.surface) if options.surface else None
    beside = [p for p in _beside(main) if p != main]
    others = tuple(read_delimited(p, ",", (_RECORDING,)) for p in beside)
    used = [main, *beside, *([options.surface] if options.surface else [])]
    export = _Export(gaze, surface, others, tuple(SourceFile.of(p) for p in used))
    recordings = list(dict.fromkeys(gaze.cells(_RECORDING)))
    for number, recording in enumerate(recordings, start=1):
        part = str(number) if len(recordings) > 1 else ""
        yield replace(_session(export, recording, options), part=part)


def _beside(gaze: Path) -> list[Path]:
    """Return the export's other tables: those named like it."""
    names = ("fixations", "blinks", "events", "saccades", "3d_eye_states")
    found = [gaze.with_name(gaze.name.replace("gaze", name)) for name in names]
    return [p for p in found if p.is_file()]


def _surface(path: Path) -> dict[Stamp, tuple[float, float]]:
    rows = read_delimited(path, ",", (_RECORDING, _TIME, *_SURFACE))
    x, y = (rows.numbers(column, missing="") for column in _SURFACE)
    keys = zip(rows.cells(_RECORDING), rows.integers(_TIME), strict=True)
    return dict(zip(keys, zip(x.tolist(), y.tolist(), strict=True), strict=True))


def _session(export: _Export, recording: str, options: Options) -> Imported:
    rows = _of_recording(export.gaze, recording)
    ticks = rows.integers(_TIME)
    for place in range(1, len(ticks)):
        if ticks[place] < ticks[place - 1]:
            raise damaged(rows.path, f"line {rows.lines[place]}, column {_TIME!r}: time goes backwards")
    screen = Screen() if export.surface is None else options.needed_screen(_WHY_DISPLAY)
    channels = [*_XY, *(column for column in _MORE if column in rows.header)]
    raw = np.column_stack([rows.numbers(column, missing="") for column in channels])
    gaze = _gaze(export, recording, ticks, raw, screen)
    others = [part for table in export.others if len(part := _of_recording(table, recording))]
    units = tuple("px" if "[px]" in c else "deg" if "[deg]" in c else "" for c in channels)
    mapped = () if export.surface is None else _SURFACE
    return Imported(
        format=NAME,
        participant=pseudonym_of(export.files[0], options),
        study=free_gaze_study(NAME, screen),
        screen=screen,
        source=SourceInfo(
            "Pupil Labs glasses",
            IMPORTED,
            NAME,
            recording,
            0.0,
            (*channels, *mapped),
            (*units, *("fraction",) * len(mapped)),
        ),
        clock=ClockMapping(_PER_S, str(ticks[0]), "Unix time in ns"),
        clock_pair=(0.0, ticks[0] / _PER_S),
        gaze=gaze,
        ledger=tuple(_ledger(export, rows, gaze, others)),
        files=export.files,
        markers=tuple(_markers(others, ticks[0])),
        tables=tuple(_tables(rows, others, channels)),
        off_screen=_OFF_SCREEN if export.surface is None else "",
    )


_WHY_DISPLAY = "The surface holds fractions of the display, and distances need degrees."


def _of_recording(table: Delimited, recording: str) -> Delimited:
    mine = [i for i, found in enumerate(table.cells(_RECORDING)) if found == recording]
    return table.picked(mine)


def _gaze(export: _Export, recording: str, ticks: list[int], raw: FloatArray, screen: Screen) -> GazeChunk:
    t_s = np.asarray([(tick - ticks[0]) / _PER_S for tick in ticks])
    xy_px: FloatArray = np.full((len(ticks), 2), np.nan)
    if export.surface is not None:
        nowhere = (np.nan, np.nan)
        mapped = np.asarray([export.surface.get((recording, tick), nowhere) for tick in ticks])
        xy_px, raw = mapped * np.asarray(screen.size_px), np.hstack([raw, mapped])
    valid = np.asarray(np.isfinite(xy_px).all(axis=1))
    xy_px[~valid] = np.nan
    pupil_mm = np.full((len(ticks), 2), np.nan)
    return GazeChunk(t_s, np.asarray(ticks) / _PER_S, xy_px, valid, pupil_mm, raw)


def _markers(others: list[Delimited], zero: int) -> Iterator[Marker]:
    for table in others:
        if {"name", _TIME} <= set(table.header):
            events = sorted(zip(table.integers(_TIME), table.cells("name"), strict=True))
            for tick, name in events:
                yield Marker((tick - zero) / _PER_S, Code.NOTE, -1, {"pupil": name})


def _tables(rows: Delimited, others: list[Delimited], channels: list[str]) -> Iterator[SourceTable]:
    yield rows.table(without=channels)
    for table in others:
        yield table.table()


def _ledger(export: _Export, rows: Delimited, gaze: GazeChunk, others: list[Delimited]) -> Iterator[Entry]:
    on_screen = int(gaze.valid.sum())
    note = (
        "in px of the scene camera, as raw channels; not on the screen"
        if export.surface is None
        else f"{on_screen} mapped onto the display; stamps to the ns, ids of events as text"
    )
    yield Entry("samples", len(rows), placed=len(rows), note=note)
    for table in others:
        as_markers = "; also as markers" if "name" in table.header else ""
        yield Entry(table.path.name, len(table), kept=len(table), note=f"as text{as_markers}")
    if export.surface is not None:
        unmatched = len(export.surface) - sum(
            (recording, tick) in export.surface
            for recording, tick in zip(rows.cells(_RECORDING), rows.integers(_TIME), strict=True)
        )
        count = len(export.surface)
        note = f"{unmatched} fit no sample of this recording"
        yield Entry("surface positions", count, count - unmatched, dropped=unmatched, note=note)
