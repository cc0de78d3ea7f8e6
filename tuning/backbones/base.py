"""What tuning needs of a vision-language model.

The prompt of every mode is the same text; only where the soft prompt stands differs::

    front         [soft prompt] [image] [question]      the paper's placement
    after-image   [image] [soft prompt] [question]      the image's states are cached, frozen

The answer letter is predicted at the last token of the question, the *answer position*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor

from protocols.stimulus import Page

Placement = Literal["front", "after-image"]


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """A backbone's identity and shape.

    Attributes:
        id: name or hub id.
        digest: SHA-256 of the weights, hexadecimal.
        width: of the language model, d.
        layers: decoder layers, L.
        heads: attention heads per layer, H.
        positions: scheme of position ids, ``mrope_3d`` or ``rope_1d``.
        embedding_rms: root mean square of the token embeddings, the scale of a sensible soft prompt.
        question: SHA-256 of the text put to the model around page and genres; empty when it is not known.
    """

    id: str
    digest: str
    width: int
    layers: int
    heads: int
    positions: str
    embedding_rms: float
    question: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operator needs of the forward pass.

    Attributes:
        last_layers: how many decoder layers are probed, from the top; m.
        lower_rows: whether attention of all positions, averaged over heads, is needed below the top.
        gradients: whether the graph from answer rows to logits must be kept.
        lower_heads: whether attention of all positions is needed below the top head by head, as factors,
            with the graph from head outputs to logits.
        recompute: compute the layers below the probed ones again on the way back instead of keeping their
            states: less memory, one more forward pass.
    """

    last_layers: int
    lower_rows: bool
    gradients: bool
    lower_heads: bool = False
    recompute: bool = False


@dataclass(frozen=True, eq=False)
class Body:
    """Positions on their way through the decoder: B examples of T positions.

    Attributes:
        hidden: input embeddings, or states that enter a later layer, (B, T, d).
        positions: position ids, (3, B, T).
        deepstack: visual features to add after the first layers, each (B, image, d); none if the image
            is past.
        image: where the image stands among the T positions (unused without deepstack).
        present: False at padding, which nobody attends to, (B, T); None where nothing is padded.
    """

    hidden: Tensor
    positions: Tensor
    deepstack: Sequence[Tensor]
    image: slice
    present: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Past:
    """States of earlier positions that later ones attend to; B examples of P positions.

    Attributes:
        keys: per layer, rotated, (B, KV heads, P, head width).
        values: per layer, same shape.
        maps: per probed layer below the top, attention averaged over heads, (B, P, P); empty unless planned.
        entering: the positions as they enter the lowest probed layer; None unless their heads are planned.
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    maps: tuple[Tensor, ...]
    entering: Body | None = None


@dataclass(frozen=True, eq=False)
class Heads:
    """Attention of all positions before the answer in one layer, by its factors; S = T - 1 positions.

    The map of head h is softmax(queries keysᵀ) where visible; its gradient is (∂y / ∂ outputs) valuesᵀ.

    Attributes:
        queries: rotated and scaled, (B, H, S, head width).
        keys: rotated, one per head, (B, H, S, head width).
        values: one per head, (B, H, S, head width).
        outputs: map times values, (B, H, S, head width), in the graph of the letter logits.
        visible: what may be attended to, (1 or B, 1, S, S).
    """

    queries: Tensor
    keys: Tensor
    values: Tensor
    outputs: Tensor
    visible: Tensor


@dataclass(frozen=True, eq=False)
class Prepared:
    """One page and question, ready for the model; everything that does not depend on a soft prompt.

    Attributes:
        prefix: embeddings up to and including the end of the image, (prefix, d).
        question: embeddings after it, (question, d); its last token is the answer position.
        prefix_positions: native position ids without a soft prompt, (3, prefix).
        question_positions: (3, question).
        image: where the image tokens stand in the prefix.
        deepstack: visual features added to image tokens after the first decoder layers, each (image, d).
        slot_weights: W, (slots, image tokens): the share of each token's area that is credited to the slot.
        letters: token id of each slot's answer letter, (slots,).
        past: computes the frozen states of the prefix, once a plan, for the ``after-image`` placement.
    """

    prefix: Tensor
    question: Tensor
    prefix_positions: Tensor
    question_positions: Tensor
    image: slice
    deepstack: tuple[Tensor, ...]
    slot_weights: Tensor
    letters: Tensor
    past: Callable[[Plan], Past]


@dataclass(frozen=True, eq=False)
class Trace:
    """What one forward pass leaves for an operator; B examples of T positions each.

    Attributes:
        letter_logits: (B, slots), -inf beyond an example's slots.
        rows: attention of the answer position per probed layer, shallow to deep, each (B, H, T).
        lower_maps: attention averaged over heads per probed layer below the top, each (B, T, T);
            empty unless planned.
        image: where the image tokens stand among the T positions.
        slot_weights: W per example, (B, slots, image tokens), zero rows beyond an example's slots.
        lower_heads: attention by its factors per probed layer below the top; empty unless planned.
        present: False at padding, (B, T); None where nothing is padded.
    """

    letter_logits: Tensor
    rows: tuple[Tensor, ...]
    lower_maps: tuple[Tensor, ...]
    image: slice
    slot_weights: Tensor
    lower_heads: tuple[Heads, ...] = ()
    present: Tensor | None = None


class Backbone(Protocol):
    """A frozen vision-language model that answers with a letter."""

    @property
    def spec(self) -> BackboneSpec:
        """Identity and shape."""
        ...

    def prepare(self, page: Page, preferred: Sequence[str]) -> Prepared:
        """Render nothing, look up everything: token ids, vision features, positions, W.

        Args:
            page: the model's variant of a page, with letters.
            preferred: the participant's preferred genres, top genre first.

        Raises:
            GridMismatch: the token grid does not belong to the image.
        """
        ...

    def trace(
        self, prepared: Sequence[Prepared], prompts: Tensor | None, placement: Placement, plan: Plan
    ) -> Trace:
        """Run the model once on B examples with equally long prefixes; questions may differ in length.

        Args:
            prepared: B examples.
            prompts: soft prompts (B, N, d), fp32, or None for the bare backbone.
            placement: where the prompts stand.
            plan: what must be kept.
        """
        ...
