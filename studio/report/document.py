"""The whole report, in one file."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from protocols.errors import SetupError
from sessions.reader import Recording
from studio.recorded_predictions import prediction_scores
from studio.report.charts import definitions, hatch
from studio.report.comparison import heldout, running, skipped
from studio.report.evidence import Evidence, gather
from studio.report.headline import headline, sentences
from studio.report.markup import Html, joined, paragraphs, tag
from studio.report.methods import methods
from studio.report.pages import Load, heldout_pages
from studio.report.provenance import provenance
from studio.report.quality import quality
from studio.report.results import Results
from studio.report.scarf import patterns, slots_over_time
from studio.report.style import style_sheet
from studio.report.views import views

log = logging.getLogger(__name__)

# Nothing may be loaded from anywhere, and nothing may run.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_report(path: Path, results: Mapping[str, object] | Results, recording: Recording) -> None:
    """Write the report of a session and a comparison as one file that loads nothing from anywhere.

    Args:
        path: the file, replaced when it is there; PDF when it ends in ``.pdf``, which needs Qt, else HTML.
        results: as in ``studio.report.results``.
        recording: the session the held-out pages come from, open.

    Raises:
        TuningError: the results have another shape.
        SessionError: the recording is damaged, or is not the one of the results.
        SetupError: the file cannot be written.
    """
    told = results if isinstance(results, Results) else Results.read(results)
    report = compose(told, recording)
    report.write(path)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report says, before it has a format.

    Attributes:
        title: its heading.
        parts: in order.
    """

    title: str
    parts: tuple[Html, ...]

    def write(self, path: Path) -> None:
        """Write it as the kind of file that the name tells; see ``write_report``."""
        try:
            if path.suffix.lower() == ".pdf":
                from studio.report.pdf.paper import write_pdf  # reports in HTML need no Qt

                write_pdf(path, self.title, self.parts)
            else:
                path.write_text(page_of(self.title, self.parts), encoding="utf-8")
        except OSError as error:
            raise SetupError(
                f"The report cannot be written to {path}: {error.strerror or error}.",
                "There is no report.",
                "Make room on the disk, or choose a folder that can be written.",
            ) from error
        log.info("report written to %s, %.1f MB", path, path.stat().st_size / 1e6)


def compose(results: Results, recording: Recording) -> Report:
    """Return the report of a session.

    Args:
        results: of a comparison; empty ones for a report about the session alone.
        recording: the session, open.

    Raises:
        SessionError: the recording is damaged, or is not the one of the results.
    """
    told = results if results.running else results.with_running(prediction_scores(recording))
    evidence = gather(recording)
    return Report(title_of(evidence), tuple(sections(told, evidence, recording.page)))


def title_of(evidence: Evidence) -> str:
    """Return the heading of a report."""
    return f"GazeTwin report: {evidence.participant.pseudonym}, study {evidence.study[0]}"


def document(results: Results, evidence: Evidence, load: Load) -> str:
    """Return the report as a page.

    Args:
        results: to report.
        evidence: of the recording.
        load: returns a page of the recording by digest.
    """
    return page_of(title_of(evidence), sections(results, evidence, load))


def page_of(title: str, parts: Iterable[Html]) -> str:
    """Return parts of a report as one page."""
    body = [definitions([hatch(), *patterns()]), tag("main", *parts)]
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", title),
        tag("style", Html(style_sheet())),
    ]
    page = tag("html", tag("head", *head), tag("body", *body), lang="en")
    return f"<!doctype html>\n{page}\n"


def sections(results: Results, evidence: Evidence, load: Load) -> list[Html]:
    """Return everything a report says, part by part; the same for every format."""
    return [
        tag("h1", title_of(evidence)),
        tag("p", f"Recorded {evidence.started}, {len(evidence.views)} page views.", class_="muted"),
        _simulated(results, evidence),
        tag("div", paragraphs([headline(results), *sentences(results)]), class_="headline"),
        *([heldout(results), _engine_words(results)] if results.compared else []),
        running(results),
        *([heldout_pages(results, load)] if results.compared else []),
        slots_over_time(evidence),
        views(evidence, load),
        quality(evidence, results),
        skipped(results),
        methods(evidence, results),
        provenance(evidence, results),
    ]


def _simulated(results: Results, evidence: Evidence) -> Html:
    if not (results.simulated or evidence.simulated):
        return Html("")
    words = (
        "SIMULATED DATA. The gaze in this report comes from a simulated viewer, a computer program, not from "
        "a person. It shows that the tools work; it says nothing about how people look."
    )
    return tag("p", words, class_="simulated", role="note")


def _engine_words(results: Results) -> Html:
    if not results.words:
        return Html("")
    listed = tag("ul", *(tag("li", sentence) for sentence in results.words))
    return joined([tag("h3", "In detail, where a twin does not beat a baseline"), listed])
