"""The whole report, in one file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from sessions.reader import Recording
from studio.recorded_predictions import predictions, scores
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
from studio.state import Score

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
    """
    told = results if isinstance(results, Results) else Results.read(results)
    told = told if told.running else told.with_running(_foreseen(recording))
    evidence = gather(recording)
    if path.suffix.lower() == ".pdf":
        from studio.report.pdf.paper import write_pdf  # reports in HTML need no Qt

        write_pdf(path, title_of(evidence), sections(told, evidence, recording.page))
    else:
        path.write_text(document(told, evidence, recording.page), encoding="utf-8")
    log.info("report written to %s, %.1f MB", path, path.stat().st_size / 1e6)


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
    title = title_of(evidence)
    body = [
        definitions([hatch(), *patterns()]),
        tag("main", *sections(results, evidence, load)),
    ]
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


def _foreseen(recording: Recording) -> tuple[Score, ...]:
    """Return the scores of what was predicted during the session."""
    foreseen = predictions(recording.markers())
    return scores(foreseen, recording.slots().views) if foreseen else ()


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
