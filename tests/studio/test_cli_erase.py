"""``gazetwin erase``."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from studio.cli import app


@pytest.fixture
def data(tmp_path, session_path):
    folder = tmp_path / "data" / "sessions"
    folder.mkdir(parents=True)
    shutil.copy2(session_path, folder / "one.h5")
    return tmp_path / "data"


def erase(data, *options, answer=None):
    return CliRunner().invoke(app, ["erase", "P01", "--data", str(data), *options], input=answer)


def test_a_no_keeps_everything(data):
    result = erase(data, answer="n\n")
    assert result.exit_code == 1
    assert (data / "sessions" / "one.h5").exists()
    assert not (data / "erased").exists()


def test_a_yes_removes_and_leaves_a_receipt(data):
    result = erase(data, answer="y\n")
    assert result.exit_code == 0, result.output
    assert "1 file of P01 removed" in result.stdout
    assert not (data / "sessions" / "one.h5").exists()
    assert len(list((data / "erased").iterdir())) == 1


def test_the_receipt_is_printed_as_json(data):
    receipt = json.loads(erase(data, "--yes", "--json").stdout)
    assert [one["name"] for one in receipt["removed"]] == ["sessions/one.h5"]
    assert receipt["participant"] == "P01"


def test_nobody_is_a_no(data):
    result = CliRunner().invoke(app, ["erase", "P99", "--data", str(data), "--yes"])
    assert result.exit_code == 1
    assert "nothing about P99" in result.stderr
