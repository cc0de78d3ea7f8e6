"""One participant's twin as a file: prompt, position habit, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from protocols.errors import PersonaMismatch
from protocols.geometry import FloatArray
from tuning import tensorfile
from tuning.address import split_address
from tuning.backbones.base import Backbone, BackboneSpec
from tuning.baselines import GRID, PositionMap
from tuning.config import FitConfig
from tuning.habit import FACTORS, Habit, Pooling
from tuning.prompts import SoftPrompt
from tuning.provenance import Provenance, UseReference
from tuning.tables_of_use import TablesOfUse

if TYPE_CHECKING:
    from tuning.twin import Twin


USE = ("use.slots", "use.genres")


@dataclass(frozen=True, eq=False)
class Persona:
    """A twin.

    Attributes:
        prompt: the soft prompt, (N, d).
        coefficients: z over the basis, (M,).
        personal: free part of the prompt, (N, d), zeros without one.
        habit: position habit and exponents.
        provenance: where everything comes from.
        use: examination and click tables; None in files of earlier versions.
    """

    prompt: SoftPrompt
    coefficients: Tensor
    personal: Tensor
    habit: Habit
    provenance: Provenance
    use: TablesOfUse | None = None

    def require(self, spec: BackboneSpec) -> None:
        """Refuse another model than the one this persona was fitted with.

        Raises:
            PersonaMismatch: other weights, another scheme of positions, another width or question.
        """
        own = self.provenance
        same = (own.backbone_digest, own.positions) == (spec.digest, spec.positions)
        if not same or self.prompt.tokens.shape[1] != spec.width:
            raise PersonaMismatch(
                f"The persona of {own.participant} was fitted with {own.backbone}"
                f" ({own.backbone_digest[:12]}, positions {own.positions}, width"
                f" {self.prompt.tokens.shape[1]}), not with {spec.id} ({spec.digest[:12]}, positions"
                f" {spec.positions}, width {spec.width}).",
                "A soft prompt means nothing to another model.",
                f"Load {own.backbone} with the same weights, or fit the participant again with {spec.id}.",
            )
        if own.question_digest and spec.question and own.question_digest != spec.question:
            raise PersonaMismatch(
                f"The persona of {own.participant} was fitted with another question"
                f" ({own.question_digest[:12]}) than {spec.id} is asked now ({spec.question[:12]}).",
                "The prompt was fitted together with that text; with another one the twin acts differently.",
                "Use the version of gazetwin that fitted it"
                f" ({own.versions.get('gazetwin', 'unknown')}), or fit the participant again.",
            )

    def save(self, path: Path) -> None:
        """Write one safetensors file; an existing one is replaced as a whole."""
        tensorfile.write(path, self.tensors(), self.provenance)

    @classmethod
    def load(cls, path: Path | str) -> Persona:
        """Read a persona.

        Args:
            path: of its file, or ``FILE:PSEUDONYM`` for one of a file of several.

        Raises:
            PersonaMismatch: no such file or participant, damaged, or not a persona.
        """
        path, name = split_address(str(path))
        if name:
            from tuning.personas import personas_at  # files of several are made of these

            return personas_at(f"{path}:{name}")[0]
        tensors, provenance = tensorfile.read(path, Provenance)
        use = _use({name: tensors.pop(name) for name in USE if name in tensors}, provenance.use, path)
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
            habit=habit_of(tensors, provenance.uniform_shares),
            provenance=provenance,
            use=use,
        )

    def on(self, backbone: Backbone | str) -> Twin:
        """Return the twin at work on its model.

        Args:
            backbone: loaded, or its name, folder or hub id.

        Raises:
            PersonaMismatch: the persona belongs to another model, or is asked another question.
            BackboneMissing: there is no such model.
        """
        from tuning.registry import load_backbone
        from tuning.twin import Twin  # a twin knows personas; only this convenience points back

        return Twin.of(self, load_backbone(backbone) if isinstance(backbone, str) else backbone)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything but the provenance, as a file keeps it."""
        pooling = self.habit.pooling
        used = {} if self.use is None else self.use.arrays()
        return {
            "prompt": self.prompt.tokens,
            "coefficients": self.coefficients,
            "personal": self.personal,
            "habit.density": torch.from_numpy(np.array(self.habit.map.density)),
            "habit.genre": torch.from_numpy(np.array(self.habit.genre)),
            "habit.attention": torch.from_numpy(np.array(pooling.attention)),
            "habit.click": torch.from_numpy(np.array(pooling.click)),
            **{f"use.{name}": torch.from_numpy(table) for name, table in used.items()},
        }


def _use(tensors: dict[str, Tensor], told: UseReference | None, path: Path) -> TablesOfUse | None:
    if told is None and not tensors:
        return None
    if told is None or set(tensors) != set(USE):
        raise PersonaMismatch(
            f"{path} holds {', '.join(sorted(tensors)) or 'no'} tables of use, where"
            f" {', '.join(USE)} and their description belong together.",
            "Counts without their meaning cannot be used.",
            "Fit the participant again.",
        )
    arrays = {name.removeprefix("use."): tensor.double().numpy() for name, tensor in tensors.items()}
    return TablesOfUse.of_arrays(arrays, told.signal, told.genres, told.views, told.unseen)


def habit_of(tensors: Mapping[str, Tensor], uniform_shares: Mapping[str, float]) -> Habit:
    """Return position habit and exponents from the tensors of a file.

    Raises:
        PersonaMismatch: a density that is not positive.
    """
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
