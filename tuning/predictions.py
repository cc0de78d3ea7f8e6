"""What a model looks at and would click, page by page, without knowing the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from protocols.geometry import FloatArray
from tuning.backbones.base import Backbone, Placement, Prepared
from tuning.probing.base import Look, ProbingOperator, look
from tuning.prompts import SoftPrompt

BATCH = 32


@dataclass(frozen=True, eq=False)
class Prediction:
    """Attention and click probabilities over the slots of one page, each (n,), summing to 1."""

    attention: FloatArray
    choice: FloatArray


def predictions(
    backbone: Backbone,
    operator: ProbingOperator,
    prepared: Sequence[Prepared],
    prompt: SoftPrompt | None,
    placement: Placement,
) -> list[Prediction]:
    """Predict pages with one prompt (None: the bare backbone); the model's own answer is explained."""
    prompts = None if prompt is None else [prompt] * len(prepared)
    return predictions_of_each(backbone, operator, prepared, prompts, placement)


def predictions_of_each(
    backbone: Backbone,
    operator: ProbingOperator,
    prepared: Sequence[Prepared],
    prompts: Sequence[SoftPrompt] | None,
    placement: Placement,
) -> list[Prediction]:
    """Predict each page with a prompt of its own, all of one length; see `predictions`."""
    found: dict[int, Prediction] = {}
    for indices in batches_of_equal_length(prepared, BATCH):
        batch = [prepared[i] for i in indices]
        tokens = None if prompts is None else torch.stack([prompts[i].tokens for i in indices])
        with torch.no_grad():  # an operator that needs gradients enables them for itself
            seen = look(backbone, operator, batch, tokens, placement)
        found.update(zip(indices, _unbatched(seen, batch), strict=True))
    return [found[i] for i in range(len(prepared))]


def batches_of_equal_length(prepared: Sequence[Prepared], size: int) -> list[list[int]]:
    """Group indices of pages whose token counts agree, at most `size` each, in order."""
    return [group[i : i + size] for group in length_groups(prepared) for i in range(0, len(group), size)]


def length_groups(prepared: Sequence[Prepared]) -> list[list[int]]:
    """Group indices of pages whose token counts agree."""
    groups: dict[tuple[int, int], list[int]] = {}
    for index, page in enumerate(prepared):
        groups.setdefault((len(page.prefix), len(page.question)), []).append(index)
    return list(groups.values())


def _unbatched(seen: Look, batch: Sequence[Prepared]) -> Iterable[Prediction]:
    attention = seen.attention.detach().double().cpu().numpy()
    choice = seen.log_choice.detach().double().exp().cpu().numpy()
    for row, page in enumerate(batch):
        n = len(page.letters)
        yield Prediction(_normalised(attention[row, :n]), _normalised(choice[row, :n]))


def _normalised(weights: FloatArray) -> FloatArray:
    return np.asarray(weights / weights.sum())
