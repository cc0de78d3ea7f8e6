"""What pydantic found wrong, for people: every mistake with its path, in one message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

_SHOWN = 20


def listed(error: ValidationError) -> str:
    """Return every mistake as ``path: problem``, one a line after the first, at most twenty."""
    return listed_details(error.errors(include_url=False, include_context=False))


def listed_details(details: Iterable[Mapping[str, Any]]) -> str:
    """Return the same for mistakes as pydantic details them: mappings with ``loc``, ``msg`` and ``input``."""
    lines = [_line(".".join(str(part) for part in d["loc"]), d["msg"], d["input"]) for d in details]
    if len(lines) > _SHOWN:
        lines = [*lines[:_SHOWN], f"... and {len(lines) - _SHOWN} more"]
    return "\n  ".join(["", *lines]) + "\n" if len(lines) > 1 else lines[0] + "."


def _line(path: str, message: str, value: object) -> str:
    problem = message.removeprefix("Value error, ")
    given = f" (given: {value!r})" if isinstance(value, str | int | float | bool) else ""
    return f"{path}: {problem}{given}" if path else f"{problem}{given}"
