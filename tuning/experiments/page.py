"""The report as one HTML file that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from tuning import metrics
from tuning.experiments.charts import dots, forest
from tuning.experiments.judging import CLAIM_LEVEL, Claim, Comparison
from tuning.experiments.lines import Line
from tuning.experiments.markup import Html, bullets, table, tag
from tuning.experiments.outcome import Outcome
from tuning.experiments.statistics import interval_words
from tuning.experiments.style import STYLE
from tuning.experiments.summary import WORDS
from tuning.experiments.tables import LABELS, best, number
from tuning.experiments.targets import Target, p_words

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_MOOD = {"met": "good", "missed": "bad", "not testable": "warn", "not measured": "warn"}


def page(outcome: Outcome) -> str:
    """Return the whole page."""
    title = f"Study {outcome.name}"
    head = tag(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = tag("body", tag("main", *_sections(title, outcome)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _sections(title: str, outcome: Outcome) -> list[Html]:
    parts = [
        tag("h1", title),
        tag("p", outcome.about, class_="lead") if outcome.about else Html(""),
        tag("p", outcome.size, class_="muted"),
        tag("section", tag("h2", "What this does not show"), bullets(outcome.unshown), class_="unshown"),
        tag("h2", "Targets"),
        _targets(outcome.targets),
    ]
    for place, arena in enumerate(dict.fromkeys(line.arena for line in outcome.lines)):
        parts += _arena(arena, outcome, first=place == 0)
    parts += [*_claims(outcome.claims), *_skipped(outcome), *_methods(outcome)]
    return parts


def _targets(targets: Sequence[Target]) -> Html:
    rows = [(t.name, t.wanted, t.measured, tag("td", t.verdict, class_=_MOOD[t.verdict])) for t in targets]
    return table(("target", "wanted", "found", ""), rows)


def _arena(arena: str, outcome: Outcome, *, first: bool) -> list[Html]:
    lines = [line for line in outcome.lines if line.arena == arena]
    main = [line for line in lines if line.kind != "change"]
    tests = [t for t in outcome.tests if t.arena == arena]
    changes = [t for t in outcome.changes if t.arena == arena]
    parts = [
        tag("h2", f"{arena[0].upper()}{arena[1:]}"),
        dots(main),
        _results(lines),
        tag("h3", "Twins against baselines"),
        _tests(tests),
    ]
    if changes:
        of_twin = [t for t in changes if t.metric == "kl" and t.first.startswith(f"{WORDS['twin']}, ")]
        parts += [tag("h3", "Changes against the main condition"), forest(of_twin), _tests(changes)]
    if first:
        parts.insert(1, tag("p", _HOW_TO_READ, class_="muted"))
    return parts


_HOW_TO_READ = (
    "Means over participants of their means over held-out views, seeds averaged first. The best value of a"
    " column is underlined. Faint points are participants; bars are 95 % bootstrap intervals of the mean."
)


def _results(lines: Sequence[Line]) -> Html:
    tops = {metric: best(lines, metric) for metric in metrics.METRICS}

    def cell(line: Line, metric: str) -> Html:
        value = line.means.get(metric)
        marked = value is not None and value == tops[metric]
        return tag("td", number(value), class_="number best" if marked else "number")

    rows = [
        (
            tag("strong", line.name) if line.kind == "twin" else line.name,
            tag("td", line.participants, class_="number"),
            *(cell(line, metric) for metric in metrics.METRICS),
        )
        for line in lines
    ]
    return table(("", "n", *LABELS.values()), rows)


def _tests(tests: Sequence[Comparison]) -> Html:
    columns = (
        "",
        "against",
        "measure",
        "means",
        "difference [nats, 95 %]",
        "dz",
        "rank-biserial",
        "p",
        "Holm",
    )
    return table(columns, [_test(t) for t in tests])


def _test(t: Comparison) -> tuple[object, ...]:
    f = t.found
    told = (
        f"{t.first_mean:.3f} / {t.second_mean:.3f}",
        f"{f.mean:+.3f}{interval_words(f.low, f.high)}",
        number(f.dz, 2),
        number(f.rank_biserial, 2),
        "–" if f.p is None else p_words(f.p).removeprefix("p ").removeprefix("= "),
    )
    holm = "–" if t.holm is None else p_words(t.holm).removeprefix("p ").removeprefix("= ")
    mood = "number good" if t.below() else "number"
    numbers = (tag("td", value, class_="number") for value in told)
    measure = LABELS[t.metric].removesuffix(" [nats]")
    return (t.first, t.second, measure, *numbers, tag("td", holm, class_=mood))


_CLAIMED = ("twin", "KL", "best other row", "its KL", "views", "p", "")


def _claims(claims: Sequence[Claim]) -> list[Html]:
    if not claims:
        return []
    said = (
        "Success is claimed for a participant when the twin's KL over the held-out views is below that of"
        " the best other row, baselines and unprompted model included, which is chosen in hindsight on these"
        f" very views: one-sided Wilcoxon signed-rank test, p < {CLAIM_LEVEL:g}."
    )
    invented = any(not c.stable for c in claims)  # of people nobody knows whether they have a pattern
    if invented:
        said += " For participants without a stable pattern any claim is false."
    columns: tuple[str, ...] = ("participant", "pattern", *_CLAIMED)
    rows = [_claim(c) for c in claims]
    if not invented:
        columns, rows = ("participant", *_CLAIMED), [(row[0], *row[2:]) for row in rows]
    return [tag("h2", "Participant by participant"), tag("p", said), table(columns, rows)]


def _claim(c: Claim) -> tuple[object, ...]:
    verdict = "claims success" if c.claimed else "does not claim success"
    mood = "good" if c.claimed and c.stable else "bad" if c.claimed else None
    if c.claimed and not c.stable:
        verdict = "FALSE CLAIM"
    values = (number(c.twin_kl), WORDS[c.rival], number(c.rival_kl), c.views, p_words(c.p))
    pattern = "stable" if c.stable else "none"
    return (c.participant, pattern, WORDS[c.twin], *values, tag("td", verdict, class_=mood))


def _skipped(outcome: Outcome) -> list[Html]:
    head = tag("h2", "What was left out, and why")
    if not outcome.skipped:
        return [head, tag("p", "Nothing.")]
    return [head, table(("reason", "number"), list(outcome.skipped.items()))]


def _methods(outcome: Outcome) -> list[Html]:
    return [
        tag("h2", "How it was done"),
        *(tag("p", sentence) for sentence in outcome.methods),
        tag("h3", "Settings"),
        tag("pre", outcome.settings),
        tag("h3", "Where it comes from"),
        table(("what", "which"), list(outcome.provenance.items())),
    ]
