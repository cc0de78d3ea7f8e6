"""``gazetwin recover``."""

from __future__ import annotations

from protocols.words import counted
from studio.cli.options import AsJson, SessionPath
from studio.cli.output import emit, say


def recover(session: SessionPath, as_json: AsJson = False) -> None:
    """Make a recording readable again whose program died; a sound one stays as it is."""
    from sessions.recover import recover as repair

    report = repair(session)
    if as_json:
        emit(report)
        return
    if not report.changed:
        say(f"{session} is sound ({report.after}); nothing was changed.")
        return
    kept = counted(report.kept["gaze"], "gaze sample")
    if report.before == report.after:
        say(f"{session} had ended in order ({report.after}); what was left over was put in: {kept}.")
    else:
        say(f"{session} was still {report.before}; it is readable again ({report.after}): {kept}.")
    if report.journal == "incomplete":
        say("The last flush never reached the disk: the last half second is lost.")
    for table, rows in report.dropped.items():
        say(f"{rows} incomplete rows of {table} were dropped; the original is {report.original}.")
