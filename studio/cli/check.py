"""``gazetwin check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from studio.cli.boundary import negative
from studio.cli.options import AsJson, SessionPath
from studio.cli.output import emit, progress, say, show

if TYPE_CHECKING:
    from sessions.check import CheckReport

STYLES = {"good": "green", "warning": "yellow", "bad": "bold red"}


def check(session: SessionPath, as_json: AsJson = False) -> None:
    """Judge a recording: is the file whole, and is its gaze good enough? The file is not changed."""
    from sessions.check import check as judged

    with progress() as bar:
        task = bar.add_task("comparing pages", total=None)
        report = judged(session, lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        emit(report)
    else:
        _print(report)
    if report.verdict == "bad":
        raise negative()


def _print(report: CheckReport) -> None:
    rows = [(i.name, Text(i.verdict, STYLES[i.verdict]), i.found, i.advice) for i in report.items]
    show(f"{report.path.name}: {report.verdict}", ("what", "verdict", "found", "what to do"), rows)
    if report.accuracy_deg is not None and report.precision_deg is not None:
        say(f"Accuracy {report.accuracy_deg:.2f} deg, precision (RMS-S2S) {report.precision_deg:.2f} deg.")
