"""``gazetwin fit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocols.words import counted
from studio.cli.boundary import goes_on_later, negative
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
from studio.cli.output import emit, say

_CURSOR = (
    "Fitted to the cursor: twin, twin_combined, participant_mean and participant_mean_genre are made from"
    " cursor dwell. All rows are judged by {} dwell."
)

if TYPE_CHECKING:
    from studio.workplace import Workplace
    from tuning.config import FitConfig
    from tuning.events import Load, Warned


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
            "--out",
            metavar="PERSONA",
            help="The persona to write (.safetensors); for folders a folder; with --together one file.",
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
    together: Annotated[
        bool,
        typer.Option("--together", help="Fit all participants at once, coefficients only, into one file."),
    ] = False,
    basis: Annotated[
        Path | None,
        typer.Option(
            "--basis", metavar="COHORT", help="With --together: a cohort instead of the one that ships."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace personas that are there.")] = False,
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
    one persona per participant and skips those that are there. With --together, newcomers are mixtures of a
    cohort's participants, found by search page by page: many times faster per persona, and a little less own.
    """
    from studio.cli.heldout import print_heldout
    from studio.fit_command import fit_settings, fitted
    from studio.workplace import Workplace
    from tuning.events import Load

    searched = {"method": "search", "personal_prompt": False} if together else {}
    settings = fit_settings(
        config, operator=operator, placement=placement, train_signal=signal, seed=seed, **searched
    )
    model = Load(backbone=backbone, device=device.value, precision=precision.value)
    if together or basis:
        _refuse_elsewhere(together, Workplace(workers, cluster, gpus))
        _together(sessions, out, model, settings, basis, force, as_json)
        return
    if cluster or workers or any(session.is_dir() for session in sessions):
        _many(sessions, out, model, settings, Workplace(workers, cluster, gpus), force, as_json)
        return
    with goes_on_later():
        compared = fitted(sessions, out, model, settings, force=force)
    if as_json:
        emit({"persona": out, **compared.model_dump(exclude={"kind"})})
    else:
        print_heldout(compared)
        if settings.train_signal == "cursor":
            say(_CURSOR.format(settings.eval_signal))
        say(f"The persona is in {out}.")


def _together(
    sessions: list[Path],
    out: Path,
    model: Load,
    settings: FitConfig,
    basis: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    from studio.fit_command import refuse_name
    from studio.many_command import fitted_together

    refuse_name(out)
    with goes_on_later():
        count, warned = fitted_together(sessions, out, model, settings, basis, force=force)
    if as_json:
        emit({"personas": out, "fitted": count, "not_fitted": [w.what for w in warned]})
    else:
        say(f"{counted(count, 'persona')} in {out}{_left(warned)}.")
    if warned:
        raise negative()


def _refuse_elsewhere(together: bool, place: Workplace) -> None:
    from protocols.errors import TuningError

    if not together:
        raise TuningError(
            "A basis was named without --together.",
            "Single fits use the cohort that ships with the model.",
            "Add --together, or leave the basis out.",
        )
    if place.cluster or place.workers or place.gpus:
        raise TuningError(
            "Fitting together is one program on this computer.",
            "It is fast because everybody shares the pages' states in one memory.",
            "Leave --cluster, --workers and --gpus out, or give each of several computers some folders.",
        )


def _many(
    sessions: list[Path],
    out: Path,
    model: Load,
    settings: FitConfig,
    place: Workplace,
    force: bool,
    as_json: bool,
) -> None:
    from studio.many_command import fitted_many

    with goes_on_later():
        written, warned = fitted_many(sessions, out, model, settings, place, force=force)
    if as_json:
        emit({"personas": written, "not_fitted": [w.what for w in warned]})
    else:
        say(f"{counted(len(written), 'persona')} fitted now; all are in {out}{_left(warned)}.")
    if warned:
        raise negative()


def _left(warned: list[Warned]) -> str:
    return f"; {counted(len(warned), 'warning')} above" if warned else ""
