"""``gazetwin check``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rich.text import Text

from protocols.errors import SessionError
from studio.cli.boundary import negative
from studio.cli.options import AsJson, SessionPath
from studio.cli.output import emit, progress, say, show

if TYPE_CHECKING:
    from sessions.check import CheckReport

log = logging.getLogger(__name__)

COLOURS = {"good": ("green", "green"), "warning": ("amber", "yellow"), "bad": ("red", "bold red")}


def check(session: SessionPath, as_json: AsJson = False) -> None:
    """Judge a recording: is the file whole, is its gaze good enough, and what is to be done?

    The judgement is also kept in the file, beside what was recorded, which never changes. Exit code 0: green
    or amber; 1: something is red; 2: it could not be judged.
    """
    from sessions.check import check as judged
    from sessions.quality_store import store_quality

    with progress() as bar:
        task = bar.add_task("comparing pages", total=None)
        report = judged(session, lambda done, total: bar.update(task, completed=done, total=total))
    problem = ""
    try:
        store_quality(session, report)
    except SessionError as error:
        problem = str(error)
    if as_json:
        emit(report)
        if problem:
            log.warning("%s", problem)
    else:
        _print(report)
        say(problem or "This judgement is kept in the recording.")
    if report.verdict == "bad":
        raise negative()


def _print(report: CheckReport) -> None:
    rows = [(i.name, Text(*COLOURS[i.verdict]), i.found, i.advice) for i in report.items]
    word = COLOURS[report.verdict][0]
    show(f"{report.path.name}: {word}", ("what", "verdict", "found", "what to do"), rows)
    if report.accuracy_deg is not None and report.precision_deg is not None:
        say(f"Accuracy {report.accuracy_deg:.2f} deg, precision (RMS-S2S) {report.precision_deg:.2f} deg.")
