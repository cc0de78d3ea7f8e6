"""``gazetwin study``: what is refused, and what is shown of a finished study."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GAZETWIN = Path(sys.executable).with_name("gazetwin")

SMALL = """
name = "small"
fit = { steps = 1, evaluate_every = 1 }
[cohort]
kind = "synthetic"
participants = 1
patternless = 0
[cohort.screens]
training = 3
validation = 1
heldout = 1
[[ablations]]
name = "nobody to search among"
fit = { method = "search", personal_prompt = false, prompt_length = 3 }
"""


def gazetwin(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(part) for part in (GAZETWIN, "study", "run", *arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.engine
def test_a_study_that_is_not_there_is_refused_with_the_shipped_ones(tmp_path):
    told = gazetwin("nosuch", "--out", tmp_path)
    assert told.returncode == 2
    assert "reference" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_study_leaves_a_report_and_says_what_was_reached(tmp_path):
    (tmp_path / "s.toml").write_text(SMALL, encoding="utf-8")
    told = gazetwin(tmp_path / "s.toml", "--out", tmp_path / "out", "--json")
    assert told.returncode == 1, told.stderr  # one cell cannot be computed
    assert "warning: No cohort suits" in told.stderr
    said = json.loads(told.stdout)
    assert {Path(name).name for name in said["files"]} >= {"report.html", "README.md", "results.tex"}
    assert {t["verdict"] for t in said["targets"]} <= {"met", "missed", "not testable", "not measured"}
    assert len(said["not_computed"]) == 1
