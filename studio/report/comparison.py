"""The twin beside every baseline: the held-out table and the predict-then-observe curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from protocols.geometry import FloatArray
from studio.report.charts import curve, sample
from studio.report.markup import Html, joined, table, tag
from studio.report.names import METRIC_COLUMNS, ROW_WORDS, TWINS, Metric, row_words
from studio.report.results import Results, RunningScore
from studio.state import NAN, Score, running_means, score_words
from studio.theme import SERIES
from tuning.metrics import better


def heldout(results: Results) -> Html:
    """Return the held-out table with the best value of each column marked."""
    metrics = [m for m in METRIC_COLUMNS if any(m.key in scores for scores in results.heldout.values())]
    if not metrics:
        return joined([tag("h2", "Held-out comparison"), tag("p", "No page could be judged.")])
    order = [*ROW_WORDS, *(row for row in results.heldout if row not in ROW_WORDS)]
    rows = [_row(row, results.heldout, metrics) for row in order if row in results.heldout]
    head = ["model", *(tag("th", f"{m.label} {m.arrow}", class_="number", scope="col") for m in metrics)]
    meanings = [part for m in metrics for part in (tag("dt", m.label), tag("dd", f"{m.meaning} {m.arrow}"))]
    caption = "↓ lower is better, ↑ higher is better; the best value of each column is bold."
    return joined(
        [
            tag("h2", "Held-out comparison"),
            _counts(results),
            tag("div", table(head, rows, caption), class_="scroll"),
            _missing(results),
            tag("dl", *meanings),
        ]
    )


def running(results: Results) -> Html:
    """Return the predict-then-observe curve with its legend in words."""
    title = tag("h2", "Predict, then observe")
    if not results.running:
        return joined([title, tag("p", "No page was predicted before it was seen in this session.")])
    scores = sorted(results.running, key=lambda s: s.trial)
    trials = np.asarray([s.trial + 1 for s in scores], dtype=np.float64)
    values: dict[str, FloatArray] = {s.key: running_means(_values(scores, s.key)) for s in SERIES}
    latest = {key: v[np.isfinite(v)] for key, v in values.items()}
    legend = [
        tag(
            "li",
            sample(s),
            f"{s.words}: {latest[s.key][-1]:.3f}" if len(latest[s.key]) else f"{s.words}: none",
        )
        for s in SERIES
    ]
    words = "Mean KL divergence over the trials so far, per prediction"
    explained = (
        "Every page was predicted before it appeared, by the twin as it was after the page before. Each "
        "point is the mean KL over all pages so far, in nats; lower is closer to the real attention."
    )
    figure = tag("figure", curve(trials, values, words))
    fair = tag(
        "p", score_words(tuple(_score(s) for s in scores)) + " Only pages that both predicted count here."
    )
    return joined([title, tag("p", explained), figure, tag("ul", *legend, class_="key"), fair])


def skipped(results: Results) -> Html:
    """Return what was left out, with reasons."""
    title = tag("h2", "Left out of the comparison")
    if not results.skipped:
        return joined([title, tag("p", "Nothing was left out.")])
    rows = [(reason, tag("td", count, class_="number")) for reason, count in sorted(results.skipped.items())]
    return joined([title, table(("reason", tag("th", "page views", class_="number", scope="col")), rows)])


def _row(row: str, heldout: Mapping[str, Mapping[str, float]], metrics: list[Metric]) -> list[Html]:
    cells = [tag("th", row_words(row), scope="row", class_="twin" if row in TWINS else None)]
    for metric in metrics:
        value = heldout[row].get(metric.key)
        if value is None:
            cells.append(tag("td", "–", class_="number"))
        else:
            best = not any(
                better(metric.key, s[metric.key], value) for s in heldout.values() if metric.key in s
            )
            cells.append(tag("td", f"{value:.3f}", class_="number best" if best else "number"))
    return cells


def _counts(results: Results) -> Html:
    told = {key.replace("_", " "): value for key, value in results.counts.items()}
    listed = (
        ", ".join(f"{value} {key}" for key, value in told.items()) or f"{len(results.per_page)} page views"
    )
    return tag("p", f"Judged on held-out pages: {listed}. Values are means over pages.")


def _missing(results: Results) -> Html:
    said = [tag("p", f"Not in the table: {row_words(row)} ({why}).") for row, why in results.missing.items()]
    return joined(said)


def _score(told: RunningScore) -> Score:
    known = {s.key: getattr(told, s.key) for s in SERIES}
    return Score(told.trial, **{key: NAN if value is None else value for key, value in known.items()})


def _values(scores: list[RunningScore], key: str) -> FloatArray:
    found = [getattr(score, key) for score in scores]
    return np.asarray([np.nan if value is None else value for value in found], dtype=np.float64)
