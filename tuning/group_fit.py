"""Fits and judges some newcomers at once: whoever saw a page looks at it at the same time.

Who is fitted alone with the same settings gets the same coefficients, up to rounding.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from torch import Tensor

from protocols.errors import GazeTwinError, NotEnoughExamples
from protocols.wire import Progress
from tuning.backbones.base import Backbone
from tuning.cohort import Cohort
from tuning.config import FitConfig
from tuning.evaluate import like_random
from tuning.events import Warned
from tuning.fitting import Result, judged_persona
from tuning.foreseen import Foreseen, Wanted
from tuning.items import Item, fitted_examples, items
from tuning.newcomers import search
from tuning.probing.base import ProbingOperator
from tuning.prompts import SoftPrompt
from tuning.recordings import Material
from tuning.registry import make_operator
from tuning.selection import scores_of
from tuning.tuner import Fitted, searchable


@dataclass(frozen=True, eq=False)
class Newcomer:
    """One participant, ready to be fitted.

    Attributes:
        material: without pictures; the model has prepared its pages.
        train: training pages.
        val: validation pages.
    """

    material: Material
    train: Sequence[Item]
    val: Sequence[Item]


def fit_group(
    backbone: Backbone, group: Sequence[Material], config: FitConfig, cohort: Cohort
) -> Generator[Progress | Warned, None, list[Result]]:
    """Find the coefficients of some newcomers at once, then complete and judge each.

    Args:
        backbone: that has prepared their pages, or can.
        group: of different participants.
        config: settings.
        cohort: among whose participants is searched.

    Yields:
        Progress; a warning for each who could not be fitted.
    """
    operator, bank = make_operator(config.operator), searchable(cohort.bank)
    newcomers = yield from _prepared(backbone, operator, group, config)
    if not newcomers:
        return []
    shares = yield from search(backbone, operator, [n.train for n in newcomers], bank, config)
    prompts = [_prompt(cohort, n, s) for n, s in zip(newcomers, shares, strict=True)]
    predict = Foreseen(backbone, operator, config.placement)
    asked = [w for n, p in zip(newcomers, prompts, strict=True) for w in _wanted(n, p, cohort, config)]
    yield from predict.ahead(asked)
    results = []
    for done, (newcomer, own) in enumerate(zip(newcomers, shares, strict=True)):
        yield Progress(done=done, total=len(newcomers), unit="personas", message="Judging")
        try:
            fitted = _fitted(newcomer, own, cohort, config, predict)
            material = newcomer.material
            results.append(judged_persona(backbone, operator, material, config, cohort, fitted, predict))
        except GazeTwinError as error:
            yield left_out(newcomer.material.participant, error)
    return results


def _prepared(
    backbone: Backbone, operator: ProbingOperator, group: Sequence[Material], config: FitConfig
) -> Generator[Progress | Warned, None, list[Newcomer]]:
    """Prepare the pages of a group at once; who has no training page is named."""
    examples = [e for material in group for e in material.examples]
    train: dict[str, list[Item]] = {}
    val: dict[str, list[Item]] = {}
    for item in (yield from items(backbone, operator, examples, config, "train")):
        train.setdefault(item.participant, []).append(item)
    for item in (yield from items(backbone, operator, examples, config, "val")):
        val.setdefault(item.participant, []).append(item)
    for material in group:
        if material.participant not in train:
            yield left_out(material.participant, _no_pages(config))
    known = [material for material in group if material.participant in train]
    return [Newcomer(m, train[m.participant], val.get(m.participant, [])) for m in known]


def _prompt(cohort: Cohort, newcomer: Newcomer, shares: Tensor) -> SoftPrompt:
    name = newcomer.material.participant
    return cohort.bank.mixed(name, shares).prompt(name)


def _wanted(newcomer: Newcomer, prompt: SoftPrompt, cohort: Cohort, config: FitConfig) -> list[Wanted]:
    """Return everything that completing and judging a persona will ask the model."""
    examples = newcomer.material.examples
    train, val = (fitted_examples(examples, config, split) for split in ("train", "val"))
    test = [e for e in examples if e.split == "test" and e.attention(config.eval_signal) is not None]
    judged = (prompt, None, cohort.shared, like_random(prompt, config.seed))
    return [
        *((e, p) for e in train for p in (prompt, None)),
        *((e, prompt) for e in val),
        *((e, p) for e in test for p in judged),
    ]


def _fitted(
    newcomer: Newcomer, shares: Tensor, cohort: Cohort, config: FitConfig, predict: Foreseen
) -> Fitted:
    name, val = newcomer.material.participant, newcomer.val
    bank = cohort.bank.mixed(name, shares)
    if not val:
        return Fitted(bank, 0, {})
    seen = predict(fitted_examples(newcomer.material.examples, config, "val"), bank.prompt(name))
    return Fitted(bank, 0, scores_of(val, seen, config))


def left_out(participant: str, error: GazeTwinError) -> Warned:
    """Return who could not be fitted, and why."""
    return Warned(what=f"{participant}: {error.what}", why=error.why, fix=error.fix)


def _no_pages(config: FitConfig) -> NotEnoughExamples:
    return NotEnoughExamples(
        f"No training view has {config.train_signal} dwell on a poster.",
        "There is nothing to choose a prompt by.",
        "Record more pages, or check the session with `gazetwin check`.",
    )
