"""What an imported recording holds beyond a recorded one: where it came from, what had no place, fixations.

::

    /source            attr off_screen: why its gaze is no gaze on the screen; absent when it is
    /source/provenance JSON: importer, software, files with SHA-256, clock, ledger
    /source/tables     see ``sessions.source_tables``
    /fixations         onset_s, offset_s, x_px, y_px, n; attr found_by; used instead of the detector

All of it is optional; a recorded session has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import h5py
import numpy as np

from acquisition.fixations import Fixations, IvtParameters
from protocols.errors import SessionError
from protocols.geometry import FloatArray
from protocols.slots import IntArray
from sessions.schema import Column
from sessions.source_tables import SourceTable, write_tables

GIVEN = "given-1"
"""Named in digests of slots whose fixations were not detected here."""

_COLUMNS = (
    Column("onset_s", "float", "s"),
    Column("offset_s", "float", "s"),
    Column("x_px", "float", "px"),
    Column("y_px", "float", "px"),
    Column("n", "int", "samples"),
)


@dataclass(frozen=True, slots=True, eq=False)
class GivenFixations:
    """Fixations that another program found, in order of time, none overlapping the next.

    Attributes:
        onset_s: session clock in s, shape (n,).
        offset_s: likewise.
        xy_px: screen px, shape (n, 2); NaN when only known to be on nothing of interest.
        samples: gaze samples in it, shape (n,); 0 when not told.
        found_by: the program and what is known of its method.
    """

    onset_s: FloatArray
    offset_s: FloatArray
    xy_px: FloatArray
    samples: IntArray
    found_by: str

    def __post_init__(self) -> None:
        ordered = (np.diff(self.onset_s) >= 0).all() and (self.onset_s[1:] >= self.offset_s[:-1]).all()
        if not ordered or (self.offset_s < self.onset_s).any():
            raise SessionError(
                "Fixations overlap or go backwards in time.",
                "Gaze cannot rest in two places, and dwell would count twice.",
                "Order them, and end each before the next begins.",
            )

    def __len__(self) -> int:
        return len(self.onset_s)


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """Everything of a foreign file that has no other place in a recording.

    Attributes:
        provenance: JSON-able facts: importer, files, clock, what was read and dropped.
        tables: what is kept verbatim.
        fixations: found by the other program, None to detect them here.
        off_screen: why the gaze is no gaze on the screen, empty when it is.
    """

    provenance: Mapping[str, object]
    tables: tuple[SourceTable, ...] = ()
    fixations: GivenFixations | None = None
    off_screen: str = ""


def write_foreign(h5: h5py.File, foreign: Foreign) -> None:
    """Write it into a recording that has none yet."""
    source = h5["source"]
    source["provenance"] = json.dumps(dict(foreign.provenance))
    if foreign.off_screen:
        source.attrs["off_screen"] = foreign.off_screen
    write_tables(source, foreign.tables)
    if foreign.fixations is not None:
        _write_fixations(h5.create_group("fixations"), foreign.fixations)


def read_provenance(h5: h5py.File) -> dict[str, object]:
    """Return where an imported recording came from; empty for a recorded one."""
    if "provenance" not in h5["source"]:
        return {}
    return dict(json.loads(h5["source/provenance"].asstr()[()]))


def read_fixations(h5: h5py.File, parameters: IvtParameters) -> Fixations | None:
    """Return the fixations another program found, None when there are none.

    Args:
        h5: a recording.
        parameters: what the result says it was made with; they had no part in it.
    """
    if "fixations" not in h5:
        return None
    return Fixations(**{c.name: h5["fixations"][c.name][:] for c in _COLUMNS}, parameters=parameters)


def refuse_off_screen(h5: h5py.File) -> None:
    """Refuse to tell what on the screen was looked at when gaze is not on the screen.

    Raises:
        SessionError: with the reason.
    """
    reason = str(h5["source"].attrs.get("off_screen", ""))
    if reason:
        raise SessionError(
            f"The gaze of {h5.filename} is no gaze on the screen.",
            reason,
            "Import it again with a mapping onto the screen (`gazetwin import --surface FILE`).",
        )


def _write_fixations(group: h5py.Group, given: GivenFixations) -> None:
    group.attrs["found_by"] = given.found_by
    x_px, y_px = given.xy_px[:, 0], given.xy_px[:, 1]
    values = (given.onset_s, given.offset_s, x_px, y_px, given.samples)
    for column, data in zip(_COLUMNS, values, strict=True):
        dataset = group.create_dataset(column.name, data=data, dtype=column.dtype)
        dataset.attrs["unit"] = column.unit
