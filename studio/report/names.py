"""What rows and metrics are called in a report, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from tuning.metrics import LOWER_IS_BETTER

ROW_WORDS = {
    "twin": "twin (prompt only)",
    "twin_combined": "combined twin (prompt and habit)",
    "shared_prompt": "shared prompt (not personal)",
    "backbone": "model without a prompt",
    "random_prompt": "random prompt",
    "participant_mean": "participant's own mean map",
    "participant_mean_genre": "participant's own mean map with genres",
    "population_mean": "mean map of earlier participants",
    "uniform": "uniform map",
}
TWINS = ("twin", "twin_combined")


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of the held-out table.

    Attributes:
        key: its name in results.
        label: with unit.
        meaning: in words.
    """

    key: str
    label: str
    meaning: str

    @property
    def arrow(self) -> str:
        """Which direction is better."""
        return "↓" if self.key in LOWER_IS_BETTER else "↑"


METRIC_COLUMNS = (
    Metric("kl", "KL [nats]", "divergence of the prediction from the real attention; 0 is equal"),
    Metric("js", "JS [nats]", "symmetric divergence, at most 0.69"),
    Metric("cosine", "cosine", "cosine similarity of both distributions; 1 is equal"),
    Metric("csh1", "CSH@1", "clicked slot is the one with most predicted attention"),
    Metric("csh3", "CSH@3", "clicked slot is among the three with most predicted attention"),
    Metric("tgo3", "TGO@3", "overlap of the three most looked-at slots, predicted and real"),
    Metric("accuracy", "accuracy", "most probable click is the real click"),
    Metric("logloss", "log-loss [nats]", "negative log probability of the real click"),
    Metric("auc", "AUC", "share of other slots less probable than the clicked one; 0.5 is chance"),
)


def row_words(row: str) -> str:
    """Return a row's name for people; unknown rows keep theirs."""
    return ROW_WORDS.get(row, row)


def listing(parts: list[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else ""
