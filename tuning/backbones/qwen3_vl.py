"""Adapter for the Qwen3-VL architecture of `transformers`, from `carousel-tiny` up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from transformers import Qwen3VLForConditionalGeneration

from protocols.errors import GridMismatch
from protocols.stimulus import Page
from tuning.backbones.base import BackboneSpec, Body, Past, Placement, Plan, Prepared, Trace
from tuning.backbones.decoder import Answer, joined_past, run_body, run_prefix
from tuning.backbones.grid import slot_weights

CACHED_PAGES = 256


class Wording(Protocol):
    """How a question is put to one model, in token ids."""

    def before_image(self) -> list[int]:
        """Tokens up to and including the one that opens the image."""
        ...

    def after_image(self) -> list[int]:
        """Tokens that close the image."""
        ...

    def question(self, preferred: Sequence[str]) -> list[int]:
        """Tokens of profile and instruction, the last one being the answer position."""
        ...

    def letter(self, letter: str) -> int:
        """Token of one answer letter."""
        ...


@dataclass(frozen=True, eq=False)
class Vision:
    """Features of one page's pixels.

    Attributes:
        tokens: (image tokens, d).
        deepstack: one (image tokens, d) per fed decoder layer.
        grid_thw: the processor's own grid before merging.
        grid: token rows and columns.
    """

    tokens: Tensor
    deepstack: tuple[Tensor, ...]
    grid_thw: Tensor
    grid: tuple[int, int]


class Qwen3VLBackbone:
    """A frozen Qwen3-VL model behind the `Backbone` contract."""

    def __init__(
        self, model: Qwen3VLForConditionalGeneration, images: Any, wording: Wording, spec: BackboneSpec
    ) -> None:
        self.model = model.requires_grad_(False)
        self.model.train(False)
        self.spec = spec
        self._images = images
        self._wording = wording
        self._decoder: Any = model.model.language_model
        self._vision: OrderedDict[str, Vision] = OrderedDict()

    def prepare(self, page: Page, preferred: Sequence[str]) -> Prepared:
        """See `Backbone.prepare`. Vision features are kept for the last 256 pages."""
        vision = self._seen(page)
        before, after = self._wording.before_image(), self._wording.after_image()
        question = self._wording.question(preferred)
        image = slice(len(before), len(before) + len(vision.tokens))
        prefix = torch.cat([self._embed(before), vision.tokens, self._embed(after)])
        ids = [*before, *[self.model.config.image_token_id] * len(vision.tokens), *after, *question]
        positions = self._positions(ids, vision.grid_thw)
        split = len(prefix)
        body = Body(prefix[None], positions[:, None, :split], tuple(d[None] for d in vision.deepstack), image)
        return Prepared(
            prefix=prefix,
            question=self._embed(question),
            prefix_positions=positions[:, :split],
            question_positions=positions[:, split:],
            image=image,
            deepstack=vision.deepstack,
            slot_weights=torch.tensor(slot_weights(page.layout, vision.grid), dtype=torch.float32),
            letters=torch.tensor([self._wording.letter(letter) for letter in page.layout.letters]),
            past=cache(lambda plan: self._freeze(body, plan)),
        )

    def trace(
        self, prepared: Sequence[Prepared], prompts: Tensor | None, placement: Placement, plan: Plan
    ) -> Trace:
        """See `Backbone.trace`."""
        past, body = self._assemble(prepared, prompts, placement, plan)
        answer = run_body(self._decoder, body, past, plan)
        with torch.set_grad_enabled(torch.is_grad_enabled() or plan.gradients):
            logits = self._letter_logits(answer, prepared)
        shift = prompts.shape[1] if prompts is not None and placement == "front" else 0
        image = prepared[0].image
        return Trace(
            letter_logits=logits,
            rows=answer.rows,
            lower_maps=answer.lower_maps,
            image=slice(image.start + shift, image.stop + shift),
            slot_weights=_stacked([p.slot_weights for p in prepared], 0.0),
            lower_heads=answer.lower_heads,
        )

    def _assemble(
        self, prepared: Sequence[Prepared], prompts: Tensor | None, placement: Placement, plan: Plan
    ) -> tuple[Past | None, Body]:
        if placement == "after-image":
            return joined_past([p.past(plan) for p in prepared]), self._after_image(prepared, prompts)
        return None, self._front(prepared, prompts)

    def _front(self, prepared: Sequence[Prepared], prompts: Tensor | None) -> Body:
        question, after, asked = _questions(prepared)
        tokens = torch.cat([torch.stack([p.prefix for p in prepared]), question], 1)
        positions = torch.cat([torch.stack([p.prefix_positions for p in prepared], 1), after], 2)
        image, count = prepared[0].image, 0
        if prompts is not None:
            count = prompts.shape[1]
            tokens = torch.cat([prompts.to(tokens.dtype), tokens], 1)
            own = torch.arange(count).expand(3, len(prepared), count)
            positions = torch.cat([own, positions + count], 2)
        deepstack = [torch.stack(layer) for layer in zip(*(p.deepstack for p in prepared), strict=True)]
        place = slice(image.start + count, image.stop + count)
        return Body(tokens, positions, deepstack, place, _present(asked, tokens.shape[1]))

    def _after_image(self, prepared: Sequence[Prepared], prompts: Tensor | None) -> Body:
        tokens, positions, asked = _questions(prepared)
        if prompts is not None:
            count = prompts.shape[1]
            tokens = torch.cat([prompts.to(tokens.dtype), tokens], 1)
            first = torch.stack([p.question_positions[:, :1] for p in prepared], 1)
            positions = torch.cat([first + torch.arange(count), positions + count], 2)
        return Body(tokens, positions, (), slice(0, 0), _present(asked, tokens.shape[1]))

    @torch.no_grad()
    def _freeze(self, body: Body, plan: Plan) -> Past:
        return run_prefix(self._decoder, body, plan)

    def _letter_logits(self, answer: Answer, prepared: Sequence[Prepared]) -> Tensor:
        head = self.model.lm_head.weight
        logits = [head[p.letters] @ hidden for p, hidden in zip(prepared, answer.hidden, strict=True)]
        return _stacked(logits, -torch.inf)

    @torch.no_grad()
    def _seen(self, page: Page) -> Vision:
        if page.digest not in self._vision:
            self._vision[page.digest] = self._encode(page)
            if len(self._vision) > CACHED_PAGES:
                self._vision.popitem(last=False)
        self._vision.move_to_end(page.digest)
        return self._vision[page.digest]

    def _encode(self, page: Page) -> Vision:
        inputs = self._images(images=Image.fromarray(page.image), return_tensors="pt")
        thw = inputs["image_grid_thw"]
        vision_config: Any = self.model.config.vision_config
        merge = vision_config.spatial_merge_size
        grid = (int(thw[0, 1]) // merge, int(thw[0, 2]) // merge)
        features = self.model.model.get_image_features(
            inputs["pixel_values"].to(self.model.dtype), thw, return_dict=True
        )
        tokens = features.pooler_output[0]
        if len(tokens) != grid[0] * grid[1]:
            raise GridMismatch(
                f"The vision tower gave {len(tokens)} tokens for a grid of {grid[0]} x {grid[1]}.",
                "Attention on these tokens could not be placed on the page.",
                "Use an image processor that belongs to this model.",
            )
        return Vision(tokens, tuple(layer[0] for layer in features.deepstack_features), thw, grid)

    @torch.no_grad()
    def _embed(self, ids: list[int]) -> Tensor:
        embedded: Tensor = self._decoder.embed_tokens(torch.tensor(ids))
        return embedded

    def _positions(self, ids: list[int], grid_thw: Tensor) -> Tensor:
        """Return the model's own M-RoPE position ids, (3, len(ids))."""
        tokens = torch.tensor([ids])
        kinds = (tokens == self.model.config.image_token_id).int()
        positions, _ = self.model.model.get_rope_index(tokens, kinds, image_grid_thw=grid_thw)
        return torch.as_tensor(positions)[:, 0]


