"""`csv` and `parquet`: what the twins look at and click on given pages, as one table.

One row is one poster on one page for one participant.
"""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from protocols.errors import ExportError
from tuning.exporting.checking import require, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.written import write_csv
from tuning.pagespec import PageSpec
from tuning.simulate import Seen

TABLE = "looks"
COLUMNS = (
    "participant",
    "page",
    "screen",
    "scroll_px",
    "position",
    "row",
    "item",
    "film",
    "genre",
    "attention",
    "click",
    "attention_combined",
    "click_combined",
)
SHARES = COLUMNS[-4:]
KEYS = ("participant", "page")
ROUNDING = 1e-9
Row = Sequence[str | int | float]

FIELDS = (
    Field("attention, click", "derived", "predicted by the prompted model: the row twin of a comparison"),
    Field("attention_combined, click_combined", "derived", "model and position habit: the row twin_combined"),
    Field("participant, page, position, row, item, film, genre", "constant", "names the poster"),
    Field("gaze", "omitted", "nothing recorded leaves: these are predictions"),
)


class _Looks:
    """What both formats share."""

    settings: tuple[Setting, ...] = ()
    fields = FIELDS

    def rows(self, personas: Personas) -> tuple[list[Row], tuple[Field, ...]]:
        """Return the table, and its account."""
        if not personas.pages:
            raise ExportError(
                "No page was named.",
                "The table holds what the twins do on pages.",
                "Name pages with --page STUDY:SCREEN, for example --page demo:3.",
            )
        found: list[Row] = []
        for subject in personas.subjects:
            for number, (spec, seen) in enumerate(zip(personas.pages, _seen(subject, personas), strict=True)):
                found += _rows(subject.name, number, spec, seen)
        return found, self.fields


class CsvLooks(_Looks):
    """See the module."""

    name = "csv"
    summary = "A table for any program: attention and clicks of the twins on pages named with --page."
    package = "pandas"
    version = "3.1.1"

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``looks.csv``."""
        rows, fields = self.rows(personas)
        write_csv(folder / f"{TABLE}.csv", COLUMNS, rows)
        return fields

    def verify(self, folder: Path) -> Verification:
        """Read the table with pandas and check that shares are shares."""
        path = folder / f"{TABLE}.csv"
        checks = [(_SOUND, lambda: _require_sound(pd.read_csv(path, quoting=csv.QUOTE_MINIMAL)))]
        return verified("package", "pandas", pd.__version__, checks)


class ParquetLooks(_Looks):
    """See the module."""

    name = "parquet"
    summary = "The same table as csv, typed and compact, for pandas, Polars, DuckDB or Spark."
    package = "pyarrow"
    version = "26.0.1"

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write ``looks.parquet``."""
        if importlib.util.find_spec("pyarrow") is None:
            raise ExportError(
                "pyarrow is not installed.",
                "It writes Parquet files.",
                "Install it (pip install 'gazetwin[parquet]'), or export to csv.",
            )
        rows, fields = self.rows(personas)
        table = pd.DataFrame([tuple(row) for row in rows], columns=list(COLUMNS))
        table.to_parquet(folder / f"{TABLE}.parquet", index=False)
        return fields

    def verify(self, folder: Path) -> Verification:
        """Read the table with pyarrow and check that shares are shares."""
        path = folder / f"{TABLE}.parquet"
        checks = [(_SOUND, lambda: _require_sound(pd.read_parquet(path)))]
        return verified("package", "pyarrow", importlib.metadata.version("pyarrow"), checks)


_SOUND = "the table has its columns, and shares of each page add up to 1"


def _seen(subject: Subject, personas: Personas) -> list[Seen]:
    subject.persona.require(personas.model().spec)
    return subject.looks(personas.pages)


def _rows(name: str, number: int, spec: PageSpec, seen: Seen) -> Iterator[Row]:
    shares = (seen.twin.attention, seen.twin.choice, seen.combined.attention, seen.combined.choice)
    for position, (slot, film) in enumerate(zip(seen.page.layout.slots, seen.page.films, strict=True)):
        place = (position, slot.row, slot.item, slot.film, film.genres[0])
        told = tuple(float(share[position]) for share in shares)
        yield (name, number, seen.page.screen_id, float(spec.viewport.scroll_px), *place, *told)


def _require_sound(table: pd.DataFrame) -> None:
    require(tuple(table.columns) == COLUMNS, f"its columns are {', '.join(map(str, table.columns))}")
    require(len(table) > 0, "it is empty")
    shares = table[list(SHARES)].to_numpy(dtype=np.float64)
    require(bool(((shares >= 0) & (shares <= 1)).all()), "a share is below 0 or above 1")
    sums = table.groupby(list(KEYS))[list(SHARES)].sum().to_numpy()
    require(
        bool((abs(sums - 1) < ROUNDING).all()), f"shares of a page add up to {sums.min()} to {sums.max()}"
    )
