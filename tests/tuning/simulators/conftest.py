"""Personas to export, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tuning.simulators.variants import SETTINGS
from tuning.exporting.contract import Personas
from tuning.exporting.export import export
from tuning.exporting.invented import invented_personas
from tuning.exporting.report import Report
from tuning.registry import make_target


@pytest.fixture(scope="session")
def people() -> Personas:
    """Three personas with different habits, tastes and tables."""
    return invented_personas(3)


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., tuple[Path, Report]]:
    """Return how to export personas; every call makes a folder of its own."""

    def exported(name: str, personas: Personas, *, allow_proxy: bool = False, **settings: str):
        folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        told = replace(personas, settings={**SETTINGS[name], **settings})
        return folder, export(make_target(name), told, folder, allow_proxy=allow_proxy)

    return exported
