"""``gazetwin fit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.options import AsJson
from studio.cli.output import emit, say


def fit(
    sessions: Annotated[
        list[Path], typer.Argument(metavar="SESSION...", help="Sealed sessions of one participant.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="PERSONA", help="The persona to write (.safetensors).")
    ],
    operator: Annotated[
        str, typer.Option("--operator", metavar="NAME", help="Probing operator: rollout or attnlrp.")
    ] = "rollout",
    placement: Annotated[
        str, typer.Option("--placement", metavar="PLACE", help="Of the prompt: after-image or front.")
    ] = "after-image",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the start, the batches, the split.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Fit a participant's persona, and compare it with every baseline on screens it was not fitted on."""
    from studio.cli.heldout import print_heldout
    from studio.fit_command import fitted

    compared = fitted(sessions, out, operator=operator, placement=placement, seed=seed)
    if as_json:
        emit({"persona": out, **compared.model_dump(exclude={"kind"})})
    else:
        print_heldout(compared)
        say(f"The persona is in {out}.")
