"""``gazetwin export``."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.boundary import negative
from studio.cli.options import AsJson, Device, DeviceName, Precision, PrecisionName
from studio.cli.output import emit, progress, say, show

if TYPE_CHECKING:
    from sessions.exporters.exported import Exported
    from tuning.handover import Exported as ExportedPersonas
    from tuning.handover import FieldTold, TargetTold

app = typer.Typer(help="Hand recordings and personas over to other programs.", no_args_is_help=True)


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


@app.command()
def persona(
    personas: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PERSONA...", help="Persona files; of a file of several, all, or FILE:PSEUDONYM."
        ),
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="Where to; --list tells which.")] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder to make.")] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List all targets, or with --to what one keeps and loses.")
    ] = False,
    allow_proxy: Annotated[
        bool, typer.Option("--allow-proxy", help="Accept fields that something else stands for.")
    ] = False,
    participant: Annotated[
        list[str] | None, typer.Option("--participant", metavar="ID", help="Only these, of one file.")
    ] = None,
    page: Annotated[
        list[str] | None,
        typer.Option("--page", metavar="STUDY:SCREEN[@SCROLL]", help="For csv and parquet; may be repeated."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Tell the target something only you know."),
    ] = None,
    backbone: Annotated[
        str, typer.Option("--backbone", metavar="NAME", help="The personas' model, when it is in a folder.")
    ] = "",
    device: DeviceName = Device.cpu,
    precision: PrecisionName = Precision.fp32,
    as_json: AsJson = False,
) -> None:
    """Export personas to a simulator, a server or a table. The folder appears whole or not at all."""
    from studio.export_command import exported, targets

    if list_:
        known = targets()
        if to and to not in {t.name for t in known}:
            raise typer.BadParameter(
                f"there is no target {to!r}; there are {', '.join(t.name for t in known)}"
            )
        _list([t for t in known if to in ("", t.name)], as_json)
        return
    if not personas or not to or out is None:
        raise typer.BadParameter("name PERSONA..., --to TARGET and --out DIR, or ask with --list")
    done = exported(
        _addresses(personas, participant or []),
        to,
        out,
        page or [],
        setting or [],
        allow_proxy=allow_proxy,
        backbone=backbone,
        device=device.value,
        precision=precision.value,
    )
    _tell_personas(done, as_json)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that export persona has made.")],
    as_json: AsJson = False,
) -> None:
    """Check exported personas again: that no file has changed, and that the other program can load them."""
    from studio.export_command import verified

    found = verified(folder)
    _tell_personas(found, as_json)
    if found.problems:
        raise negative()


def _addresses(personas: list[str], participants: list[str]) -> list[str]:
    if not participants:
        return personas
    if len(personas) != 1:
        raise typer.BadParameter("--participant chooses from one file")
    return [f"{personas[0]}:{name}" for name in participants]


def _list(targets: list[TargetTold], as_json: bool) -> None:
    if as_json:
        emit({"targets": [target.model_dump(exclude={"kind"}) for target in targets]})
        return
    if len(targets) != 1:
        rows = [(t.name, t.summary, f"{t.package} {t.version}") for t in targets]
        show("Personas can be exported to", ("target", "what happens", "format of"), rows)
        say("With --to TARGET --list: what it keeps, and what it loses.")
        return
    (target,) = targets
    say(target.summary)
    _show_fields(f"{target.name}, format of {target.package} {target.version}", target.fields)
    for setting in target.settings:
        needed = "needed" if setting.required else f"otherwise {setting.default or 'nothing'}"
        say(f"--set {setting.name}=...: {setting.meaning} ({needed})")


def _tell_personas(done: ExportedPersonas, as_json: bool) -> None:
    if as_json:
        emit(done.model_dump(exclude={"kind"}))
        return
    _show_fields(f"{', '.join(done.participants)} -> {done.folder}", done.fields)
    by = f"by {done.package} {done.version}" if done.by == "package" else "by its schema only"
    for check in done.checks:
        say(f"checked {by}: {check}")
    for problem in done.problems:
        say(f"NOT as it should be: {problem}")


def _show_fields(title: str, fields: tuple[FieldTold, ...]) -> None:
    columns = ("field", "participant", "is", "n", "how")
    rows = [(f.name, f.participant, f.how, "" if f.n is None else f.n, f.note) for f in fields]
    show(title, columns, rows)


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
