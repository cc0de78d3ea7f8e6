"""Acquisition programs: ``python -P -m acquisition tracker|streams|viewer ...``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence

Program = Callable[[Sequence[str]], int]


def main(argv: Sequence[str]) -> int:
    """Run one program and return its exit status: 0 done, 2 for bad input."""
    programs = {"tracker": _tracker, "streams": _streams, "viewer": _viewer}
    if not argv or argv[0] not in programs:
        sys.stderr.write(f"usage: python -P -m acquisition {'|'.join(programs)} ...\n")
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    return programs[argv[0]]()(argv[1:])


def _tracker() -> Program:
    from acquisition import tracker

    return tracker.main


def _streams() -> Program:
    from acquisition import stream_table

    return stream_table.main


def _viewer() -> Program:
    from acquisition.viewer import process

    return process.main


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
