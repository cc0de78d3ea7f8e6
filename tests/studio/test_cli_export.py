"""``gazetwin export session``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from protocols.errors import ExportError, SessionMissing
from studio.cli import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["export", "session", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.mark.parametrize(
    ("to", "made"),
    [("csv", "P01_*/gaze.csv"), ("xdf", "P01_*.xdf"), ("bids", "sub-P01/ses-01/beh/*_events.tsv")],
)
def test_a_recording_becomes_files_of_another_format(session_path, tmp_path, to: str, made: str) -> None:
    result = run(session_path, "--to", to, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)
    assert Path(told["target"]).exists()
    assert len(list((tmp_path / "out").glob(made))) == 1
    assert any("not told apart" in note for note in told["notes"])


def test_people_are_told_where_it_went_and_what_to_know(session_path, tmp_path) -> None:
    result = run(session_path, "--to", "csv", "--out", tmp_path)
    assert str(next(tmp_path.iterdir())) in result.stdout.replace("\n", "")
    assert "not told apart" in result.stdout


def test_a_second_export_is_refused(session_path, tmp_path) -> None:
    assert run(session_path, "--to", "xdf", "--out", tmp_path).exit_code == 0
    again = run(session_path, "--to", "xdf", "--out", tmp_path)
    assert isinstance(again.exception, ExportError)


def test_what_was_finished_before_an_error_is_told(session_path, tmp_path) -> None:
    result = run(session_path, tmp_path / "none.h5", "--to", "csv", "--out", tmp_path / "csv")
    assert isinstance(result.exception, SessionMissing)
    assert str(next((tmp_path / "csv").iterdir())) in result.stdout.replace("\n", "")
    result = run(session_path, tmp_path / "none.h5", "--to", "bids", "--out", tmp_path / "bids")
    assert isinstance(result.exception, SessionMissing)
    assert (result.stdout, (tmp_path / "bids").exists()) == ("", False)


def test_other_formats_are_named_with_those_there_are(session_path, tmp_path) -> None:
    result = run(session_path, "--to", "excel", "--out", tmp_path)
    assert result.exit_code == 2
    assert all(name in result.stderr for name in ("csv", "bids", "xdf"))
