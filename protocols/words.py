"""Words around numbers and names."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which takes an ``s`` unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def or_near(name: str, known: Collection[str]) -> str:
    """Return what somebody who wrote an unknown name may have meant, or everything there is."""
    near = get_close_matches(name, known, n=2)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are {', '.join(known)}" if known else "there are none"
