"""Versions of the programs that a fit depends on."""

from __future__ import annotations

from importlib.metadata import version


def versions() -> dict[str, str]:
    """Return installed versions by distribution."""
    return {name: version(name) for name in ("gazetwin", "numpy", "torch", "transformers")}
