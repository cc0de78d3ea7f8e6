"""The shell of the command line: help, version, error boundary, output."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from protocols.errors import SessionMissing
from studio import doctor
from studio.cli import COMMANDS, app
from studio.cli.boundary import clear_errors
from studio.cli.output import emit, jsonable, say, show

GAZETWIN = Path(sys.executable).with_name("gazetwin")


def gazetwin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GAZETWIN, *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command_at_once():
    start_s = time.perf_counter()
    told = gazetwin("--help")
    assert time.perf_counter() - start_s < 2.0  # about 0.2 s on an idle machine
    assert told.returncode == 0
    for command in COMMANDS:
        assert f" {command.__name__.rstrip('_')} " in told.stdout


@pytest.mark.parametrize("command", [command.__name__.rstrip("_") for command in COMMANDS])
def test_every_command_explains_itself_and_offers_json(command):
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert ("--json" in told.stdout) == (command != "studio")  # a window has no result


def test_version():
    assert gazetwin("--version").stdout.startswith("gazetwin 0.")


@pytest.mark.parametrize("arguments", [["nonsense"], ["doctor", "--nonsense"]])
def test_wrong_usage_exits_2_without_traceback(arguments):
    told = gazetwin(*arguments)
    assert told.returncode == 2
    assert "Usage" in told.stderr
    assert "Traceback" not in told.stderr


def test_doctor_prints_one_json_line(monkeypatch):
    monkeypatch.setattr(doctor, "examine", lambda: (doctor.Finding("disk", "fail", "full", "Make room."),))
    told = CliRunner().invoke(app, ["doctor", "--json"])
    assert json.loads(told.stdout) == {
        "ok": False,
        "findings": [{"name": "disk", "level": "fail", "found": "full", "fix": "Make room."}],
    }
    assert told.exit_code == 1


def test_doctor_prints_a_table_for_people(monkeypatch):
    monkeypatch.setattr(doctor, "examine", lambda: (doctor.Finding("disk", "ok", "[red]lots[/red]"),))
    told = CliRunner().invoke(app, ["doctor"])
    assert "[red]lots[/red]" in told.stdout  # text from outside is never taken for markup
    assert told.exit_code == 0


def test_our_errors_become_three_lines_and_exit_2(capsys):
    with pytest.raises(SystemExit) as exit_, clear_errors():
        raise SessionMissing("There is no x.h5.", "Nothing can be replayed.", "Name a recorded file.")
    assert exit_.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "error: There is no x.h5.\n  why: Nothing can be replayed.\n  fix: Name a recorded file.\n"
    )


def test_errors_of_the_system_name_the_path(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_, clear_errors():
        (tmp_path / "absent" / "file").read_text()
    assert exit_.value.code == 2
    assert str(tmp_path / "absent" / "file") in capsys.readouterr().err


def test_defects_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), clear_errors():
        _ = 1 // 0


@dataclass(frozen=True)
class Measured:
    at_px: tuple[float, float]
    where: Path


def test_results_are_plain_json(capsys):
    emit(
        {"m": Measured((1.0, math.nan), Path("a")), "a": np.arange(2), "f": np.float64(0.5), "i": np.int64(3)}
    )
    assert json.loads(capsys.readouterr().out) == {
        "m": {"at_px": [1.0, None], "where": "a"},
        "a": [0, 1],
        "f": 0.5,
        "i": 3,
    }


def test_what_has_no_json_form_is_refused():
    with pytest.raises(TypeError, match="object has no JSON form"):
        jsonable(object())


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_break_between_words_and_fit_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    title = f"P01-{'x' * 90}.h5 from data.tsv"
    advice = "Gaze is as the tracker delivered it; say so in what you publish."
    rows = [("calibration", "none used of the attempts that were made", advice, ""), ("gaps", "0", "", "")]
    show(title, ("what", "found", "what to do", "never filled"), rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == title
    assert all(len(line) <= columns for line in lines[1:])
    printed = set(" ".join(lines[1:]).split())
    assert set(" ".join(text for row in rows for text in row).split()) < printed
    assert "never" not in printed


def test_text_for_people_is_not_markup(capsys):
    say("[bold]x[/bold]")
    show("t", ("c",), [("[bold]y[/bold]",)])
    told = capsys.readouterr().out
    assert "[bold]x[/bold]" in told
    assert "[bold]y[/bold]" in told
