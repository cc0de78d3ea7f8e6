"""The held-out comparison as a table on the terminal."""

from __future__ import annotations

from protocols.words import counted
from studio.cli.output import say, show
from tuning.events import ROWS, Compared, Comparison
from tuning.metrics import LOWER_IS_BETTER

COLUMNS = ("kl", "js", "cosine", "csh1", "tgo3", "accuracy", "logloss", "auc")


def print_heldout(compared: Compared | Comparison) -> None:
    """Print one row per model and baseline, then every baseline that a twin does not beat."""
    rows = [
        (row.replace("_", " "), *(_number(compared.heldout[row].get(name)) for name in COLUMNS))
        for row in ROWS
        if row in compared.heldout
    ]
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in compared.counts.items())
    lower = ", ".join(name for name in COLUMNS if name in LOWER_IS_BETTER)
    title = f"On held-out screens ({told}). Lower is better, in nats: {lower}; higher: the others."
    show(title, ("", *COLUMNS), rows)
    if screens := compared.counts.get("screens"):
        say(
            f"{counted(screens, 'screen')} in all are held out, drawn with the seed of the fit: another seed"
            " holds out others, and numbers change with them. What rows and columns are: docs/experiments.md."
        )
    if compared.unchanged:
        say(compared.unchanged)
    for sentence in compared.verdicts:
        say(sentence)
    for row, why in compared.missing.items():
        say(f"Not in the table: {row.replace('_', ' ')} ({why}).")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
