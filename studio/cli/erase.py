"""``gazetwin erase``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.words import counted
from studio.cli.boundary import negative
from studio.cli.options import AsJson
from studio.cli.output import emit, note, say

if TYPE_CHECKING:
    from sessions.erase import Found, Receipt


def erase(
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Pseudonym, for example P07.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder to search; by default the Studio's data folder."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove everything about one participant: recordings, personas, reports, lines of logs.

    A receipt in DIR/erased says what was removed, and what could not be reached. Exit code 1: there is
    nothing about this participant, or the question was answered with no.
    """
    from sessions.erase import erase as remove
    from sessions.erase import find
    from studio.settings import SettingsFile

    found = find(participant, data or SettingsFile().load().settings.data_folder)
    if not found.files and not found.logs:
        note(f"There is nothing about {participant} in {found.folder}.")
        _say_left(found.left)
        raise negative()
    if not yes and not _confirmed(found):
        raise negative()
    receipt = remove(found)
    emit(receipt) if as_json else _print(receipt)


def _confirmed(found: Found) -> bool:
    for path in found.files:
        note(f"  {path.relative_to(found.folder)}")
    files = counted(len(found.files), "file")
    return typer.confirm(f"Remove {files} of {found.participant} for good?", err=True)


def _print(receipt: Receipt) -> None:
    size_mb = sum(one.size_bytes for one in receipt.removed) / 1e6
    say(f"{counted(len(receipt.removed), 'file')} of {receipt.participant} removed, {size_mb:.1f} MB.")
    for name, lines in receipt.cut.items():
        say(f"{counted(lines, 'line')} cut from {name}.")
    _say_left(receipt.left)
    for advice in receipt.advice:
        note(advice)


def _say_left(left: dict[str, str]) -> None:
    for name, why in left.items():
        note(f"Still there: {name}: {why}.")
