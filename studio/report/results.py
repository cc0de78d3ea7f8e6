"""What a report is told: the outcome of a demonstration or comparison, checked at the door.

The shape, as JSON::

    {"heldout": {row: {metric: value}},
     "per_page": [{"page": digest, "trial": 0, "screen": "07", "real": [...], "twin": [...],
                   "twin_combined": [...], "click": 3, "twin_click": [...]}],
     "running": [{"trial": 0, "twin": 0.4, "uniform": 0.9, "population_mean": 0.5, "participant_mean": null}],
     "skipped": {reason: count}, "words": ["..."], "seconds": {...}, "config": {...}, "persona": {...},
     "backbone": {...}}

Rows and metrics are those of ``tuning.events.ROWS`` and ``tuning.metrics.METRICS``; anything may be missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from protocols.errors import TuningError
from protocols.mistakes import listed
from studio.state import Score
from tuning.events import Comparison, Judged

Finite = Annotated[float, Field(allow_inf_nan=False)]
Shares = tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    # Engines may tell more than a report shows, so unknown fields are let pass.
    model_config = ConfigDict(frozen=True, extra="ignore")


class HeldOutPage(_Part):
    """One page view that nothing was fitted on.

    Attributes:
        page: digest in the recording.
        trial: number from 0.
        screen: screen id.
        real: the participant's share per slot.
        twin: the prompt's.
        twin_combined: the prompt's and the habit's together.
        click: clicked slot, None for none.
        twin_click: the twin's click probability per slot.
        scores: per row, metric by name.
    """

    page: str
    trial: Count
    screen: str
    real: Shares
    twin: Shares
    twin_combined: Shares = ()
    click: Count | None = None
    twin_click: Shares = ()
    scores: dict[str, dict[str, Finite]] = Field(default_factory=dict)


class RunningScore(_Part):
    """KL in nats of one page predicted before it was seen; None where there was no prediction."""

    trial: Count
    twin: Finite | None = None
    uniform: Finite | None = None
    population_mean: Finite | None = None
    participant_mean: Finite | None = None


class Results(_Part):
    """Everything but the recording that a report shows.

    Attributes:
        heldout: per row, mean of each metric over the held-out pages.
        per_page: every held-out page.
        running: predict-then-observe scores in order of presentation.
        simulated: the gaze comes from a simulated viewer, whatever the recording says.
        skipped: what was left out, reason and number.
        missing: rows that could not be computed, and why.
        counts: held-out ``views``, ``with_attention``, ``with_click``, ``screens``.
        words: sentences of the engine about what the twins do not beat.
        unchanged: sentence of the engine when no step of the fit was kept.
        samples: ``sent``, ``recorded``, ``lost``.
        fixations: ``precision`` and ``recall`` against the simulated truth.
        slots: ``accuracy`` against the simulated truth.
        seconds: duration of each stage.
        config: settings of the fit.
        persona: provenance of the persona.
        backbone: provenance of the model.
    """

    heldout: dict[str, dict[str, Finite]] = Field(default_factory=dict)
    per_page: tuple[HeldOutPage, ...] = ()
    running: tuple[RunningScore, ...] = ()
    simulated: bool = False
    skipped: dict[str, Count] = Field(default_factory=dict)
    missing: dict[str, str] = Field(default_factory=dict)
    counts: dict[str, Count] = Field(default_factory=dict)
    words: tuple[str, ...] = ()
    unchanged: str = ""
    samples: dict[str, Count] = Field(default_factory=dict)
    fixations: dict[str, Finite] = Field(default_factory=dict)
    slots: dict[str, Finite] = Field(default_factory=dict)
    seconds: dict[str, Finite] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)
    persona: dict[str, Any] = Field(default_factory=dict)
    backbone: dict[str, Any] = Field(default_factory=dict)

    @property
    def compared(self) -> bool:
        """Whether a persona was compared with the session."""
        return bool(self.heldout or self.per_page or self.backbone)

    def with_running(self, scores: Iterable[Score]) -> Self:
        """Return the same results with predict-then-observe scores."""
        told = [
            {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in asdict(score).items()}
            for score in scores
        ]
        return self.model_copy(update={"running": tuple(RunningScore.model_validate(one) for one in told)})

    @classmethod
    def read(cls, data: Mapping[str, object]) -> Self:
        """Check results in the shape above.

        Raises:
            TuningError: they have another shape; the message lists every mistake.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise TuningError(
                f"These results cannot be reported: {listed(error)}",
                "A report must not show numbers of unknown meaning.",
                "Report the results of `gazetwin demo` or `gazetwin compare` as they were written.",
            ) from error

    @classmethod
    def of_comparison(cls, comparison: Comparison, **more: object) -> Self:
        """Return the results of a held-out comparison; ``more`` adds any other field of this class."""
        told = {
            "heldout": comparison.heldout,
            "per_page": [_page(judged) for judged in comparison.judged if judged.human is not None],
            "skipped": comparison.skipped,
            "missing": comparison.missing,
            "counts": comparison.counts,
            "words": comparison.verdicts,
            "unchanged": comparison.unchanged,
            "backbone": {"id": comparison.backbone},
            "config": {
                "operator": comparison.operator,
                "placement": comparison.placement,
                "eval_signal": comparison.signal,
            },
        }
        return cls.read({**told, **more})


def _page(judged: Judged) -> dict[str, object]:
    twin, combined = judged.views["twin"], judged.views.get("twin_combined")
    return {
        "page": judged.shown,
        "trial": judged.trial,
        "screen": judged.screen,
        "real": judged.human,
        "twin": twin.attention,
        "twin_combined": combined.attention if combined else (),
        "click": judged.click,
        "twin_click": twin.choice,
        "scores": judged.scores,
    }
