"""The house as a whole: one version, five packages, nothing heavy where it does not belong."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

from studio.guard import DISTRIBUTION, PACKAGES, check_packages

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

HEAVY = ("torch", "transformers", "peft")
LISTING = "import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"


def loaded_by(module: str) -> set[str]:
    """Return the top-level packages that importing ``module`` loads in a fresh interpreter."""
    command = [sys.executable, "-P", "-c", LISTING.format(module=module)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_installed_version_is_that_of_the_project_file():
    assert version(DISTRIBUTION) == PROJECT["project"]["version"]


def test_changelog_has_an_entry_for_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{PROJECT['project']['version']}]" in changelog


def test_every_list_of_packages_is_the_same_five():
    tool = PROJECT["tool"]
    assert set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKAGES)
    assert set(tool["check-wheel-contents"]["toplevel"]) == set(PACKAGES)
    assert set(tool["importlinter"]["root_packages"]) == set(PACKAGES)
    assert set(tool["mypy"]["packages"]) == set(PACKAGES)


def test_packages_here_are_ours():
    check_packages()


def test_entry_points_of_this_distribution_are_inside_our_packages():
    targets = {entry.value for entry in distribution(DISTRIBUTION).entry_points}
    assert {target.partition(".")[0] for target in targets} <= set(PACKAGES)
    assert "studio.cli:main" in targets


@pytest.mark.parametrize("package", PACKAGES)
def test_package_says_what_it_is_and_ships_its_types(package):
    docstring = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
    assert docstring.startswith('"""')
    assert (ROOT / package / "py.typed").exists()


LIGHT = ("studio.cli", "sessions.reader", "acquisition.lsl", "protocols.study")
LIGHT_TUNING = ("tuning", "tuning.events", "tuning.config", "tuning.metrics")


@pytest.mark.parametrize("module", [*LIGHT, *LIGHT_TUNING])
def test_importing_loads_no_model_library(module):
    assert loaded_by(module).isdisjoint(HEAVY)


def test_command_line_loads_neither_qt_nor_lsl_nor_hdf5_before_a_command_needs_them():
    assert loaded_by("studio.cli").isdisjoint({"PySide6", "pyqtgraph", "pylsl", "h5py", "pandas", "numpy"})
