"""How well two labellings of the same samples agree."""

from __future__ import annotations

from protocols.geometry import BoolArray


def kappa(found: BoolArray, expected: BoolArray) -> float:
    """Return Cohen's kappa of two labellings, each (n,)."""
    agree = float((found == expected).mean())
    a, b = float(found.mean()), float(expected.mean())
    chance = a * b + (1.0 - a) * (1.0 - b)
    return (agree - chance) / (1.0 - chance)
