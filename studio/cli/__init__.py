"""The command line: every job of the studio is also a command.

Each command lives in a module of its own and imports what it needs inside its function, so that
``gazetwin --help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import typer

from studio.cli import (
    boundary,
    check,
    compare,
    demo,
    doctor,
    erase,
    export,
    fit,
    import_,
    persona,
    pick,
    record,
    recover,
    replay,
    serve,
    simulate,
    slots,
    streams,
    studio,
    study,
    tracker,
)
from studio.guard import DISTRIBUTION, check_packages

COMMANDS: tuple[Callable[..., Any], ...] = (
    studio.studio,
    demo.demo,
    streams.streams,
    pick.pick,
    tracker.tracker,
    record.record,
    slots.slots,
    replay.replay,
    fit.fit,
    compare.compare,
    simulate.simulate,
    serve.serve,
    check.check,
    recover.recover,
    erase.erase,
    import_.import_,
    doctor.doctor,
)

app = typer.Typer(
    name=DISTRIBUTION,
    help="Eye-tracking studies of carousel pages, and twins that look and click like the participant.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gazetwin {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del show_version  # answered by its callback before any command runs
    if context.invoked_subcommand != doctor.doctor.__name__:  # the doctor lists clashes among the rest
        check_packages()


for _command in COMMANDS:
    app.command(_command.__name__.rstrip("_"))(_command)  # import is a word of Python
app.add_typer(study.app, name="study")
app.add_typer(export.app, name="export")
app.add_typer(persona.app, name="persona")


def main() -> None:
    """Run ``gazetwin``; exit code 0, 1 (it ran and the answer is no) or 2 (it could not run)."""
    with boundary.clear_errors():
        app()