def _questions(prepared: Sequence[Prepared]) -> tuple[Tensor, Tensor, Tensor]:
    """Return embeddings (B, Q, d) and positions (3, B, Q), padded in front, and where tokens are (B, Q)."""
    longest = max(len(p.question) for p in prepared)
    missing = [longest - len(p.question) for p in prepared]
    tokens = [functional.pad(p.question, (0, 0, n, 0)) for p, n in zip(prepared, missing, strict=True)]
    ids = [functional.pad(p.question_positions, (n, 0)) for p, n in zip(prepared, missing, strict=True)]
    return torch.stack(tokens), torch.stack(ids, 1), torch.arange(longest) >= torch.tensor(missing)[:, None]


def _present(asked: Tensor, length: int) -> Tensor | None:
    """Say where a body of some length that ends with questions (B, Q) holds no padding."""
    return None if bool(asked.all()) else functional.pad(asked, (length - asked.shape[1], 0), value=True)


def _stacked(tensors: Sequence[Tensor], fill: float) -> Tensor:
    """Stack along a new first axis, padding the first axis of each to the longest with ``fill``."""
    longest = max(len(t) for t in tensors)
    padded = [torch.cat([t, t.new_full((longest - len(t), *t.shape[1:]), fill)]) for t in tensors]
    return torch.stack(padded)
