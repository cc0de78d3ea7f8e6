"""The outcome in plain words: what the twin beats, and what it does not beat."""

from __future__ import annotations

from collections.abc import Iterator

from studio.report.names import TWINS, listing, row_words
from studio.report.results import Results
from tuning.metrics import better

_FEW_PAGES = 20


def headline(results: Results) -> str:
    """Return what a reader must not miss: how the twin did, and first whether it was trained at all."""
    return f"{results.unchanged} {_outcome(results)}".strip()


def _outcome(results: Results) -> str:
    twin, combined = _standing(results, "twin"), _standing(results, "twin_combined")
    if not results.compared:
        return "The twin was not judged: this report is about the session alone, without a persona."
    if twin is None:
        return "The twin was not judged: there is no held-out page with attention."
    unseen = "On pages it was never fitted on, the twin comes closer to the real attention than"
    if not twin.beaten_by:
        return f"{unseen} every baseline."
    if not twin.beats:
        return f"{unseen} no baseline."
    rest = "The twin beats " + _ratio(twin)
    if combined is not None and not combined.beaten_by:
        return f"{rest}; together with the participant's habit it beats all of them."
    return f"{rest} on pages it was never fitted on."


def sentences(results: Results) -> list[str]:
    """Return what the held-out numbers say, twin by twin, and how far they may be trusted."""
    return [*_standings(results), *_clicks(results), *_caution(results)]


def per_page_wins(results: Results, row: str, other: str) -> tuple[int, int]:
    """Return on how many pages a row's KL is lower than another's, and on how many both are known."""
    scores = [page.scores for page in results.per_page]
    pairs = [
        (s[row]["kl"], s[other]["kl"])
        for s in scores
        if row in s and other in s and "kl" in s[row] and "kl" in s[other]
    ]
    return sum(a < b for a, b in pairs), len(pairs)


class _Standing:
    """Which baselines a twin beats on KL and which not."""

    def __init__(self, results: Results, twin: str) -> None:
        self.value = results.heldout[twin]["kl"]
        others = {
            row: scores["kl"]
            for row, scores in results.heldout.items()
            if row not in TWINS and "kl" in scores
        }
        self.beats = {row: kl for row, kl in others.items() if better("kl", self.value, kl)}
        self.beaten_by = {row: kl for row, kl in others.items() if row not in self.beats}


def _standing(results: Results, twin: str) -> _Standing | None:
    return _Standing(results, twin) if "kl" in results.heldout.get(twin, {}) else None


def _ratio(standing: _Standing) -> str:
    return f"{len(standing.beats)} of {len(standing.beats) + len(standing.beaten_by)} baselines"


def _standings(results: Results) -> Iterator[str]:
    for twin in TWINS:
        standing = _standing(results, twin)
        if standing is not None:
            yield f"The {row_words(twin)} has a mean KL of {standing.value:.3f} nats (0 would be perfect)."
            if standing.beats:
                yield f"It comes closer than {_named(results, twin, standing.beats)}."
            if standing.beaten_by:
                yield f"It does not beat {_named(results, twin, standing.beaten_by)}."


def _named(results: Results, twin: str, rows: dict[str, float]) -> str:
    return listing([f"the {row_words(r)} ({kl:.3f}{_wins(results, twin, r)})" for r, kl in rows.items()])


def _wins(results: Results, twin: str, row: str) -> str:
    won, known = per_page_wins(results, twin, row)
    return f", closer on {won} of {known} pages" if known else ""


def _clicks(results: Results) -> Iterator[str]:
    known = {row: s["logloss"] for row, s in results.heldout.items() if "logloss" in s}
    if "twin" in known:
        ahead = [
            row_words(r) for r, v in known.items() if r not in TWINS and better("logloss", known["twin"], v)
        ]
        behind = [
            row_words(r)
            for r, v in known.items()
            if r not in TWINS and not better("logloss", known["twin"], v)
        ]
        words = f"For clicks, the log-loss of the twin (prompt only) is {known['twin']:.3f} nats"
        words += f"; better than the {listing(ahead)}" if ahead else "; better than no baseline"
        yield words + (f"; not better than the {listing(behind)}." if behind else ".")


def _caution(results: Results) -> Iterator[str]:
    pages = len(results.per_page)
    if 0 < pages < _FEW_PAGES:
        what = "one page is" if pages == 1 else f"{pages} pages are"
        yield f"Only {what} held out: take differences as indications, not as proof."
