"""What pydantic found wrong, for people: every mistake with its path, in one message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from protocols.words import or_near

_SHOWN = 20
_LONGEST = 100


def listed(error: ValidationError, known: Collection[str] = ()) -> str:
    """Return every mistake as ``path: problem``, one a line after the first, at most twenty.

    Args:
        error: what pydantic found.
        known: names of settings, to say what an unknown one may have meant.
    """
    return listed_details(error.errors(include_url=False, include_context=False), known)


def listed_details(details: Iterable[Mapping[str, Any]], known: Collection[str] = ()) -> str:
    """Return the same for mistakes as pydantic details them: mappings with ``loc``, ``msg`` and ``input``."""
    lines = [_told(d, known) for d in details]
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"... and {len(lines) - _SHOWN} more"]
    if len(lines) > 1:
        return "\n  ".join(["", *lines]) + "\n"
    return lines[0] if lines[0].endswith(("?", ".")) else lines[0] + "."


def _told(detail: Mapping[str, Any], known: Collection[str]) -> str:
    path = [str(part) for part in detail["loc"]]
    if known and detail.get("type") == "extra_forbidden":
        return _line(
            ".".join(path[:-1]), f"there is no setting {path[-1]!r}; {or_near(path[-1], known)}", None
        )
    return _line(".".join(path), detail["msg"], detail["input"])


def _line(path: str, message: str, value: object) -> str:
    problem = message.removeprefix("Value error, ")
    shown = repr(value) if isinstance(value, str | int | float | bool) else ""
    if len(shown) > _LONGEST:  # broken JSON is given as a whole file
        shown = f"{shown[:_LONGEST]} ..."
    given = f" (given: {shown})" if shown else ""
    return f"{path}: {problem}{given}" if path else f"{problem}{given}"
