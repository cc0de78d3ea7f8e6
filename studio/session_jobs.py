"""Work on recordings in a program of its own: a damaged file or a long read never touches the windows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from protocols.wire import Done, Failed, Progress
from studio.programs import Program

_SILENT_S = 600.0


def session_job(*arguments: str | Path) -> Mapping[str, Any]:
    """Run ``python -m sessions`` with these arguments and return its result; blocks until it has ended.

    Raises:
        GazeTwinError: the job refused, failed or crashed.
    """
    program = Program("session", "sessions", [str(a) for a in arguments], Progress | Done | Failed)
    program.start()
    try:
        while True:
            match program.receive(_SILENT_S):
                case Failed() as failed:
                    raise failed.error()
                case Done() as done:
                    return done.result
    finally:
        program.close()
