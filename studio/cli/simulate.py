"""``gazetwin simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.options import AsJson, Device, DeviceName, OwnBackbone, Precision, PrecisionName
from studio.cli.output import emit, show

if TYPE_CHECKING:
    from tuning.events import Simulated


def simulate(
    persona: Annotated[Path, typer.Argument(metavar="PERSONA", help="A fitted persona (.safetensors).")],
    pages: Annotated[
        list[str],
        typer.Argument(
            metavar="PAGE...",
            help="STUDY:SCREEN or STUDY:SCREEN@SCROLL in px, for example demo:3 or demo:3@340.",
        ),
    ],
    backbone: OwnBackbone = "",
    device: DeviceName = Device.cpu,
    precision: PrecisionName = Precision.fp32,
    as_json: AsJson = False,
) -> None:
    """Let a twin look at pages: its attention and click probability per poster."""
    from studio.fit_command import own_backbone, simulated
    from tuning.events import Load

    model = Load(backbone=backbone or own_backbone(persona), device=device.value, precision=precision.value)
    seen = simulated(persona, pages, model)
    if as_json:
        emit({"pages": [_told(page, view) for page, view in zip(pages, seen, strict=True)]})
    else:
        for page, view in zip(pages, seen, strict=True):
            _print(page, view)


def _told(page: str, seen: Simulated) -> dict[str, object]:
    return {
        "page": page,
        "screen": seen.screen,
        "films": seen.films,
        "twin": {"attention": seen.view.attention, "click": seen.view.choice},
        "twin_combined": {"attention": seen.combined.attention, "click": seen.combined.choice},
    }


def _print(page: str, seen: Simulated) -> None:
    columns = ("film", "attention", "click", "combined attention", "combined click")
    shares = (seen.view.attention, seen.view.choice, seen.combined.attention, seen.combined.choice)
    rows = [(film, *(f"{p:.3f}" for p in line)) for film, *line in zip(seen.films, *shares, strict=True)]
    show(f"{page} (screen {seen.screen})", columns, rows)
