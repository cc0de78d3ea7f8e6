"""``gazetwin slots``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.errors import PagesChanged
from protocols.words import counted
from studio.cli.boundary import negative
from studio.cli.options import AsJson, SessionPath
from studio.cli.output import emit, note, say, show

if TYPE_CHECKING:
    from sessions.slots import SlotParameters, Slots
    from sessions.views import PageView


def slots(
    session: SessionPath,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Also write a new file, one row per view and poster."),
    ] = None,
    within_px: Annotated[
        float,
        typer.Option("--within-px", min=0.0, help="Also credit the closest poster up to this many px away."),
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Find fixations and the attention on every poster; keep them in the session.

    Exit code 0: they are kept; 1: pages in the file are not those that were shown, so nothing was stored.
    """
    from sessions.course import course
    from sessions.exporters.target import refuse_existing
    from sessions.reader import Recording
    from sessions.slots import SlotParameters
    from studio.slot_table import write_slots

    if csv is not None:
        refuse_existing(csv)
    parameters = SlotParameters(within_px=within_px)
    problem = _kept(session, parameters)
    with Recording.open(session) as recording:
        derived, views = recording.slots(parameters), recording.views(parameters)
        skipped = course(recording.markers()).skipped
        participant = recording.participant.pseudonym
    if csv is not None:
        write_slots(csv, views, participant)
    if as_json:
        emit({"session": session, "stored": not problem, **_summary(derived, views, skipped)})
    else:
        _print(derived, views, skipped)
    if problem:
        note(problem)
        raise negative()


def _kept(session: Path, parameters: SlotParameters) -> str:
    """Store what is derived; return why that was refused, empty when it was not."""
    from sessions.derive import derive

    try:
        derive(session, parameters)
    except PagesChanged as error:
        return str(error)
    return ""


def _summary(derived: Slots, views: list[PageView], skipped: frozenset[int]) -> dict[str, object]:
    return {
        "digest": derived.digest,
        "parameters": derived.parameters,
        "fixations": len(derived.fixations),
        "views": [
            {
                "trial": view.trial,
                "screen": view.screen.id,
                "t_on_s": view.t_on_s,
                "t_off_s": view.t_off_s,
                "pauses_s": view.pauses,
                "films": [slot.film for slot in view.layout.slots],
                "fixation_ms": view.fixation_ms,
                "cursor_ms": view.cursor_ms,
                "click": view.click,
                "trial_skipped": view.trial in skipped,
            }
            for view in views
        ],
    }


def _print(derived: Slots, views: list[PageView], skipped: frozenset[int]) -> None:
    columns = (
        "view",
        "trial",
        "screen",
        "shown [s]",
        "on posters [ms]",
        "posters",
        "most looked at",
        "clicked",
    )
    fixations = counted(len(derived.fixations), "fixation")
    if not views:
        say(f"{fixations}; no page was shown, so there is no attention on posters.")
        return
    rows = [_row(number, view, view.trial in skipped) for number, view in enumerate(views)]
    show("Attention per page view", columns, rows)
    say(f"{fixations}, {counted(len(views), 'page view')}; parameters {derived.digest}.")


def _row(number: int, view: PageView, skipped: bool) -> tuple[object, ...]:
    total_ms = float(view.fixation_ms.sum())
    looked, posters = int((view.fixation_ms > 0).sum()), view.layout.slots
    top = int(view.fixation_ms.argmax()) if looked else None
    return (
        number,
        f"{view.trial} (skipped)" if skipped else view.trial,
        view.screen.id,
        f"{view.duration_s:.1f}",
        f"{total_ms:.0f}",
        f"{looked} of {len(posters)}",
        "nothing" if top is None else f"{posters[top].film} ({view.fixation_ms[top] / total_ms:.0%})",
        "" if view.click is None else "the same" if view.click == top else posters[view.click].film,
    )
