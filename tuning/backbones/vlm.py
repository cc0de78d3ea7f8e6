"""What every vision-language backbone does alike: assemble tokens, place the prompt, trace, cache.

An adapter says how its model sees a page (`_encode`) and which position ids it uses (`_positions`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from protocols.stimulus import Page
from tuning.backbones.base import BackboneSpec, Body, Past, Placement, Plan, Prepared, Trace
from tuning.backbones.decoder import Answer, joined_past, run_body, run_prefix
from tuning.backbones.grid import slot_weights
from tuning.backbones.seen import Kept, Vision, VisionFolder

KEPT_PAGES = 256
KEPT_PASTS = 160


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

    @property
    def used(self) -> int:
        """Ids from here on stand for nothing."""
        ...

    @property
    def tokenizer(self) -> Any:
        """The same words for other programs, as a tokenizer of `transformers`."""
        ...


class VisionLanguageBackbone(ABC):
    """A frozen vision-language model behind the `Backbone` contract.

    Attributes:
        model: the `transformers` model.
        spec: identity and shape.
        wording: how a question is put to it.
        image_token: id that stands for one image token.
        images: the image processor, of `transformers`.

    Args:
        model: the `transformers` model.
        decoder: its text model: embed_tokens, rotary_emb (of positions (3, B, T)), layers, norm.
        wording: how a question is put to it.
        spec: identity and shape.
        image_token: id that stands for one image token.
        folder: where vision features are kept between runs; None keeps them in memory only.
    """

    images: Any

    def __init__(
        self,
        model: Any,
        decoder: Any,
        wording: Wording,
        spec: BackboneSpec,
        image_token: int,
        folder: VisionFolder | None = None,
    ) -> None:
        self.model: Any = model.requires_grad_(False)
        self.model.train(False)
        self.spec = spec
        self.wording, self.image_token = wording, image_token
        self._decoder, self._folder = decoder, folder
        self._head: Tensor = model.lm_head.weight
        self._visions: Kept[str, Vision] = Kept(KEPT_PAGES)
        self._pasts: Kept[tuple[str, Plan], Past] = Kept(KEPT_PASTS)

    @abstractmethod
    def _pixels(self, page: Page) -> dict[str, Tensor]:
        """Return what the model's own forward pass takes of one page, by its own names."""

    @abstractmethod
    def _encode(self, page: Page) -> Vision:
        """Run processor and vision tower on one page."""

    @abstractmethod
    def _positions(self, ids: list[int], vision: Vision) -> Tensor:
        """Return the model's own position ids without a soft prompt, (3, len(ids))."""

    def prepare(self, page: Page, preferred: Sequence[str]) -> Prepared:
        """See `Backbone.prepare`. Vision features and frozen states are kept per page, not per question."""
        vision = self._visions.get(page.digest, lambda: self._seen(page))
        before, after = self.wording.before_image(), self.wording.after_image()
        question = self.wording.question(preferred)
        image = slice(len(before), len(before) + len(vision.tokens))
        prefix = torch.cat([self._embed(before), vision.tokens, self._embed(after)])
        ids = [*before, *[self.image_token] * len(vision.tokens), *after, *question]
        positions = self._positions(ids, vision).to(prefix.device)
        split = len(prefix)
        body = Body(prefix[None], positions[:, None, :split], tuple(d[None] for d in vision.deepstack), image)
        weights = slot_weights(page.layout, vision.grids)
        return Prepared(
            prefix=prefix,
            question=self._embed(question),
            prefix_positions=positions[:, :split],
            question_positions=positions[:, split:],
            image=image,
            deepstack=vision.deepstack,
            slot_weights=torch.tensor(weights, dtype=torch.float32, device=prefix.device),
            letters=torch.tensor([self.wording.letter(letter) for letter in page.layout.letters]),
            past=partial(self._past, page.digest, body),
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
            present=answer.present,
        )

    def _assemble(
        self, prepared: Sequence[Prepared], prompts: Tensor | None, placement: Placement, plan: Plan
    ) -> tuple[Past | None, Body]:
        if placement == "after-image":
            pasts = [p.past(plan) for p in prepared]
            # Many prompts on one page share its states; copies would be most of the work.
            one = all(past is pasts[0] for past in pasts)
            return pasts[0] if one else joined_past(pasts), self._after_image(prepared, prompts)
        return None, self._front(prepared, prompts)

    def _front(self, prepared: Sequence[Prepared], prompts: Tensor | None) -> Body:
        question, after, asked = _questions(prepared)
        tokens = torch.cat([torch.stack([p.prefix for p in prepared]), question], 1)
        positions = torch.cat([torch.stack([p.prefix_positions for p in prepared], 1), after], 2)
        image, count = prepared[0].image, 0
        if prompts is not None:
            count = prompts.shape[1]
            tokens = torch.cat([prompts.to(tokens), tokens], 1)
            own = torch.arange(count, device=tokens.device).expand(3, len(prepared), count)
            positions = torch.cat([own, positions + count], 2)
        deepstack = [torch.stack(layer) for layer in zip(*(p.deepstack for p in prepared), strict=True)]
        place = slice(image.start + count, image.stop + count)
        return Body(tokens, positions, deepstack, place, _present(asked, tokens.shape[1]))

    def _after_image(self, prepared: Sequence[Prepared], prompts: Tensor | None) -> Body:
        tokens, positions, asked = _questions(prepared)
        if prompts is not None:
            count = prompts.shape[1]
            tokens = torch.cat([prompts.to(tokens), tokens], 1)
            first = torch.stack([p.question_positions[:, :1] for p in prepared], 1)
            positions = torch.cat([first + torch.arange(count, device=tokens.device), positions + count], 2)
        return Body(tokens, positions, (), slice(0, 0), _present(asked, tokens.shape[1]))

    @torch.no_grad()
    def native_letter_logits(self, page: Page, preferred: Sequence[str]) -> Tensor:
        """Return the letters' logits (slots,) by the model's own forward pass, as it generates.

        Slow, and never used to fit: what `trace` scores must be what the model would answer.
        """
        vision = self._visions.get(page.digest, lambda: self._seen(page))
        image = [self.image_token] * len(vision.tokens)
        wording = self.wording
        ids = [*wording.before_image(), *image, *wording.after_image(), *wording.question(preferred)]
        tokens = torch.tensor([ids], device=self._head.device)
        letters = [wording.letter(letter) for letter in page.layout.letters]
        logits: Tensor = self._native(tokens, page).logits[0, -1, letters].float()
        return logits

    def _native(self, tokens: Tensor, page: Page) -> Any:
        """Run the model as its own library does, on token ids (1, T) and a page."""
        return self.model(input_ids=tokens, attention_mask=torch.ones_like(tokens), **self._pixels(page))

    def _past(self, digest: str, body: Body, plan: Plan) -> Past:
        kept = replace(plan, recompute=False)  # nothing of a past is ever computed again
        return self._pasts.get((digest, kept), lambda: self._freeze(body, kept))

    @torch.no_grad()
    def _freeze(self, body: Body, plan: Plan) -> Past:
        return run_prefix(self._decoder, body, plan)

    def _letter_logits(self, answer: Answer, prepared: Sequence[Prepared]) -> Tensor:
        logits = [self._head[p.letters] @ hidden for p, hidden in zip(prepared, answer.hidden, strict=True)]
        return _stacked(logits, -torch.inf).float()

    @torch.no_grad()
    def _seen(self, page: Page) -> Vision:
        if self._folder is None:
            return self._encode(page)
        return self._folder.get(page.digest, lambda: self._encode(page)).to(self._head)

    @torch.no_grad()
    def _embed(self, ids: list[int]) -> Tensor:
        embedded: Tensor = self._decoder.embed_tokens(torch.tensor(ids, device=self._head.device))
        return embedded


