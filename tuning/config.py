"""Settings of a fit: validated, readable as TOML, free of model code."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from protocols.errors import TuningError
from protocols.mistakes import listed

Placement = Literal["front", "after-image"]
Signal = Literal["fixation", "cursor"]
Device = Literal["cpu", "cuda"]
Precision = Literal["fp32", "bf16"]
Objective = Literal["default", "paper"]
Method = Literal["steps", "search"]

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FitConfig(BaseModel):
    """How soft prompts are fitted.

    The defaults were chosen on simulated viewers that are in no cohort and no demonstration. Five soft tokens
    suit carousel-tiny: its longest training question was five words longer than the usual one; more tokens
    would move letters to positions it has never seen. The paper uses 16.

    Attributes:
        method: ``steps`` of an optimiser, or ``search`` among mixtures of earlier participants, which finds
            coefficients only and is fast for many newcomers at once; see `tuning.newcomers`.
        operator: probing operator by name: ``rollout``, ``glimpse``, ``attnlrp``, or ``attnlrp-signed``,
            which normalises as published.
        placement: where the soft prompt stands; ``front`` is the paper's.
        objective: ``default`` has its minimum at the human distribution and explains the model's own answer;
            ``paper`` is the published weighted KL and explains the true click while fitting.
        train_signal: gaze or cursor dwell to fit.
        eval_signal: gaze or cursor dwell to select epochs by and to be judged on.
        prompt_length: soft tokens N.
        basis_size: basis prompts M.
        prompt_scale: standard deviation of the initial basis, in units of the token embeddings' own.
        personal_prompt: also fit a free prompt per newcomer, added to the basis combination.
        attention_weight: weight λ of the attention loss.
        click_weight: weight c of the click cross-entropy.
        anchor_weight: weight of the KL divergence from the bare model's click probabilities: a participant's
            few clicks must not undo what the model knows about films.
        weight_power: exponent γ of the importance weights ω ∝ g^γ; ``paper`` uses 2.
        coefficient_penalty: weight β of ‖z - z₀‖², z₀ the start.
        personal_penalty: weight of the personal prompt's mean square, in units of the embeddings' own.
        basis_rate: learning rate of the basis, in units of the token embeddings' standard deviation.
        coefficient_rate: learning rate of the coefficients z.
        personal_rate: learning rate of the personal prompt, in the units of the basis.
        steps: optimiser steps at most.
        warmup_steps: steps of linear warm-up before the cosine.
        attention_warmup_steps: steps W without the attention loss; over W more its weight rises to λ.
        batch_size: page views per step.
        clip_norm: largest gradient norm.
        basis_clip_norm: largest gradient norm of the basis alone; None clips it together with the rest.
        recompute: gradient checkpointing: less memory, about a third more time.
        evaluate_every: steps between two looks at the validation screens.
        patience: evaluations without improvement before stopping.
        seed: of initialisation and batches; `gazetwin fit` also draws the held-out screens with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = "steps"
    operator: str = "rollout"
    placement: Placement = "after-image"
    objective: Objective = "default"
    train_signal: Signal = "fixation"
    eval_signal: Signal = "fixation"
    prompt_length: Count = 5
    basis_size: Count = 8
    prompt_scale: Positive = 0.3
    personal_prompt: bool = True
    attention_weight: NonNegative = 1.0
    click_weight: NonNegative = 0.1
    anchor_weight: NonNegative = 0.3
    weight_power: NonNegative = 0.0
    coefficient_penalty: NonNegative = 1e-3
    personal_penalty: NonNegative = 1e-2
    basis_rate: Positive = 0.1
    coefficient_rate: Positive = 0.3
    personal_rate: Positive = 0.05
    steps: Count = 120
    warmup_steps: Annotated[int, Field(ge=0)] = 5
    attention_warmup_steps: Annotated[int, Field(ge=0)] = 0
    batch_size: Count = 20
    clip_norm: Positive = 5.0
    basis_clip_norm: Positive | None = None
    recompute: bool = False
    evaluate_every: Count = 10
    patience: Count = 5
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _searchable(self) -> Self:
        if self.method == "search" and (self.personal_prompt or self.objective == "paper"):
            raise ValueError(
                "method search finds coefficients by the default objective; set personal_prompt = false and"
                ' objective = "default"'
            )
        return self

    def decisive(self) -> dict[str, Any]:
        """Return the settings that name a result; a later one counts only where it is not at its default."""
        told = self.model_dump(mode="json")
        if self.method == "steps":
            del told["method"]  # results of earlier versions keep their names
        return told

    @classmethod
    def cohort(cls, placement: Placement = "after-image") -> FitConfig:
        """Return the settings of the cohort that ships: longer, larger batches."""
        return cls(placement=placement, steps=400, batch_size=32, evaluate_every=50, patience=8)

    @classmethod
    def paper(cls) -> FitConfig:
        """Return the published losses, prompt, warm-up, clip norms and epoch score.

        Learning rates, schedule and the scale of the start stay this program's own: they are in units of a
        model's embeddings, so that one setting suits models of any width.
        """
        return cls(
            operator="attnlrp-signed",
            placement="front",
            objective="paper",
            prompt_length=16,
            weight_power=2.0,
            attention_weight=0.5,
            click_weight=0.5,
            anchor_weight=0.0,
            personal_prompt=False,
            attention_warmup_steps=30,
            clip_norm=5.0,
            basis_clip_norm=100.0,
        )

    @classmethod
    def from_toml(cls, path: Path) -> FitConfig:
        """Read settings; what the file does not name keeps its default.

        Raises:
            TuningError: the file cannot be read, or a setting is unknown or out of range.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problem = f"{error}."
        except ValidationError as error:
            problem = listed(error, cls.model_fields)
        raise TuningError(
            f"The settings in {path} cannot be used: {problem}",
            "A fit with half-understood settings could not be repeated.",
            "Correct the file; every setting has a default, so only differences need to be written.",
        )

    def to_toml(self) -> str:
        """Return all settings as TOML; ``from_toml`` reads them back."""
        told = self.model_dump(exclude_none=True)
        return "".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items())
