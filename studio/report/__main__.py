"""Writes a report as a program of its own: ``python -P -m studio.report SESSION FILE.html FILE.pdf``.

It prints one message of ``protocols.wire`` a line: progress, then done or failed. Drawing dozens of pages
keeps an interpreter busy, which windows would feel.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from protocols.errors import GazeTwinError
from protocols.wire import Done, Failed, Message, Progress, decode, encode
from sessions.reader import Recording
from studio.report.document import compose
from studio.report.pdf.paper import pictures
from studio.report.results import Results
from tuning.events import Comparison

_PREVIEW_PX = 760


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; return the exit status: 0 when it ended well, 2 when it failed."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    wanted = _parser().parse_args(arguments)
    try:
        _send(_written(wanted))
    except GazeTwinError as error:
        _send(Failed.of(error))
        return 2
    return 0


def _written(wanted: argparse.Namespace) -> Done:
    _send(Progress(done=0, message="Drawing pages"))
    with Recording.open(wanted.session) as recording:
        report = compose(_results(wanted.comparison), recording)
    for path in wanted.files:
        _send(Progress(done=0, message=f"Writing {path.name}"))
        report.write(path)
    pages = [] if wanted.preview is None else pictures(report.title, report.parts, _PREVIEW_PX)
    for number, page in enumerate(pages):
        (wanted.preview / f"{number:04d}.jpg").write_bytes(page)
    return Done(result={"pages": len(pages)})


def _results(comparison: Path | None) -> Results:
    if comparison is None:
        return Results()
    return Results.of_comparison(decode(comparison.read_text(encoding="utf-8"), Comparison))


def _send(message: Message) -> None:
    sys.stdout.write(encode(message) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -P -m studio.report", description=__doc__)
    parser.add_argument("session", type=Path)
    parser.add_argument("files", type=Path, nargs="+", help="FILE.html or FILE.pdf")
    parser.add_argument("--comparison", type=Path, help="of a persona with this session, as JSON")
    parser.add_argument("--preview", type=Path, help="folder for a picture of each page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
