"""``gazetwin doctor``."""

from __future__ import annotations

from rich.text import Text

from studio.cli.boundary import negative
from studio.cli.options import AsJson
from studio.cli.output import emit, show

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(as_json: AsJson = False) -> None:
    """Examine this installation: one table, with a fix for everything that is not right."""
    from studio.doctor import examine

    findings = examine()
    if as_json:
        emit({"ok": all(f.level != "fail" for f in findings), "findings": findings})
    else:
        rows = [(f.name, Text(f.level, STYLES[f.level]), f.found, f.fix) for f in findings]
        show("GazeTwin doctor", ("what", "state", "found", "fix"), rows)
    if any(f.level == "fail" for f in findings):
        raise negative()
