"""Exports made once by our own environment, and what is really known of their participants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--exports", required=True, help="folder made by make_exports.py")


@pytest.fixture(scope="session")
def exports(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.getoption("--exports")).resolve()


@pytest.fixture(scope="session")
def truth(exports: Path) -> dict:
    """Return what the participants did, counted without the code that is tested."""
    return json.loads((exports / "truth.json").read_text())
