"""Backbones, operators and export targets by name; other packages add theirs by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from protocols.errors import BackboneMissing, ExportError
from tuning.backbones.base import Backbone
from tuning.config import Device, Precision
from tuning.exporting.contract import Target
from tuning.names import BACKBONES, EXPORT_TARGETS, OPERATORS, named, names, require_operator
from tuning.probing.base import ProbingOperator


def load_backbone(name: str, device: Device = "cpu", precision: Precision = "fp32") -> Backbone:
    """Load a backbone; blocks for seconds, with real models for minutes.

    Args:
        name: of an entry point, a folder with a model, or a hub id (``owner/model``).
        device: of a folder's or the hub's model; small models of entry points run on the CPU.
        precision: likewise.

    Raises:
        BackboneMissing: no such name, or its weights are not here.
    """
    found = named(BACKBONES, name)
    if found is not None:
        return cast(Backbone, found.load()())
    if Path(name).is_dir() or name.count("/") == 1:
        from tuning.backbones.hub import load

        return load(name, device, precision)
    raise BackboneMissing(
        f"There is no backbone {name!r}.",
        "A twin is a prompt for one particular model.",
        f"Use one of {', '.join(names(BACKBONES))}, the folder of a Qwen3-VL or InternVL model, or its hub"
        " id, or install the package that brings it.",
    )


def make_operator(name: str) -> ProbingOperator:
    """Return a probing operator with its default settings.

    Raises:
        TuningError: no such name.
    """
    require_operator(name)
    return cast(ProbingOperator, entry_points(group=OPERATORS)[name].load()())


def make_target(name: str) -> Target:
    """Return a format that personas can be exported to.

    Raises:
        ExportError: no such name.
    """
    found = named(EXPORT_TARGETS, name)
    if found is None:
        raise ExportError(
            f"Personas cannot be exported to {name!r}.",
            "Nothing is known about its files.",
            f"Use one of {', '.join(names(EXPORT_TARGETS))}, or install the package that brings it.",
        )
    return cast(Target, found.load()())


def targets() -> list[Target]:
    """Return every format that personas can be exported to, by name."""
    return [make_target(name) for name in names(EXPORT_TARGETS)]
