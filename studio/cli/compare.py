"""``gazetwin compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.options import (
    AsJson,
    Device,
    DeviceName,
    OwnBackbone,
    Precision,
    PrecisionName,
    SessionPath,
)
from studio.cli.output import emit, say


def compare(
    persona: Annotated[Path, typer.Argument(metavar="PERSONA", help="A fitted persona (.safetensors).")],
    session: SessionPath,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="Also write a report: FILE.html or FILE.pdf."),
    ] = None,
    backbone: OwnBackbone = "",
    device: DeviceName = Device.cpu,
    precision: PrecisionName = Precision.fp32,
    as_json: AsJson = False,
) -> None:
    """Compare a persona with every baseline, on screens of the session that it was not fitted on."""
    from studio.cli.heldout import print_heldout
    from studio.fit_command import compared, own_backbone
    from tuning.events import Load

    model = Load(backbone=backbone or own_backbone(persona), device=device.value, precision=precision.value)
    comparison = compared(persona, session, report, model)
    if as_json:
        emit(comparison.model_dump(exclude={"kind", "judged"}))
    else:
        print_heldout(comparison)
    if report is not None and not as_json:
        say(f"The report is in {report}.")
