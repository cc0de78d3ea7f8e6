"""Writes a study's report: page, tables and a summary that code hosts show."""

from __future__ import annotations

import re
from pathlib import Path

from tuning import metrics
from tuning.experiments import tables
from tuning.experiments.outcome import Outcome, worked_out
from tuning.experiments.page import page
from tuning.experiments.summary import Found
from tuning.output import write_whole


def write_report(found: Found, out: Path) -> list[Path]:
    """Write the report and return its files.

    Raises:
        TuningError: it cannot be written.
    """
    outcome = worked_out(found)
    files = {
        "README.md": summary(outcome),
        "report.html": page(outcome),
        "results.csv": tables.results_csv(outcome.lines),
        "participants.csv": tables.participants_csv(outcome.lines),
        "tests.csv": tables.tests_csv([*outcome.tests, *outcome.changes]),
        "claims.csv": tables.claims_csv(outcome.claims),
        "targets.csv": tables.targets_csv(outcome.targets),
        "results.tex": tables.results_tex(outcome.lines),
        "tests.tex": tables.tests_tex([*outcome.tests, *outcome.changes]),
        "study.json": outcome.settings + "\n",
    }
    for name, text in files.items():
        write_whole(out / name, text.encode())
    return [out / name for name in files]


def summary(outcome: Outcome) -> str:
    """Return the report in short, as Markdown."""
    parts = [f"# Study {outcome.name}", outcome.about, outcome.size]
    parts += ["## What this does not show", "\n".join(f"- {_plain(s)}" for s in outcome.unshown)]
    parts += ["## Targets", _table(["target", "wanted", "found", ""], _targets(outcome))]
    for arena in dict.fromkeys(line.arena for line in outcome.lines):
        parts += [f"## {_plain(arena)}", _table(["", "n", *tables.LABELS.values()], _lines(outcome, arena))]
    parts += ["## Left out", _skipped(outcome)]
    parts += ["## Files", _FILES]
    return "\n\n".join(part for part in parts if part) + "\n"


_FILES = """- `report.html`: everything, with figures and tests; open it in a browser
- `results.csv`, `results.tex`: the tables above; `tests.csv`, `tests.tex`: every paired test
- `participants.csv`: KL of every participant; `claims.csv`: what may be said about each
- `targets.csv`: the targets; `study.json`: all settings"""


def _targets(outcome: Outcome) -> list[list[str]]:
    return [[t.name, t.wanted, t.measured, t.verdict] for t in outcome.targets]


def _lines(outcome: Outcome, arena: str) -> list[list[str]]:
    return [
        [line.name, str(line.participants), *(tables.number(line.means.get(m)) for m in metrics.METRICS)]
        for line in outcome.lines
        if line.arena == arena
    ]


def _skipped(outcome: Outcome) -> str:
    return "\n".join(f"- {_plain(why)}: {n}" for why, n in outcome.skipped.items()) or "Nothing."


def _table(columns: list[str], rows: list[list[str]]) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(columns), "|" + " --- |" * len(columns), *(line(row) for row in rows)])


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    tame = re.sub(r"<(?=\S)", "< ", " ".join(text.split()))  # no tag begins with a space
    return tame.replace("*", "\\*").replace("_", "\\_")
