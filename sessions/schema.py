"""The session file, schema ``gazetwin-session/1``: names, columns and units. Everything follows these tables.

::

    /            attrs schema, session_id, created_utc, software, state, reason
    /study       snapshot (text), attrs name, digest
    /participant profile (JSON: pseudonym and questionnaire, nothing else), attr pseudonym
    /consent     record (JSON)
    /screen      attrs size_px, size_mm, distance_mm, each with its unit in <name>_unit
    /source      attrs name, kind, profile, source_id, nominal_hz, channels, units; read_by (text of a profile
                 or surface file; absent when there was none); see sessions.foreign;
                 frame (attrs size_px, size_mm, distance_mm of the whole display that raw coordinates refer
                 to, page_left_px, page_top_px, page_scale; absent when the page filled it)
    /clock       pairs/{clock_s, unix_s}, offsets/{t_s, offset_s}, connections (one row each)
    /gaze        t_s, t_source_s, xy_px, valid, pupil_mm, raw (channel labels and units as attributes)
    /fixations   only imported ones, see sessions.foreign
    /cursor      t_s, xy_px, buttons
    /viewport    t_s, screen, scroll_px, swipes (JSON list), page (digest)
    /markers     t_s, code, trial, payload (JSON)
    /trials      trial, description (JSON)
    /calibration NN/{attempt (JSON), validation (JSON), record (JSON)}, attrs used, from_s
    /pages       <digest>/{png, description (JSON)}
    /derived     <kind>@<digest of parameters>, may be deleted and rebuilt at any time; live: as found live
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import h5py
import numpy as np

SCHEMA = "gazetwin-session/1"
SUFFIX = ".h5"
# One flush rewrites the last chunk of every column, so chunks stay small.
GAZE_CHUNK_BYTES = 32_768
CHUNK_BYTES = 2_048
# Per column; only its last chunk is ever written again, and HDF5's own default would fill for an hour.
CACHE_BYTES = 131_072

Kind = Literal["float", "int", "bool", "text", "byte"]


class State(StrEnum):
    """Where a recording is in its life."""

    RECORDING = "recording"
    SEALED = "sealed"
    ABORTED = "aborted"
    RECOVERED = "recovered"


READABLE = (State.SEALED, State.ABORTED, State.RECOVERED)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: carries the unit, as everywhere.
        kind: what a value is.
        unit: as written to the column's ``unit`` attribute; empty for text and codes.
        width: values per row; 0 for a plain column.
    """

    name: str
    kind: Kind
    unit: str = ""
    width: int = 0

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The type on disk."""
        if self.kind == "text":
            text: np.dtype[np.generic] = h5py.string_dtype("utf-8")
            return text
        return np.dtype({"float": "<f8", "int": "<i8", "bool": "?", "byte": "u1"}[self.kind])

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row's value."""
        return (self.width,) if self.width else ()

    def chunk_rows(self, chunk_bytes: int) -> int:
        """Return how many rows make a chunk of about so many bytes."""
        row_bytes = 16 if self.kind == "text" else self.dtype.itemsize * max(self.width, 1)
        return max(64, chunk_bytes // row_bytes)


def gaze_columns(channels: int) -> tuple[Column, ...]:
    """Return the columns of ``/gaze`` for a source with so many raw channels."""
    raw = (Column("raw", "float", "see channel_units", channels),) if channels else ()
    return (
        Column("t_s", "float", "s"),
        Column("t_source_s", "float", "s"),
        Column("xy_px", "float", "px", 2),
        Column("valid", "bool"),
        Column("pupil_mm", "float", "mm", 2),
        *raw,
    )


TABLES: dict[str, tuple[Column, ...]] = {
    "clock/pairs": (Column("clock_s", "float", "s"), Column("unix_s", "float", "s")),
    "clock/offsets": (Column("t_s", "float", "s"), Column("offset_s", "float", "s")),
    "clock/connections": (
        Column("connection", "int"),
        Column("from_s", "float", "s"),
        Column("clock", "text"),
        Column("method", "text"),
        Column("offset_s", "float", "s"),
        Column("drift_ppm", "float", "ppm"),
        Column("uid", "text"),
        Column("host", "text"),
        Column("first_sample", "int", "samples"),
        Column("received", "int", "samples"),
        Column("expected", "int", "samples"),
        Column("late", "int", "samples"),
        Column("period_s", "float", "s"),
    ),
    "cursor": (
        Column("t_s", "float", "s"),
        Column("xy_px", "float", "px", 2),
        Column("buttons", "float"),
    ),
    "viewport": (
        Column("t_s", "float", "s"),
        Column("screen", "text"),
        Column("scroll_px", "float", "px"),
        Column("swipes", "text"),
        Column("page", "text"),
    ),
    "markers": (
        Column("t_s", "float", "s"),
        Column("code", "text"),
        Column("trial", "int"),
        Column("payload", "text"),
    ),
    "trials": (Column("trial", "int"), Column("description", "text")),
}

GROUPS = ("study", "participant", "consent", "screen", "source", "calibration", "pages", "derived")
"""Groups every file has, beside the tables and ``/gaze``."""


LIVE_SLOTS = "derived/live"
"""What was found while recording, to be compared with what is derived later."""


def derived_path(kind: str, digest: str) -> str:
    """Return where derived data of one kind and one set of parameters live."""
    return f"derived/{kind}@{digest}"
