"""Results as CSV and LaTeX; numbers keep six digits in CSV and three in print."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from math import isnan
from typing import TypeVar

from tuning import metrics
from tuning.experiments.judging import Claim, Comparison
from tuning.experiments.lines import Line
from tuning.experiments.statistics import interval_words
from tuning.experiments.targets import Target, p_words

LABELS = {
    "kl": "KL [nats]",
    "js": "JS [nats]",
    "cosine": "cosine",
    "csh1": "CSH@1",
    "csh3": "CSH@3",
    "tgo3": "TGO@3",
    "accuracy": "accuracy",
    "logloss": "log-loss [nats]",
    "auc": "AUC",
}
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "→": r"$\to$",
    "<": r"$<$",
    ">": r"$>$",
}
Item = TypeVar("Item", Line, Comparison)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def results_csv(lines: Sequence[Line]) -> str:
    """Return every line with all metrics."""
    columns = ["arena", "line", "kind", "participants", "kl_low", "kl_high", *metrics.METRICS]
    rows = (
        [
            at.arena,
            at.name,
            at.kind,
            at.participants,
            *at.interval,
            *(at.means.get(m) for m in metrics.METRICS),
        ]
        for at in lines
    )
    return _csv(columns, rows)


def participants_csv(lines: Sequence[Line]) -> str:
    """Return the KL of every participant on every line."""
    rows = ([at.arena, at.name, name, kl] for at in lines for name, kl in at.points.items())
    return _csv(["arena", "line", "participant", "kl"], rows)


def tests_csv(tests: Sequence[Comparison]) -> str:
    """Return every test."""
    columns = [
        *("arena", "first", "second", "metric", "first_mean", "second_mean", "n", "zero_differences"),
        *("mean_difference", "low", "high", "cohen_dz", "rank_biserial", "p_wilcoxon", "p_holm", "family"),
    ]
    return _csv(columns, (_test(t) for t in tests))


def claims_csv(claims: Sequence[Claim]) -> str:
    """Return what may be said about every participant."""
    columns = ["participant", "stable", "twin", "rival", "views", "twin_kl", "rival_kl", "p", "claimed"]
    rows = ([getattr(c, name) for name in columns] for c in claims)
    return _csv(columns, rows)


def targets_csv(targets: Sequence[Target]) -> str:
    """Return every target."""
    return _csv(
        ["target", "wanted", "measured", "verdict"],
        ([t.name, t.wanted, t.measured, t.verdict] for t in targets),
    )


def results_tex(lines: Sequence[Line]) -> str:
    """Return one table per arena; needs the package booktabs."""
    return _per_arena(lines, "lr" + "r" * len(metrics.METRICS), ["", "n", *LABELS.values()], _printed)


def tests_tex(tests: Sequence[Comparison]) -> str:
    """Return one table of tests per arena; needs the package booktabs."""
    head = ["", "against", "measure", "difference", "95 % interval", "dz", "p (Holm)"]
    return _per_arena(tests, "lllrrrr", head, _tested)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as it is printed, a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}"


def best(lines: Sequence[Line], metric: str) -> float | None:
    """Return the best mean of a metric, the ceiling aside; None when nobody has it."""
    found = [line.means[metric] for line in lines if metric in line.means and line.kind != "ceiling"]
    pick = min if metric in metrics.LOWER_IS_BETTER else max
    return pick(found) if found else None


def _printed(line: Line) -> list[str]:
    return [line.name, str(line.participants), *(number(line.means.get(m)) for m in metrics.METRICS)]


def _tested(test: Comparison) -> list[str]:
    found = test.found
    interval = interval_words(found.low, found.high).strip() or "–"
    p = "–" if test.holm is None else p_words(test.holm).removeprefix("p ").removeprefix("= ")
    effect = number(found.dz, 2)
    return [test.first, test.second, LABELS[test.metric], f"{found.mean:+.3f}", interval, effect, p]


def _per_arena(
    items: Sequence[Item], align: str, head: Sequence[str], row: Callable[[Item], list[str]]
) -> str:
    arenas = dict.fromkeys(item.arena for item in items)
    return "\n".join(
        _latex(arena, align, head, [row(item) for item in items if item.arena == arena]) for arena in arenas
    )


def _latex(caption: str, align: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return " & ".join(_escaped(cell) for cell in cells) + r" \\"

    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_escaped(caption)}}}",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            line(head),
            r"\midrule",
            *(line(row) for row in rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text).replace("–", "--")


def _test(t: Comparison) -> list[object]:
    f = t.found
    return [
        *(t.arena, t.first, t.second, t.metric, t.first_mean, t.second_mean, f.n, f.zero),
        *(f.mean, f.low, f.high, f.dz, f.rank_biserial, f.p, t.holm, t.family),
    ]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return sink.getvalue()


def _cell(value: object) -> str:
    """Return a cell; text that a spreadsheet would take for a formula is quoted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and isnan(value):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
