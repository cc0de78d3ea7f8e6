"""``gazetwin export``."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.options import AsJson
from studio.cli.output import emit, progress, say

if TYPE_CHECKING:
    from sessions.exporters.exported import Exported

app = typer.Typer(help="Hand recordings over to other programs.", no_args_is_help=True)


class SessionFormat(StrEnum):
    """What a recording can be exported to."""

    CSV = "csv"
    BIDS = "bids"
    XDF = "xdf"


@app.command()
def session(
    sessions: Annotated[list[Path], typer.Argument(metavar="SESSION...", help="Recorded sessions (.h5).")],
    to: Annotated[
        SessionFormat,
        typer.Option("--to", help="CSV tables, a BIDS 1.11 eye-tracking data set, or XDF."),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where to; a BIDS data set there is added to.")
    ],
    as_json: AsJson = False,
) -> None:
    """Export recordings. Nothing that exists is overwritten; the recordings are not changed."""
    done: list[Exported] = []
    try:
        with progress() as bar:
            done.extend(bar.track(_exported(sessions, to, out), len(sessions), description="exporting"))
    finally:  # what was finished before an error is there, and is told
        _tell([exported for exported in done if exported.target.exists()], as_json)


def _exported(sessions: list[Path], to: SessionFormat, out: Path) -> Iterable[Exported]:
    from sessions.exporters.bids import export_bids
    from sessions.exporters.csv_folder import export_csv
    from sessions.exporters.xdf import export_xdf

    if to is SessionFormat.BIDS:
        return export_bids(sessions, out)
    export = export_csv if to is SessionFormat.CSV else export_xdf
    return (export(path, out) for path in sessions)


def _tell(done: list[Exported], as_json: bool) -> None:
    if as_json:
        emit(done)
        return
    for exported in done:
        total = sum(exported.counts.values())
        say(f"{exported.session} -> {exported.target}: {total} rows")
        for note in exported.notes:
            say(f"  {note}")
