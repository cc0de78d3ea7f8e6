"""``gazetwin fit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.words import counted
from studio.cli.options import (
    AsJson,
    BackboneName,
    ClusterAddress,
    Device,
    DeviceName,
    GpusPerWorker,
    Precision,
    PrecisionName,
    Workers,
)
from studio.cli.output import emit, note, say

if TYPE_CHECKING:
    from studio.workplace import Workplace
    from tuning.config import FitConfig
    from tuning.events import Load


def fit(
    sessions: Annotated[
        list[Path],
        typer.Argument(
            metavar="SESSION...",
            help="Sealed sessions of one participant; or folders of them, for one persona per participant.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="PERSONA", help="The persona to write (.safetensors); for folders, a folder."
        ),
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
    workers: Workers = None,
    cluster: ClusterAddress = "",
    gpus: GpusPerWorker = 0.0,
    as_json: AsJson = False,
) -> None:
    """Fit a participant's persona, and compare it with every baseline on screens it was not fitted on.

    An interrupted fit goes on where it stopped when the same command is given again. Given folders, it fits
    one persona per participant and skips those that are there.
    """
    from studio.cli.heldout import print_heldout
    from studio.fit_command import fit_settings, fitted
    from studio.workplace import Workplace
    from tuning.events import Load

    settings = fit_settings(config, operator=operator, placement=placement, train_signal=signal, seed=seed)
    model = Load(backbone=backbone, device=device.value, precision=precision.value)
    if cluster or workers or any(session.is_dir() for session in sessions):
        _many(sessions, out, model, settings, Workplace(workers, cluster, gpus), as_json)
        return
    compared = fitted(sessions, out, model, settings)
    if as_json:
        emit({"persona": out, **compared.model_dump(exclude={"kind"})})
    else:
        print_heldout(compared)
        say(f"The persona is in {out}.")


def _many(
    sessions: list[Path], out: Path, model: Load, settings: FitConfig, place: Workplace, as_json: bool
) -> None:
    from studio.many_command import fitted_many

    written, warned = fitted_many(sessions, out, model, settings, place)
    if as_json:
        emit({"personas": written, "not_fitted": [w.what for w in warned]})
        return
    for warning in warned:
        note(f"Not fitted: {warning.what}")
    say(f"{counted(len(written), 'persona')} fitted now; all are in {out}.")
