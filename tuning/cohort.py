"""What ships beside a backbone: a basis, a shared prompt and a mean map, fitted on simulated viewers.

The viewers are invented, drawn from the documented population of `acquisition.viewer.policy.draw_viewer`;
they are no claim about people. They make it possible to fit a newcomer in seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from protocols.errors import PersonaMismatch
from tuning import tensorfile
from tuning.backbones.base import Backbone, BackboneSpec
from tuning.baselines import Looked, PositionMap
from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan
from tuning.examples import Example, Split
from tuning.habit import FACTORS, UNFITTED, Pooling, TrainingView, fit_pooling
from tuning.predictions import predictions
from tuning.probing.base import ProbingOperator
from tuning.prompts import PromptBank, SoftPrompt
from tuning.tuner import FitEvent, fit
from tuning.versions import versions

WEIGHTS = Path(__file__).with_name("weights")
POPULATION_SMOOTHING = 1.0


class CohortProvenance(BaseModel):
    """Where a cohort comes from; see `tuning.persona.Provenance` for fields of the same name.

    `plan` is None when its participants were not drawn from one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["gazetwin-cohort/1"] = Field(default="gazetwin-cohort/1", alias="schema")
    backbone: str
    backbone_digest: str
    positions: str
    plan: CohortPlan | None
    config: FitConfig
    participants: tuple[str, ...]
    validation: dict[str, float]
    shared_validation: dict[str, float]
    versions: dict[str, str]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Earlier participants of one backbone, operator and placement.

    Attributes:
        bank: basis and coefficients.
        shared: one prompt fitted to all of them.
        population: mean attention by position.
        pooling: exponents of prior and model that suit a newcomer.
        provenance: where everything comes from.
        digest: SHA-256 of the file, empty when it comes from none.
    """

    bank: PromptBank
    shared: SoftPrompt
    population: PositionMap
    pooling: Pooling
    provenance: CohortProvenance
    digest: str = ""

    def suits(self, spec: BackboneSpec, config: FitConfig) -> bool:
        """Tell whether a newcomer can be fitted over this basis with these settings."""
        own = self.provenance
        same_model = (own.backbone_digest, own.positions) == (spec.digest, spec.positions)
        names = ("operator", "placement", "prompt_length", "basis_size")
        return same_model and all(getattr(own.config, n) == getattr(config, n) for n in names)

    def save(self, path: Path) -> None:
        """Write one safetensors file."""
        tensors = {f"bank.{name}": tensor for name, tensor in self.bank.tensors().items()}
        tensors["shared"] = self.shared.tokens
        tensors["population"] = torch.from_numpy(np.array(self.population.density))
        tensors["pooling.attention"] = torch.from_numpy(np.array(self.pooling.attention))
        tensors["pooling.click"] = torch.from_numpy(np.array(self.pooling.click))
        tensorfile.write(path, tensors, self.provenance)

    @classmethod
    def load(cls, path: Path) -> Cohort:
        """Read a cohort.

        Raises:
            PersonaMismatch: no such file, damaged, or not a cohort.
        """
        tensors, provenance = tensorfile.read(path, CohortProvenance)
        try:
            bank = {n.removeprefix("bank."): t for n, t in tensors.items() if n.startswith("bank.")}
            return cls(
                bank=PromptBank.from_tensors(provenance.participants, bank),
                shared=SoftPrompt(tensors["shared"], ""),
                population=PositionMap(tensors["population"].double().numpy()),
                pooling=_read_pooling(tensors),
                provenance=provenance,
                digest=hashlib.sha256(path.read_bytes()).hexdigest(),
            )
        except KeyError as error:
            raise PersonaMismatch(
                f"{path} has no tensor {error}.",
                "The cohort could not be used as it was fitted.",
                "Make it again: python -P -m tuning cohort.",
            ) from error


def shipped_cohort(spec: BackboneSpec, config: FitConfig) -> Cohort | None:
    """Return the cohort that ships with a backbone, None when none suits it and the settings."""
    for path in sorted(WEIGHTS.glob("cohort-*.safetensors")):
        cohort = Cohort.load(path)
        if cohort.suits(spec, config):
            return cohort
    return None


def fit_cohort(
    backbone: Backbone,
    operator: ProbingOperator,
    examples: Sequence[Example],
    plan: CohortPlan | None,
    config: FitConfig,
) -> Generator[FitEvent, None, Cohort]:
    """Fit basis, shared prompt, mean map and exponents of a cohort (minutes)."""
    fitted = yield from fit(backbone, operator, examples, config)
    everybody = [_anonymous(e) for e in examples]
    shared = yield from fit(backbone, operator, everybody, config.model_copy(update={"basis_size": 1}))
    population = PositionMap.of(looked_of(examples, config, "train"), POPULATION_SMOOTHING)
    spec = backbone.spec
    return Cohort(
        bank=fitted.bank,
        shared=SoftPrompt(shared.bank.prompt("everybody").tokens, ""),
        population=population,
        pooling=_pooling(backbone, operator, examples, fitted.bank, config),
        provenance=CohortProvenance(
            backbone=spec.id,
            backbone_digest=spec.digest,
            positions=spec.positions,
            plan=plan,
            config=config,
            participants=fitted.bank.participants,
            validation=fitted.scores,
            shared_validation=shared.scores,
            versions=versions(),
        ),
    )


def looked_of(examples: Sequence[Example], config: FitConfig, split: Split) -> list[Looked]:
    """Return what was looked at on the pages of one split, by the training signal."""
    seen = ((e, e.attention(config.train_signal)) for e in examples if e.split == split)
    pages = ((e.page, a) for e, a in seen if a is not None)
    return [Looked(p.layout, p.films, a.weights, p.screen_id) for p, a in pages]


def _pooling(
    backbone: Backbone,
    operator: ProbingOperator,
    examples: Sequence[Example],
    bank: PromptBank,
    config: FitConfig,
) -> Pooling:
    """Fit exponents on validation screens, where neither the map nor the prompt knows the page."""
    views, priors = [], []
    for participant in bank.participants:
        own = [e for e in examples if e.participant == participant]
        habit = PositionMap.of(looked_of(own, config, "train"), POPULATION_SMOOTHING)
        val = [e for e in own if e.split == "val" and e.attention(config.train_signal) is not None]
        prepared = [backbone.prepare(e.page, e.preferred) for e in val]
        models = predictions(backbone, operator, prepared, bank.prompt(participant), config.placement)
        bare = predictions(backbone, operator, prepared, None, config.placement)
        seen = zip(looked_of(val, config, "val"), val, models, bare, strict=True)
        for looked, example, model, plain in seen:
            views.append(TrainingView(looked, example.preferred, example.click, model, plain))
            priors.append(habit.predict(looked.layout))
    return fit_pooling(views, priors, UNFITTED)


def _read_pooling(tensors: dict[str, torch.Tensor]) -> Pooling:
    """Return a cohort's exponents; earlier files have two of another meaning, which suit no newcomer now."""
    attention, click = (tensors[f"pooling.{name}"].double().numpy() for name in ("attention", "click"))
    return Pooling(attention, click) if len(attention) == len(FACTORS) else UNFITTED


def _anonymous(example: Example) -> Example:
    return Example(
        page=example.page,
        gaze=example.gaze,
        cursor=example.cursor,
        click=example.click,
        participant="everybody",
        preferred=example.preferred,
        trial=example.trial,
        split=example.split,
    )
