"""``gazetwin demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.options import AsJson
from studio.cli.output import emit, say, show

if TYPE_CHECKING:
    from studio.demo import DemoResult


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for session, persona, report.")
    ] = Path("demo-out"),
    headless: Annotated[bool, typer.Option("--headless", help="Show no windows.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the simulated participant.")] = 7,
    stay: Annotated[bool, typer.Option("--stay", help="Leave the windows open at the end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole loop on a simulated participant: session, slots, twin, comparison, report.

    Takes about four minutes. Results of an earlier demonstration in DIR are moved aside.
    """
    from studio.demo_command import Request, run

    result = run(Request(folder=out, seed=seed, headless=headless, stay=stay))
    if as_json:
        emit(result.summary())
    else:
        _print(result, out)


def _print(result: DemoResult, folder: Path) -> None:
    from studio.cli.heldout import print_heldout

    samples, truth = result.samples, result.truth
    rows = [
        ("gaze samples", f"{samples['sent']} sent, {samples['recorded']} recorded, {samples['lost']} lost"),
        ("fixations", f"precision {truth.precision:.3f}, recall {truth.recall:.3f}"),
        ("posters", f"{truth.slot_accuracy:.3f} of the fixation time on the right one"),
        ("seconds", ", ".join(f"{name} {value:.0f}" for name, value in result.seconds.items())),
    ]
    show("Found, against what the simulated participant really did", ("what", "result"), rows)
    print_heldout(result.comparison)
    say(f"Everything is in {folder}; open {folder / 'report.html'} in a browser.")
