"""Recordings of a remote Tobii tracker as tab-separated text: one row a sample, both eyes.

Columns used: ``Time`` in µs; per eye (L, R) ``GazePos2dx`` and ``GazePos2dy`` as fractions of the display
with the origin top left, ``PupilDm`` in mm, and ``Validity`` from 0 (best) to 4 (lost). A lost eye has -1 in
place of values.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import IO

import numpy as np

from acquisition.binocular import BinocularGaze
from protocols.errors import SourceNotFound
from protocols.geometry import FloatArray

_EYE = ("GazePos2dx", "GazePos2dy", "PupilDm", "Validity")
_COLUMNS = ("Time", *(f"L{name}" for name in _EYE), *(f"R{name}" for name in _EYE))
_LOST = 4.0
_ABSENT = -1.0


def read_tobii_tsv(path: Path) -> BinocularGaze:
    """Read a recording, ``.tsv`` or ``.tsv.gz``.

    Raises:
        SourceNotFound: there is no such file, or it is not a recording of this kind.
    """
    try:
        with _opened(path) as text:
            rows = _rows(path, text)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise _broken(path, f"it cannot be read: {error}") from error
    times_us = rows[:, 0]
    if len(rows) == 0:
        raise _broken(path, "it holds no samples")
    if np.isnan(times_us).any() or (np.diff(times_us) < 0).any():
        raise _broken(path, "its times do not increase")
    left, right = _eye(rows[:, 1:5]), _eye(rows[:, 5:9])
    return BinocularGaze(
        times_us / 1e6,
        np.stack([left[:, :2], right[:, :2]], axis=1),
        np.column_stack([left[:, 2], right[:, 2]]),
    )


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(path: Path, text: IO[str]) -> FloatArray:
    """Return the columns of _COLUMNS, shape (n, 9)."""
    reader = csv.reader(text, delimiter="\t")
    header = next(reader, [])
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise _broken(path, f"it has no column {', '.join(missing)}")
    places = [header.index(name) for name in _COLUMNS]
    values = []
    for number, row in enumerate(reader, start=2):
        try:
            values.append([float(row[place]) for place in places])
        except (ValueError, IndexError) as error:
            raise _broken(path, f"line {number} is not a sample ({error})") from error
    return np.asarray(values, dtype=np.float64).reshape(-1, len(_COLUMNS))


def _eye(columns: FloatArray) -> FloatArray:
    """Return x, y, pupil (n, 3) with NaN for a lost eye, from x, y, pupil, validity (n, 4)."""
    values = columns[:, :3].copy()
    values[values == _ABSENT] = np.nan
    values[columns[:, 3] >= _LOST] = np.nan
    return values


def _broken(path: Path, how: str) -> SourceNotFound:
    return SourceNotFound(
        f"{path} is no Tobii recording: {how}.",
        "A replay needs every sample with its time.",
        "Export it as tab-separated text with the columns " + ", ".join(_COLUMNS) + ".",
    )
