"""``gazetwin record``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.words import counted
from studio.cli.boundary import negative
from studio.cli.options import AsJson
from studio.cli.output import emit, note, say

if TYPE_CHECKING:
    from studio.recording import Recorded


def record(
    study: Annotated[
        str, typer.Option("--study", metavar="NAME|FILE", help="demo, free-gaze, recgaze, or a study file.")
    ],
    participant: Annotated[
        str,
        typer.Option(
            "--participant", metavar="ID", help="Pseudonym; its final number decides the counterbalancing."
        ),
    ],
    source: Annotated[
        str,
        typer.Option("--source", metavar="SOURCE", help="mock, lsl, lsl:NAME, mouse, or replay:FILE."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the session.")],
    headless: Annotated[
        bool, typer.Option("--headless", help="Show nothing; a simulated participant acts (mock).")
    ] = False,
    duration_s: Annotated[
        float | None, typer.Option("--duration", min=0.1, metavar="SECONDS", help="End after this time.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Draws the simulated participant and shuffled orders.")
    ] = 0,
    name: Annotated[
        str,
        typer.Option(
            "--name",
            metavar="STREAM",
            help="Name, source id or uid of the LSL stream; the only one if omitted.",
        ),
    ] = "",
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="How to read the LSL stream; see gazetwin pick."),
    ] = None,
    surface: Annotated[
        Path | None,
        typer.Option("--surface", metavar="FILE", help="Where a head-worn tracker's camera sees the screen."),
    ] = None,
    top_genre: Annotated[
        str, typer.Option("--top-genre", metavar="GENRE", help="The participant's favourite genre.")
    ] = "",
    prefers: Annotated[
        list[str] | None, typer.Option("--prefers", metavar="GENRE", help="A genre the participant likes.")
    ] = None,
    publish: Annotated[
        bool,
        typer.Option("--publish-markers", help="Also send markers as LSL stream GazeTwin_Markers."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Record one session into DIR/session.h5. Ctrl-C ends it and keeps everything.

    Answers of the questionnaire come from --top-genre and --prefers; a simulated participant answers itself.
    """
    from studio.record_command import Request, run

    request = Request(
        study=study,
        participant=participant,
        source=source,
        out=out,
        headless=headless,
        duration_s=duration_s,
        seed=seed,
        name=name,
        profile=profile,
        surface=surface,
        publish=publish,
        preferred=tuple(dict.fromkeys(g for g in (top_genre, *(prefers or ())) if g)),
    )
    recorded = run(request)
    if as_json:
        emit(_summary(recorded))
    else:
        _print(recorded)
    if recorded.ending.error is not None:
        raise recorded.ending.error
    if recorded.ending.outcome != "complete" or not recorded.report.samples:
        raise negative()


def _summary(recorded: Recorded) -> dict[str, object]:
    report, viewer, verdict = recorded.report, recorded.viewer, recorded.ending.verdict
    sent = None if viewer is None else viewer.sent
    return {
        "session": recorded.path,
        "outcome": recorded.ending.outcome,
        "why": recorded.ending.why,
        "samples": {
            "sent": sent,
            "recorded": report.samples,
            "lost": None if sent is None else sent - report.samples,
        },
        "views": None if recorded.slots is None else len(recorded.slots.views),
        "stalls": report.stalls,
        "connections": [
            {"clock": c.link.clock, "received": c.received, "expected": c.expected, "lost": c.lost}
            for c in report.connections
        ],
        "incidents": [event.words for event in report.events],
        "calibration": verdict,
    }


def _print(recorded: Recorded) -> None:
    report, ending = recorded.report, recorded.ending
    say(f"{recorded.path}: {counted(report.samples, 'gaze sample')}, {ending.outcome}.")
    if report.lost_samples:
        lost = counted(report.lost_samples, "sample")
        note(f"{lost} got lost while the tracker was connected: see `gazetwin check`.")
    if ending.why:
        say(f"Ended: {ending.why}.")
    if not report.samples:
        note("Check that the source sends (`gazetwin streams` lists trackers) and record again.")
    verdict = recorded.ending.verdict
    if verdict is not None and verdict.verdict == "red":
        note("Gaze is poorly calibrated: see `gazetwin check`.")
