"""Work on recordings in a program of its own: a damaged file or a long read never touches the windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from protocols.wire import Done, Failed, Progress
from studio.programs import Program

_SILENT_S = 600.0

Tell = Callable[[Progress], None]


def session_job(*arguments: str | Path, tell: Tell | None = None) -> Mapping[str, Any]:
    """Run ``python -m sessions`` with these arguments and return its result; blocks until it has ended.

    Raises:
        GazeTwinError: the job refused, failed or crashed.
    """
    return _worked(
        Program("session", "sessions", [str(a) for a in arguments], Progress | Done | Failed), tell
    )


def _worked(program: Program, tell: Tell | None) -> Mapping[str, Any]:
    program.start()
    try:
        while True:
            said = program.receive(_SILENT_S)
            if isinstance(said, Failed):
                raise said.error()
            if isinstance(said, Done):
                return said.result
            if tell is not None and isinstance(said, Progress):
                tell(said)
    finally:
        program.close()
