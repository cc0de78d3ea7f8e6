"""Has the report of one session written in both formats, by programs. Runs beside the main thread."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from protocols.errors import SetupError
from protocols.wire import Done, Failed, Progress, encode
from studio.comparing import Tell, compared
from studio.programs import Program
from studio.rooms.report.shelf import free_stem
from studio.rooms.report.state import Written
from studio.session_choices import SessionChoice

_SILENT_S = 300.0


def write(session: SessionChoice, persona: Path | None, folder: Path, tell: Tell) -> Written:
    """Write a session's report as HTML and PDF; an earlier one stays, and this one is numbered.

    Args:
        session: to report.
        persona: to compare with, None for a report about the session alone.
        folder: where reports go; made when it is not there.
        tell: told about progress.

    Raises:
        GazeTwinError: the session or the persona cannot be used, or the files not be written.
    """
    _make(folder)
    stem = f"{session.name}_{persona.stem}" if persona is not None else session.name
    stem = free_stem(folder, stem)
    html, pdf = folder / f"{stem}.html", folder / f"{stem}.pdf"
    with tempfile.TemporaryDirectory(prefix="gazetwin-report-") as work:
        arguments = [str(session.path), str(html), str(pdf), "--preview", work]
        if persona is not None:
            compared_in = Path(work) / "comparison.json"
            compared_in.write_text(encode(compared(persona, session.path, tell)), encoding="utf-8")
            arguments += ["--comparison", str(compared_in)]
        _draw(arguments, tell)
        pages = tuple(page.read_bytes() for page in sorted(Path(work).glob("*.jpg")))
    against = f", against {persona.stem}" if persona is not None else ""
    return Written(session.words + against, html, pdf, pages)


def _draw(arguments: Sequence[str], tell: Tell) -> None:
    program = Program("report", "studio.report", arguments, Progress | Done | Failed)
    program.start()
    try:
        while not isinstance(said := program.receive(_SILENT_S), Done):
            if isinstance(said, Failed):
                raise said.error()
            if isinstance(said, Progress):
                tell(said)
    finally:
        program.close()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            "There is no place for reports.",
            "Choose another data folder in the settings.",
        ) from error