def _questions(prepared: Sequence[Prepared]) -> tuple[Tensor, Tensor, Tensor]:
    """Return embeddings (B, Q, d) and positions (3, B, Q), padded in front, and where tokens are (B, Q)."""
    longest = max(len(p.question) for p in prepared)
    missing = [longest - len(p.question) for p in prepared]
    tokens = [functional.pad(p.question, (0, 0, n, 0)) for p, n in zip(prepared, missing, strict=True)]
    ids = [functional.pad(p.question_positions, (n, 0)) for p, n in zip(prepared, missing, strict=True)]
    return (
        torch.stack(tokens),
        torch.stack(ids, 1),
        (torch.arange(longest) >= torch.tensor(missing)[:, None]).to(tokens[0].device),
    )


def _present(asked: Tensor, length: int) -> Tensor | None:
    """Say where a body of some length that ends with questions (B, Q) holds no padding."""
    return None if bool(asked.all()) else functional.pad(asked, (length - asked.shape[1], 0), value=True)


def _stacked(tensors: Sequence[Tensor], fill: float) -> Tensor:
    """Stack along a new first axis, padding the first axis of each to the longest with ``fill``."""
    longest = max(len(t) for t in tensors)
    if all(len(t) == longest for t in tensors):
        return torch.stack(list(tensors))
    padded = [torch.cat([t, t.new_full((longest - len(t), *t.shape[1:]), fill)]) for t in tensors]
    return torch.stack(padded)
