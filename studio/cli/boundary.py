"""Where errors become one clear message and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from protocols.errors import GazeTwinError
from studio.cli.output import note, report_error

NEGATIVE = 1
UNUSABLE = 2
STOPPED = 130
"""As shells report what Ctrl-C has ended."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn what a person can mend into a message on standard error and exit code 2.

    Anything else is a defect of ours and keeps its traceback.
    """
    try:
        yield
    except GazeTwinError as error:
        report_error(error.what, error.why, error.fix)
        raise SystemExit(UNUSABLE) from None
    except OSError as error:
        report_error(*_explain(error))
        raise SystemExit(UNUSABLE) from None


@contextmanager
def goes_on_later() -> Iterator[None]:
    """Say after Ctrl-C that nothing is lost, for work that keeps what is finished."""
    try:
        yield
    except KeyboardInterrupt:
        note("Stopped; the same command goes on where it stopped.")
        raise typer.Exit(STOPPED) from None


def negative() -> typer.Exit:
    """Return the exit of a command that ran well and whose answer is no."""
    return typer.Exit(NEGATIVE)


def _explain(error: OSError) -> tuple[str, str, str]:
    if isinstance(error, FileExistsError | NotADirectoryError) and error.filename:
        return (
            f"{error.filename} is there already, and is no folder.",
            "A folder is needed in this place, and no file is ever overwritten.",
            "Name another folder, or move that file away.",
        )
    place = f"{error.filename}: " if error.filename else ""
    return (
        f"{place}{error.strerror or error}.",
        "The operating system refused it, so the command stopped.",
        "Check that the path exists, is of the right kind, and that you may use it.",
    )
