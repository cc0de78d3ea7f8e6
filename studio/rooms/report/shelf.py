"""The reports that lie in the reports folder, and names for further ones. Qt-free."""

from __future__ import annotations

import html
import itertools
import re
from datetime import datetime
from pathlib import Path

from studio.rooms.report.state import Written

_HEAD_CHARS = 4000
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def earlier(folder: Path) -> tuple[Written, ...]:
    """Return the reports in a folder, the newest first; empty when there is no such folder."""
    found = [(path.stat().st_mtime, path) for path in folder.glob("*.html")]
    return tuple(_report(path, when) for when, path in sorted(found, reverse=True))


def free_stem(folder: Path, stem: str) -> str:
    """Return a name, without suffix, that no report in a folder has: nothing is ever overwritten."""
    names = itertools.chain((stem,), (f"{stem}_{number}" for number in itertools.count(2)))
    return next(n for n in names if not any((folder / f"{n}{end}").exists() for end in (".html", ".pdf")))


def _report(path: Path, written_s: float) -> Written:
    with path.open(encoding="utf-8", errors="replace") as file:
        found = _TITLE.search(file.read(_HEAD_CHARS))
    title = path.stem if found is None else html.unescape(found.group(1)).removeprefix("GazeTwin report: ")
    when = datetime.fromtimestamp(written_s).astimezone()
    return Written(f"{title} · written {when:%d %b %Y, %H:%M}", path, path.with_suffix(".pdf"), ())
