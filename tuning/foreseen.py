"""Predictions that are asked for one participant at a time, and made for many at once.

Whoever looks at a page shares its frozen states, so a page is seen by everybody before the next one is; and
the same prompt, or none, under the same question is asked once, however many participants need the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor

from protocols.stimulus import Page
from protocols.wire import Progress
from tuning.backbones.base import Backbone, BackboneSpec, Placement, Plan, Prepared, Trace
from tuning.examples import Example
from tuning.predictions import Prediction, predictions, predictions_of_each
from tuning.probing.base import ProbingOperator
from tuning.prompts import SoftPrompt

Question = tuple[str, tuple[str, ...]]
Wanted = tuple[Example, SoftPrompt | None]


class Predictor(Protocol):
    """Answers what a prompt, or the bare model, looks at and would click on page views."""

    def __call__(self, examples: Sequence[Example], prompt: SoftPrompt | None) -> list[Prediction]:
        """Predict each view from page and questionnaire."""
        ...


class Asked:
    """Asks the model when a prediction is asked for."""

    def __init__(self, backbone: Backbone, operator: ProbingOperator, placement: Placement) -> None:
        self._backbone, self._operator, self._placement = Remembering(backbone), operator, placement

    def __call__(self, examples: Sequence[Example], prompt: SoftPrompt | None) -> list[Prediction]:
        """See `Predictor`."""
        prepared = [self._backbone.prepare(e.page, e.preferred) for e in examples]
        return predictions(self._backbone, self._operator, prepared, prompt, self._placement)


class Foreseen:
    """Asks the model for everything beforehand, page by page, and then only looks up."""

    def __init__(self, backbone: Backbone, operator: ProbingOperator, placement: Placement) -> None:
        self._backbone, self._operator, self._placement = backbone, operator, placement
        self._found: dict[tuple[Question, bytes], Prediction] = {}

    def ahead(self, wanted: Sequence[Wanted]) -> Iterator[Progress]:
        """Make predictions that will be asked for.

        Yields:
            Progress in pages.
        """
        pages: dict[str, dict[tuple[Question, bytes], Wanted]] = {}
        for example, prompt in wanted:
            key = _key(example, prompt)
            if key not in self._found:
                pages.setdefault(example.page.digest, {})[key] = example, prompt
        for done, asked in enumerate(pages.values()):
            yield Progress(done=done, total=len(pages), unit="pages", message="Looking at pages")
            self._see({k: w for k, w in asked.items() if w[1] is None})
            self._see({k: w for k, w in asked.items() if w[1] is not None})

    def __call__(self, examples: Sequence[Example], prompt: SoftPrompt | None) -> list[Prediction]:
        """See `Predictor`.

        Raises:
            KeyError: nobody said beforehand that this would be asked.
        """
        return [self._found[_key(e, prompt)] for e in examples]

    def _see(self, asked: dict[tuple[Question, bytes], Wanted]) -> None:
        prepared = [self._backbone.prepare(e.page, e.preferred) for e, _ in asked.values()]
        prompts = [prompt for _, prompt in asked.values() if prompt is not None]
        seen = predictions_of_each(self._backbone, self._operator, prepared, prompts or None, self._placement)
        self._found.update(zip(asked, seen, strict=True))


class Remembering:
    """A backbone that prepares a page and question once: what its picture was is not needed again."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._prepared: dict[Question, Prepared] = {}

    @property
    def spec(self) -> BackboneSpec:
        """See `Backbone.spec`."""
        return self._backbone.spec

    def prepare(self, page: Page, preferred: Sequence[str]) -> Prepared:
        """See `Backbone.prepare`."""
        key = page.digest, tuple(preferred)
        if key not in self._prepared:
            self._prepared[key] = self._backbone.prepare(page, preferred)
        return self._prepared[key]

    def trace(
        self, prepared: Sequence[Prepared], prompts: Tensor | None, placement: Placement, plan: Plan
    ) -> Trace:
        """See `Backbone.trace`."""
        return self._backbone.trace(prepared, prompts, placement, plan)


def _key(example: Example, prompt: SoftPrompt | None) -> tuple[Question, bytes]:
    tokens = b"" if prompt is None else hashlib.sha256(prompt.tokens.cpu().numpy().tobytes()).digest()
    return (example.page.digest, example.preferred), tokens
