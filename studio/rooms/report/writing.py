"""Writes the report of one session in both formats. Runs beside the main thread; no widgets."""

from __future__ import annotations

from pathlib import Path

from protocols.errors import SetupError
from protocols.wire import Progress
from sessions.reader import Recording
from studio.comparing import Tell, compared
from studio.report.document import compose
from studio.report.results import Results
from studio.rooms.report.state import Written
from studio.session_choices import SessionChoice

_PREVIEW_PX = 760


def write(session: SessionChoice, persona: Path | None, folder: Path, tell: Tell) -> Written:
    """Write a session's report as HTML and PDF; reports of the same session and persona are replaced.

    Args:
        session: to report.
        persona: to compare with, None for a report about the session alone.
        folder: where reports go; made when it is not there.
        tell: told about progress.

    Raises:
        GazeTwinError: the session or the persona cannot be used, or the files not be written.
    """
    from studio.report.pdf.paper import pictures  # QtSvg is loaded only when a report is written

    _make(folder)
    results = Results()
    if persona is not None:
        results = Results.of_comparison(compared(persona, session.path, tell))
    tell(Progress(done=0, message=f"Drawing pages: {session.words}"))
    with Recording.open(session.path) as recording:
        report = compose(results, recording)
    stem = f"{session.name}_{persona.stem}" if persona is not None else session.name
    html, pdf = folder / f"{stem}.html", folder / f"{stem}.pdf"
    for path in (html, pdf):
        tell(Progress(done=0, message=f"Writing {path.name}"))
        report.write(path)
    against = f", against {persona.stem}" if persona is not None else ""
    return Written(
        session.words + against, html, pdf, tuple(pictures(report.title, report.parts, _PREVIEW_PX))
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            "There is no place for reports.",
            "Choose another data folder in the settings.",
        ) from error
