"""One participant's twin as a file: prompt, position habit, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from protocols.errors import PersonaMismatch
from protocols.geometry import FloatArray
from protocols.participant import Pseudonym
from tuning import tensorfile
from tuning.backbones.base import BackboneSpec
from tuning.baselines import GRID, PositionMap
from tuning.config import FitConfig
from tuning.examples import Split
from tuning.habit import FACTORS, Habit, Pooling
from tuning.prompts import SoftPrompt


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SessionReference(_Edge):
    """A recording that a persona was fitted on.

    Attributes:
        session: UUID of the recording.
        sha256: of its file.
        study: name of the study.
        study_digest: digest of the study.
    """

    session: str
    sha256: str
    study: str
    study_digest: str


class Provenance(_Edge):
    """Everything needed to judge a persona or to fit it again.

    Attributes:
        schema_: version of these rules, written ``schema``.
        participant: pseudonym.
        preferred: preferred genres from the questionnaire, top genre first.
        sessions: what it was fitted on.
        backbone: id of the model the prompt belongs to.
        backbone_digest: SHA-256 of the model's weights.
        positions: scheme of position ids the prompt was fitted with.
        cohort: digest of the cohort whose basis was used, empty when the prompt was fitted from nothing.
        config: all settings, with operator, placement, objective, signals, prompt length and seed.
        splits: split of each screen.
        best_step: optimiser step that was kept.
        validation: scores at that step.
        heldout: mean scores per row on test screens, filled in after the fit.
        uniform_shares: see `tuning.habit.Habit`.
        versions: of the programs involved.
    """

    schema_: Literal["gazetwin-persona/1"] = Field(default="gazetwin-persona/1", alias="schema")
    participant: Pseudonym
    preferred: tuple[str, ...]
    sessions: tuple[SessionReference, ...]
    backbone: str
    backbone_digest: str
    positions: str
    cohort: str
    config: FitConfig
    splits: dict[str, Split]
    best_step: int
    validation: dict[str, float]
    heldout: dict[str, dict[str, float]]
    uniform_shares: dict[str, float]
    versions: dict[str, str]


@dataclass(frozen=True, eq=False)
class Persona:
    """A twin.

    Attributes:
        prompt: the soft prompt, (N, d).
        coefficients: z over the basis, (M,).
        personal: free part of the prompt, (N, d), zeros without one.
        habit: position habit and exponents.
        provenance: where everything comes from.
    """

    prompt: SoftPrompt
    coefficients: Tensor
    personal: Tensor
    habit: Habit
    provenance: Provenance

    def require(self, spec: BackboneSpec) -> None:
        """Refuse another model than the one this persona was fitted with.

        Raises:
            PersonaMismatch: other weights, another scheme of positions or another width.
        """
        own = self.provenance
        same = (own.backbone_digest, own.positions) == (spec.digest, spec.positions)
        if not same or self.prompt.tokens.shape[1] != spec.width:
            raise PersonaMismatch(
                f"The persona of {own.participant} was fitted with {own.backbone}"
                f" ({own.backbone_digest[:12]}), not with {spec.id} ({spec.digest[:12]}).",
                "A soft prompt means nothing to another model.",
                f"Load {own.backbone} with the same weights, or fit the participant again with {spec.id}.",
            )

    def save(self, path: Path) -> None:
        """Write one safetensors file; an existing one is replaced as a whole."""
        tensorfile.write(path, self._tensors(), self.provenance)

    @classmethod
    def load(cls, path: Path) -> Persona:
        """Read a persona.

        Raises:
            PersonaMismatch: no such file, damaged, or not a persona.
        """
        tensors, provenance = tensorfile.read(path, Provenance)
        shapes = _shapes(provenance.config, tensors)
        wrong = [name for name, shape in shapes.items() if _shape(tensors, name) != shape]
        if wrong or set(tensors) != set(shapes):
            raise PersonaMismatch(
                f"{path} holds tensors {_described(tensors)}, a persona with its settings holds {shapes}.",
                "The prompt could not be used as it was fitted.",
                "Fit the participant again.",
            )
        return cls(
            prompt=SoftPrompt(tensors["prompt"], provenance.participant),
            coefficients=tensors["coefficients"],
            personal=tensors["personal"],
            habit=_habit(tensors, provenance.uniform_shares),
            provenance=provenance,
        )

    def _tensors(self) -> dict[str, Tensor]:
        pooling = self.habit.pooling
        return {
            "prompt": self.prompt.tokens,
            "coefficients": self.coefficients,
            "personal": self.personal,
            "habit.density": torch.from_numpy(np.array(self.habit.map.density)),
            "habit.genre": torch.from_numpy(np.array(self.habit.genre)),
            "habit.attention": torch.from_numpy(np.array(pooling.attention)),
            "habit.click": torch.from_numpy(np.array(pooling.click)),
        }


def _habit(tensors: dict[str, Tensor], uniform_shares: dict[str, float]) -> Habit:
    density = tensors["habit.density"].double().numpy()
    if (density <= 0).any():
        raise PersonaMismatch(
            f"The position map holds the value {density.min()}.",
            "Densities are positive; attention could not be predicted from this map.",
            "Fit the participant again.",
        )
    attention, click = (tensors[f"habit.{name}"].double().numpy() for name in ("attention", "click"))
    pooling = Pooling(_four(attention, model=1), _four(click, model=2))
    return Habit(PositionMap(density), tensors["habit.genre"].double().numpy(), pooling, uniform_shares)


def _four(exponents: FloatArray, model: int) -> FloatArray:
    """Return exponents of all factors; earlier files have the prior's and one of the prompted model's."""
    if len(exponents) == len(FACTORS):
        return exponents
    every = np.zeros(len(FACTORS))
    every[[0, model]] = exponents
    return every


def _shapes(config: FitConfig, tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    width = tensors["prompt"].shape[-1] if "prompt" in tensors and tensors["prompt"].ndim == 2 else 0
    tokens = (config.prompt_length, width)
    exponents = (2,) if _shape(tensors, "habit.attention") == (2,) else (len(FACTORS),)
    return {
        "prompt": tokens,
        "coefficients": (config.basis_size,),
        "personal": tokens,
        "habit.density": GRID,
        "habit.genre": (2,),
        "habit.attention": exponents,
        "habit.click": exponents,
    }


def _shape(tensors: dict[str, Tensor], name: str) -> tuple[int, ...]:
    return tuple(tensors[name].shape) if name in tensors else ()


def _described(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
