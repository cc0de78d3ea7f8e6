"""``gazetwin fit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.options import AsJson, BackboneName, Device, DeviceName, Precision, PrecisionName
from studio.cli.output import emit, say


def fit(
    sessions: Annotated[
        list[Path], typer.Argument(metavar="SESSION...", help="Sealed sessions of one participant.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="PERSONA", help="The persona to write (.safetensors).")
    ],
    operator: Annotated[
        str | None,
        typer.Option("--operator", metavar="NAME", help="Probing operator: rollout, glimpse or attnlrp."),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option("--placement", metavar="PLACE", help="Of the prompt: after-image or front."),
    ] = None,
    signal: Annotated[
        str | None,
        typer.Option("--signal", metavar="NAME", help="To fit: fixation or cursor; judged by fixations."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of the start, the batches, the split.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE.toml", help="All settings; options come on top.")
    ] = None,
    backbone: BackboneName = "carousel-tiny",
    device: DeviceName = Device.cpu,
    precision: PrecisionName = Precision.fp32,
    as_json: AsJson = False,
) -> None:
    """Fit a participant's persona, and compare it with every baseline on screens it was not fitted on.

    An interrupted fit goes on where it stopped when the same command is given again.
    """
    from studio.cli.heldout import print_heldout
    from studio.fit_command import fit_settings, fitted
    from tuning.events import Load

    settings = fit_settings(config, operator=operator, placement=placement, train_signal=signal, seed=seed)
    model = Load(backbone=backbone, device=device.value, precision=precision.value)
    compared = fitted(sessions, out, model, settings)
    if as_json:
        emit({"persona": out, **compared.model_dump(exclude={"kind"})})
    else:
        print_heldout(compared)
        say(f"The persona is in {out}.")
