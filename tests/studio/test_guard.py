from __future__ import annotations

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from protocols.errors import SetupError
from studio.guard import DISTRIBUTION, PACKAGES, check_packages, clashes

HOME = Path("/site-packages")
OURS = {name: HOME / name for name in PACKAGES}


def test_packages_installed_by_us_alone_are_fine():
    assert clashes({name: [DISTRIBUTION, DISTRIBUTION] for name in PACKAGES}, OURS, HOME) == []


def test_packages_of_an_editable_install_have_no_owner_and_are_fine():
    assert clashes({"numpy": ["numpy"]}, OURS, HOME) == []


def test_second_owner_is_named():
    found = clashes({"sessions": [DISTRIBUTION, "other-dist"]}, OURS, HOME)
    assert found == ["'sessions' is also installed by other-dist."]


def test_package_from_another_folder_is_named_with_both_folders():
    found = clashes({}, {**OURS, "tuning": Path("/home/me/tuning")}, HOME)
    assert found == ["'tuning' comes from /home/me/tuning instead of /site-packages/tuning."]


def test_missing_package_is_named():
    assert clashes({}, {**OURS, "studio": None}, HOME) == ["'studio' cannot be imported."]


def test_every_clash_is_listed_not_only_the_first():
    assert len(clashes({"studio": ["a"], "tuning": ["b", "c"]}, OURS, HOME)) == 2


def test_a_real_distribution_that_takes_a_name_stops_the_start(tmp_path, monkeypatch):
    metadata = tmp_path / "impostor-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: impostor\nVersion: 1.0\n")
    (metadata / "top_level.txt").write_text("sessions\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert "impostor" in packages_distributions()["sessions"]
    with pytest.raises(SetupError, match="'sessions' is also installed by impostor") as refused:
        check_packages()
    assert "pipx install gazetwin" in refused.value.fix
