"""Click prediction: the twin's click distribution on a page, and how every row does on all clicks."""

from __future__ import annotations

from dataclasses import dataclass

from studio.report.names import ROW_WORDS
from studio.rooms.twin.results import PageRow, TwinResults


@dataclass(frozen=True, slots=True)
class ClickLine:
    """How one row predicts clicks on test pages.

    Attributes:
        row: its name in results.
        words: its name for people.
        logloss: mean, in nats; None when it is not known.
        smoothed: the same when mixed with a uniform distribution; None for models.
        hits: expected number of clicks on its most probable poster; ties count in parts.
        clicks: how many there were.
    """

    row: str
    words: str
    logloss: float | None
    smoothed: float | None
    hits: float
    clicks: int


def click_lines(shown: TwinResults) -> tuple[ClickLine, ...]:
    """Return every row's click prediction on test pages, the best log-loss first."""
    if shown.comparison is None:
        return ()
    clicked = [j for j in shown.comparison.judged if j.click is not None]
    lines = []
    for row, means in shown.comparison.heldout.items():
        scores = [j.scores[row] for j in clicked if "accuracy" in j.scores.get(row, {})]
        if scores:
            lines.append(
                ClickLine(
                    row=row,
                    words=ROW_WORDS.get(row, row),
                    logloss=means.get("logloss"),
                    smoothed=shown.comparison.smoothed_logloss.get(row),
                    hits=sum(s["accuracy"] for s in scores),
                    clicks=len(scores),
                )
            )
    return tuple(sorted(lines, key=lambda line: float("inf") if line.logloss is None else line.logloss))


def click_words(row: PageRow | None) -> str:
    """Say what the twin expected on a page and what was clicked."""
    if row is None:
        return "No page yet."
    if "twin" not in row.views:
        return "The twin has not been asked about this page."
    choice = row.views["twin"].choice
    likely = max(range(len(choice)), key=choice.__getitem__)
    expected = f"The twin's likeliest click is {row.films[likely]} ({100 * choice[likely]:.0f} %)"
    if row.click is None:
        return f"{expected}. Nothing was clicked on this page."
    given = choice[row.click]
    if row.click == likely:
        return f"{expected}, and that is what was clicked."
    return f"{expected}. Clicked was {row.films[row.click]}, to which it gave {100 * given:.0f} %."
