"""``gazetwin persona``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.options import AsJson
from studio.cli.output import emit, say, show

if TYPE_CHECKING:
    from tuning.described import Described

app = typer.Typer(help="Look into persona files, and put several into one.", no_args_is_help=True)


@app.command("show")
def show_persona(
    persona: Annotated[
        str, typer.Argument(metavar="FILE[:PSEUDONYM]", help="A persona, or a file of several.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say what a persona is: who, from which sessions, for which model, how good, and what was measured."""
    from tuning.described import described_at

    found = described_at(persona)
    if as_json:
        emit({"personas": [one.document() for one in found]})
    elif len(found) == 1:
        _print(found[0])
    else:
        rows = [_line(one) for one in found]
        show(f"{len(found)} personas", ("participant", "model", "sessions", "placement", "kl (twin)"), rows)


@app.command()
def bundle(
    personas: Annotated[list[str], typer.Argument(metavar="PERSONA...", help="Of different participants.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write (.safetensors).")],
    basis: Annotated[
        Path | None,
        typer.Option("--basis", metavar="COHORT", help="Of the fit, when it is no shipped one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put personas into one file: the basis once, and a few coefficients for each."""
    from studio.export_command import bundled

    written = bundled(personas, out, basis)
    if as_json:
        emit({"personas": written})
    else:
        say(f"The personas are in {written}.")


def _line(one: Described) -> tuple[object, ...]:
    own = one.provenance
    kl = own.heldout.get("twin", {}).get("kl")
    return (
        own.participant,
        own.backbone,
        len(own.sessions),
        own.config.placement,
        "" if kl is None else f"{kl:.3f}",
    )


def _print(one: Described) -> None:
    from studio.cli.heldout import COLUMNS

    show(f"Persona of {one.provenance.participant}", ("", ""), one.lines())
    known = {name for scores in one.provenance.heldout.values() for name in scores}
    metrics = [name for name in COLUMNS if name in known]
    if metrics:
        rows = [
            (row.replace("_", " "), *(f"{scores[m]:.3f}" if m in scores else "" for m in metrics))
            for row, scores in one.provenance.heldout.items()
        ]
        show("On screens it was not fitted on", ("row", *metrics), rows)
    if one.use is not None:
        counts = one.use.by_position()
        rates = zip(counts.table(), counts.examination, counts.click_given_examined, strict=True)
        lines = [(n, *line, f"{e:.2f}", f"{c:.2f}") for n, (line, e, c) in enumerate(rates)]
        columns = ("position", "shown", "examined", "clicked", "both", "P(examined)", "P(click | examined)")
        show(f"Use of {one.use.views} page views ({one.use.signal})", columns, lines)
