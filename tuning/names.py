"""Names of backbones, operators and export targets, known without loading any model code."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from protocols.errors import BackboneMissing, TuningError
from protocols.words import or_near

BACKBONES = "gazetwin.backbones"
OPERATORS = "gazetwin.operators"
EXPORT_TARGETS = "gazetwin.export_targets"


def named(group: str, name: str) -> EntryPoint | None:
    """Return what a package brings under a name, None for nothing."""
    return next(iter(entry_points(group=group, name=name)), None)


def names(group: str) -> list[str]:
    """Return every name of a group, sorted."""
    return sorted(point.name for point in entry_points(group=group))


def unknown_operator(name: str) -> str:
    """Return what is wrong with an operator's name, empty when there is one of this name."""
    known = names(OPERATORS)
    return "" if name in known else f"there is no operator {name!r}; {or_near(name, known)}"


def unknown_backbone(name: str) -> str:
    """Return what is wrong with a backbone's name, empty for a known name, a folder or a hub id."""
    known = names(BACKBONES)
    if name in known or Path(name).is_dir():
        return ""
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return ""  # owner/model; the hub says whether it is there
    return f"there is no backbone {name!r}, by name or as a folder; {or_near(name, known)}"


def require_backbone(name: str) -> None:
    """Refuse a backbone that is no known name, no folder and no hub id.

    Raises:
        BackboneMissing: no such name.
    """
    problem = unknown_backbone(name)
    if problem:
        raise BackboneMissing(
            f"{problem[0].upper()}{problem[1:]}" + ("" if problem.endswith("?") else "."),
            "A twin is a prompt for one particular model.",
            f"Use {', '.join(names(BACKBONES))}, or the folder or hub id of a Qwen3-VL or InternVL model.",
        )


def require_operator(name: str) -> None:
    """Refuse an operator that nobody brings.

    Raises:
        TuningError: no such name.
    """
    problem = unknown_operator(name)
    if problem:
        raise TuningError(
            f"{problem[0].upper()}{problem[1:]}" + ("" if problem.endswith("?") else "."),
            "Attention could not be read off the model.",
            f"Use one of {', '.join(names(OPERATORS))}.",
        )
