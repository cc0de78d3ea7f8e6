"""Where an unfinished fit is written, so that it can go on after a cancel, a kill or a power cut.

A fit that goes on gives, bit for bit, what it would have given without the interruption: the state of the
optimiser is kept, and batches follow from the seed and the number of steps.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from protocols.errors import PersonaMismatch
from tuning import tensorfile
from tuning.backbones.base import BackboneSpec
from tuning.config import FitConfig
from tuning.examples import Example
from tuning.learner import Learner
from tuning.probing.base import ProbingOperator
from tuning.prompts import PromptBank
from tuning.selection import Best, Keeper

EVERY_S = 5.0


class State(BaseModel):
    """What a savepoint says beside its tensors.

    Attributes:
        schema_: version of these rules, written ``schema``.
        key: of the fit, see `fit_key`.
        step: optimiser steps made.
        looked: step of the last look at validation screens.
        stale: looks without improvement.
        best_step: None when nothing was looked at.
        best_scores: on validation screens, at the best step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["gazetwin-fit/1"] = Field(default="gazetwin-fit/1", alias="schema")
    key: str
    step: int
    looked: int
    stale: int
    best_step: int | None
    best_scores: dict[str, float]


class Savepoint:
    """Keeps an unfinished fit in a file.

    Args:
        path: where; None keeps nothing.
        key: of the fit.
        bank: being fitted.
        learner: fits it.
        keeper: judges it.
    """

    def __init__(
        self, path: Path | None, key: str, bank: PromptBank, learner: Learner, keeper: Keeper
    ) -> None:
        self._path, self._key = path, key
        self._bank, self._learner, self._keeper = bank, learner, keeper
        self._saved_s = time.monotonic()

    def restore(self) -> bool:
        """Go back to where the same fit stopped; False when there is nothing to go back to.

        Raises:
            PersonaMismatch: the file is damaged, or belongs to a fit of other data or settings.
        """
        if self._path is None or not self._path.exists():
            return False
        tensors, state = tensorfile.read(self._path, State)
        if state.key != self._key:
            raise PersonaMismatch(
                f"{self._path} holds an unfinished fit of other pages, settings or weights.",
                "Going on from it would mix two fits; starting anew would lose it.",
                "Repeat the command that was interrupted, or delete the file to start anew.",
            )
        self._bank.load_state_dict(_part(tensors, "bank."))
        self._learner.restore(state.step, _part(tensors, "moments."))
        self._keeper.looked, self._keeper.stale = state.looked, state.stale
        if state.best_step is not None:
            best = self._bank.like(_part(tensors, "best."))
            self._keeper.best = Best(state.best_step, state.best_scores, best)
        return True

    def now_and_then(self) -> None:
        """Save when the last time was a while ago."""
        if time.monotonic() - self._saved_s >= EVERY_S:
            self.save()

    def save(self) -> None:
        """Write the state as it is, between two steps."""
        if self._path is None:
            return
        best = self._keeper.best
        tensors = _named("bank.", self._bank.tensors()) | _named("moments.", self._learner.moments())
        if best is not None:
            tensors |= _named("best.", best.bank.tensors())
        state = State(
            key=self._key,
            step=self._learner.done,
            looked=self._keeper.looked,
            stale=self._keeper.stale,
            best_step=None if best is None else best.step,
            best_scores={} if best is None else best.scores,
        )
        tensorfile.write(self._path, tensors, state)
        self._saved_s = time.monotonic()


def fit_key(
    spec: BackboneSpec,
    operator: ProbingOperator,
    examples: Sequence[Example],
    config: FitConfig,
    start: PromptBank | None,
) -> str:
    """Return the SHA-256 of everything that decides how a fit goes."""
    digest = hashlib.sha256()
    for word in (spec.digest, spec.positions, operator.name, operator.plan(spec), config.model_dump_json()):
        digest.update(f"{word}\n".encode())
    for e in examples:
        digest.update(f"{e.participant} {e.page.digest} {e.split} {e.click} {e.preferred}\n".encode())
        for signal in (e.gaze, e.cursor):
            digest.update(b"none\n" if signal is None else signal.weights.tobytes())
    for name, tensor in sorted(start.tensors().items() if start is not None else ()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def _named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
