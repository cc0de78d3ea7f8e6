"""``gazetwin replay``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.words import counted
from studio.cli.boundary import negative
from studio.cli.options import AsJson, SessionPath
from studio.cli.output import emit, note, progress, say

if TYPE_CHECKING:
    from studio.replay import Replayed

OTHERS = {
    "live": "those found while recording",
    "stored": "those stored in the session",
    "derived": "those derived from the file now",
}
SHOWN = 20  # differences printed for people; --json has all


def replay(
    session: SessionPath,
    speed: Annotated[
        str, typer.Option("--speed", metavar="X|max", help="How many times real time, or 'max'.")
    ] = "max",
    lsl: Annotated[
        bool, typer.Option("--lsl", help="Also send gaze and markers over LSL, once someone listens.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play a session into the same pipeline again: are the answers identical to the last bit?

    Exit code 0: they are; 1: they are not, or pages in the file are no longer those that were shown.
    """
    factor = _factor(speed)
    if lsl and math.isinf(factor):
        raise typer.BadParameter("Trackers send in real time: add --speed 1.", param_hint="--lsl")
    if lsl:
        note("The replay starts as soon as someone listens; Ctrl-C ends it.")
    result = _replayed(session, factor, lsl)
    if as_json:
        emit({"session": session, "identical": result.identical, "result": result})
    else:
        _print(result)
    if result.changed_pages:
        pages = counted(len(result.changed_pages), "page")
        note(f"{pages} changed since the recording: identical answers say nothing about what was shown.")
        note("See `gazetwin check`, and find the unchanged file.")
    if not result.identical or result.changed_pages:
        raise negative()


def _factor(speed: str) -> float:
    try:
        factor = math.inf if speed == "max" else float(speed)
    except ValueError:
        factor = math.nan
    if not factor > 0:
        raise typer.BadParameter(f"{speed!r} is neither a positive number nor 'max'.", param_hint="--speed")
    return factor


def _replayed(session: Path, speed: float, lsl: bool) -> Replayed:
    from studio.replay import Replayed
    from studio.replay import replay as play

    with progress() as bar:
        task = bar.add_task("replaying")
        for event in play(session, speed, lsl):
            if isinstance(event, Replayed):
                return event
            bar.update(task, completed=event.done, total=event.total)
    raise AssertionError("a replay ends with its result")


def _print(result: Replayed) -> None:
    other = OTHERS[result.against]
    measures = ", ".join(
        counted(number, noun)
        for number, noun in (
            (result.samples, "sample"),
            (result.fixations, "fixation"),
            (result.views, "page view"),
            (len(result.scores), "prediction score"),
        )
    )
    if result.identical:
        say(f"{measures}: identical to {other}, to the last bit.")
        return
    say(f"{measures}: {counted(len(result.differences), 'difference')} from {other}.")
    for difference in result.differences[:SHOWN]:
        say(f"  {difference}")
    if len(result.differences) > SHOWN:
        say(f"  and {len(result.differences) - SHOWN} more")
