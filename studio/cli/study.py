"""``gazetwin study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.words import counted
from studio.cli.boundary import goes_on_later, negative
from studio.cli.options import AsJson, ClusterAddress, GpusPerWorker, Workers
from studio.cli.output import emit, say, show

if TYPE_CHECKING:
    from tuning.events import Warned

app = typer.Typer(help="Experiments: cohorts through operators, models and ablations.", no_args_is_help=True)


@app.command()
def run(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Study file (TOML), or a shipped one: reference, strict.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the report; by default study-NAME."),
    ] = None,
    workers: Workers = None,
    cluster: ClusterAddress = "",
    gpus: GpusPerWorker = 0.0,
    as_json: AsJson = False,
) -> None:
    """Run an experiment and write tables, tests and figures; say first what it does not show.

    What is finished is kept: run it again after an interruption, or with changed settings, and only what is
    missing is computed. The exit code is 1 when a cell has no result.
    """
    from studio.study_command import study, targets
    from studio.workplace import Workplace

    folder = out or Path(f"study-{Path(file).stem}")
    with goes_on_later():
        written, warned = study(file, folder, Workplace(workers, cluster, gpus))
    _tell(folder, written, warned, targets(folder), as_json)
    if warned:
        raise negative()


def _tell(
    folder: Path, written: list[Path], warned: list[Warned], rows: list[list[str]], as_json: bool
) -> None:
    if as_json:
        columns = ("target", "wanted", "measured", "verdict")
        emit(
            {
                "files": written,
                "targets": [dict(zip(columns, row, strict=True)) for row in rows],
                "not_computed": [w.what for w in warned],
            }
        )
        return
    show("Targets", ("", "target", "found"), ((verdict, name, found) for name, _, found, verdict in rows))
    if warned:
        say(f"Without a result: {counted(len(warned), 'cell')}; the warnings above say why.")
    say(f"The report is in {folder}; open {folder / 'report.html'} in a browser.")
