"""``gazetwin import``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.options import AsJson
from studio.cli.output import emit, progress, say, show
from studio.guard import DISTRIBUTION

if TYPE_CHECKING:
    from protocols.geometry import Screen
    from sessions.importers.contract import Imported, Options

_DISPLAY = re.compile(r"(\d+)x(\d+)px,([\d.]+)x([\d.]+)mm,([\d.]+)mm")
COLUMNS = ("what", "read", "placed", "kept", "dropped", "why, and what else to know")


def import_(
    format_name: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="adserp, eyelink-asc, pupil-cloud, recgaze, tobii-pro-lab, tobii-tsv or xdf.",
        ),
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file, or the data set's folder.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the sessions go.")],
    display: Annotated[
        str,
        typer.Option(
            metavar="WxHpx,WxHmm,Dmm",
            help="The display: pixels, visible millimetres, distance of the eyes, if the file does not tell.",
        ),
    ] = "",
    participant: Annotated[
        str, typer.Option(metavar="ID", help="Pseudonym of an unnamed participant, or the only one to take.")
    ] = "",
    surface: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Pupil Cloud: the gaze.csv of a Marker Mapper enrichment."),
    ] = None,
    stream: Annotated[
        str, typer.Option(metavar="NAME", help="Which gaze stream, when there are several.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Turn a recording of another program into sessions; nothing is guessed, every row is accounted for."""
    from sessions.importers.contract import Options

    options = Options(_screen(display), participant, surface, stream)
    results = []
    for imported, session in _sessions(format_name, path, out, options):
        results.append({"session": session, "ledger": [asdict(entry) for entry in imported.ledger]})
        if not as_json:
            _print(imported, session)
    if as_json:
        emit({"format": format_name, "path": path, "sessions": results})


def _sessions(format_name: str, path: Path, out: Path, options: Options) -> Iterator[tuple[Imported, Path]]:
    from sessions.importers.catalogue import reader_of
    from sessions.importers.store import store

    software = f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    with progress() as bar:
        bar.add_task(f"importing {path.name}", total=None)
        for imported in reader_of(format_name)(path, options):
            yield imported, store(imported, out, software)


def _screen(display: str) -> Screen | None:
    from protocols.geometry import Screen
    from protocols.plausible import implausible

    if not display:
        return None
    found = _DISPLAY.fullmatch(display.replace(" ", ""))
    sizes = tuple(map(float, found.groups())) if found else ()
    if not sizes or min(sizes) <= 0:
        raise typer.BadParameter(
            f"{display!r} is not like 1920x1080px,531x299mm,650mm.", param_hint="--display"
        )
    width_px, height_px, width_mm, height_mm, distance_mm = sizes
    screen = Screen((int(width_px), int(height_px)), (width_mm, height_mm), distance_mm)
    doubts = implausible(screen)
    if doubts:
        raise typer.BadParameter(f"{display!r} cannot be right: {doubts}", param_hint="--display")
    return screen


def _print(imported: Imported, session: Path) -> None:
    rows = [(e.what, e.read, e.placed, e.kept, e.dropped, e.note) for e in imported.ledger]
    show(f"{session.name} from {', '.join(file.name for file in imported.files[:3])}", COLUMNS, rows)
    if imported.off_screen:
        say(f"Not gaze on the screen: {imported.off_screen}")
