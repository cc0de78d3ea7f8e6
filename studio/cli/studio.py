"""``gazetwin studio``."""

from __future__ import annotations


def studio() -> None:
    """Open the Studio: record sessions, fit twins, replay, report."""
    from studio.app import run
    from studio.settings import SettingsFile

    raise SystemExit(run(SettingsFile()))
