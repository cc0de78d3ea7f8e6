"""Examples as a fit needs them: prepared once, with the bare model's answer beside the person's."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from protocols.geometry import FloatArray
from protocols.wire import Progress
from tuning.backbones.base import Backbone, Prepared
from tuning.config import FitConfig
from tuning.examples import Example, Split
from tuning.predictions import BATCH, batches_of_equal_length, predictions
from tuning.probing.base import ProbingOperator


@dataclass(frozen=True, eq=False)
class Item:
    """One example that can be fitted.

    Attributes:
        prepared: for the model, computed once.
        gaze: (slots,), fp32.
        click: slot, -1 for none.
        bare: click probabilities of the model without a prompt, (slots,), fp32.
        participant: pseudonym.
        page: digest of the page.
    """

    prepared: Prepared
    gaze: Tensor
    click: int
    bare: Tensor
    participant: str
    page: str


def items(
    backbone: Backbone,
    operator: ProbingOperator,
    examples: Sequence[Example],
    config: FitConfig,
    split: Split,
) -> Generator[Progress, None, list[Item]]:
    """Prepare the examples of one split that carry the signal; `paper` fits views with a click only.

    Yields:
        Progress in pages, so that a fit can be cancelled while it prepares.
    """
    usable = fitted_examples(examples, config, split)
    prepared = []
    for done, example in enumerate(usable):
        yield Progress(done=done, total=len(usable), unit="pages", message=f"Preparing {split} pages")
        prepared.append(backbone.prepare(example.page, example.preferred))
    bare: dict[int, FloatArray] = {}
    for indices in batches_of_equal_length(prepared, BATCH):
        yield Progress(done=len(bare), total=len(usable), unit="pages", message="Asking the bare model")
        answers = predictions(backbone, operator, [prepared[i] for i in indices], None, config.placement)
        bare.update(zip(indices, (a.choice for a in answers), strict=True))
    return [
        item(
            page,
            _gaze(example, config, split),
            example.click,
            bare[n],
            example.participant,
            example.page.digest,
        )
        for n, (example, page) in enumerate(zip(usable, prepared, strict=True))
    ]


def fitted_examples(examples: Sequence[Example], config: FitConfig, split: Split) -> list[Example]:
    """Return the examples of one split that a fit can use."""
    signal = config.train_signal if split == "train" else config.eval_signal
    needs_click = config.objective == "paper" and split == "train"
    of_split = (e for e in examples if e.split == split and e.attention(signal) is not None)
    return [e for e in of_split if not (needs_click and e.click is None)]


def item(
    prepared: Prepared, gaze: FloatArray, click: int | None, bare: FloatArray, participant: str, page: str
) -> Item:
    """Return an item from attention and the bare model's click probabilities, both (slots,)."""
    return Item(
        prepared=prepared,
        gaze=torch.tensor(gaze, dtype=torch.float32),
        click=-1 if click is None else click,
        bare=torch.tensor(bare, dtype=torch.float32),
        participant=participant,
        page=page,
    )


def padded(shares: Sequence[Tensor], slots: int) -> tuple[Tensor, Tensor]:
    """Return shares (B, slots) with zeros beyond each example's slots, and where slots exist."""
    found, present = torch.zeros(len(shares), slots), torch.zeros(len(shares), slots, dtype=torch.bool)
    for row, weights in enumerate(shares):
        found[row, : len(weights)] = weights
        present[row, : len(weights)] = True
    return found, present


def _gaze(example: Example, config: FitConfig, split: Split) -> FloatArray:
    attention = example.attention(config.train_signal if split == "train" else config.eval_signal)
    assert attention is not None  # `fitted_examples` left the others out
    return attention.weights
