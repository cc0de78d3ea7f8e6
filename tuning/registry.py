"""Backbones and operators by name; other packages add theirs by entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from protocols.errors import BackboneMissing, TuningError
from tuning.backbones.base import Backbone
from tuning.probing.base import ProbingOperator

BACKBONES = "gazetwin.backbones"
OPERATORS = "gazetwin.operators"


def load_backbone(name: str) -> Backbone:
    """Load a backbone; blocks for seconds.

    Raises:
        BackboneMissing: no such name, or its weights are not here.
    """
    found = _named(BACKBONES, name)
    if found is None:
        raise BackboneMissing(
            f"There is no backbone {name!r}.",
            "A twin is a prompt for one particular model.",
            f"Use one of {', '.join(_names(BACKBONES))}, or install the package that brings it.",
        )
    return cast(Backbone, found.load()())


def make_operator(name: str) -> ProbingOperator:
    """Return a probing operator with its default settings.

    Raises:
        TuningError: no such name.
    """
    found = _named(OPERATORS, name)
    if found is None:
        raise TuningError(
            f"There is no probing operator {name!r}.",
            "Attention could not be read off the model.",
            f"Use one of {', '.join(_names(OPERATORS))}.",
        )
    return cast(ProbingOperator, found.load()())


def _named(group: str, name: str) -> EntryPoint | None:
    return next(iter(entry_points(group=group, name=name)), None)


def _names(group: str) -> list[str]:
    return sorted(point.name for point in entry_points(group=group))
