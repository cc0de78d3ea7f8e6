"""Versions of the programs that a fit depends on."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version

TOLD = ("gazetwin", "numpy", "torch", "transformers")


def versions() -> dict[str, str]:
    """Return installed versions by distribution."""
    return {name: _version(name) for name in TOLD}


@lru_cache
def _version(name: str) -> str:
    return version(name)
