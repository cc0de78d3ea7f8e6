from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import torch

import tuning.savepoint
from protocols.errors import PersonaMismatch
from tuning.config import FitConfig
from tuning.events import Evaluated, Step
from tuning.examples import Example
from tuning.probing.rollout import Rollout
from tuning.prompts import PromptBank
from tuning.tuner import Fitted, fit

Viewed = Callable[[str, str], list[Example]]
CONFIG = FitConfig(steps=30, prompt_length=2, basis_size=3, patience=50, prompt_scale=0.1, batch_size=3)


def drained(generator: Generator[Any, None, Fitted]) -> tuple[list[Any], Fitted]:
    events = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as stop:
            return [e for e in events if isinstance(e, Step | Evaluated)], stop.value


def stopped_after(generator: Generator[Any, None, Fitted], count: int) -> list[Any]:
    """Take ``count`` steps or looks, then cancel as the engine does."""
    seen: list[Any] = []
    while len(seen) < count:
        event = next(generator)
        if isinstance(event, Step | Evaluated):
            seen.append(event)
    generator.close()
    return seen


def alike(one: Fitted, other: Fitted) -> bool:
    same = all(torch.equal(t, other.bank.tensors()[name]) for name, t in one.bank.tensors().items())
    return same and (one.step, one.scores) == (other.step, other.scores)


@pytest.mark.parametrize("newcomer", [False, True])
def test_a_cancelled_fit_goes_on_to_the_same_result(
    fake_backbone: Any, viewed: Viewed, tmp_path: Path, *, newcomer: bool
) -> None:
    examples = viewed("P01", "left")
    bank = PromptBank.fresh(["A", "B"], (3, 2, 8), 0.1, seed=1) if newcomer else None
    whole, expected = drained(fit(fake_backbone, Rollout(1), examples, CONFIG, bank))
    file, seen = tmp_path / "fit", []
    for count in (1, 1, 9, 1, 5):  # across looks, in the middle of an epoch, and right after one step
        seen += stopped_after(fit(fake_backbone, Rollout(1), examples, CONFIG, bank, file), count)
    rest, found = drained(fit(fake_backbone, Rollout(1), examples, CONFIG, bank, file))
    assert seen + rest == whole
    assert alike(found, expected)


def test_a_killed_fit_repeats_the_last_steps_and_ends_the_same(
    fake_backbone: Any, viewed: Viewed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning.savepoint, "EVERY_S", 0.0)
    examples = viewed("P01", "left")
    whole, expected = drained(fit(fake_backbone, Rollout(1), examples, CONFIG))
    running = fit(fake_backbone, Rollout(1), examples, CONFIG, None, tmp_path / "fit")
    steps = (e for e in running if isinstance(e, Step))
    while next(steps).step < 13:
        pass
    shutil.copy(tmp_path / "fit", tmp_path / "left by a kill")
    running.close()
    rest, found = drained(fit(fake_backbone, Rollout(1), examples, CONFIG, None, tmp_path / "left by a kill"))
    assert rest == whole[-len(rest) :]
    assert len(rest) < len(whole) / 1.5
    assert alike(found, expected)


def test_a_finished_fit_is_not_made_again(fake_backbone: Any, viewed: Viewed, tmp_path: Path) -> None:
    examples = viewed("P01", "left")
    _, expected = drained(fit(fake_backbone, Rollout(1), examples, CONFIG, None, tmp_path / "fit"))
    events, found = drained(fit(fake_backbone, Rollout(1), examples, CONFIG, None, tmp_path / "fit"))
    assert events == []
    assert alike(found, expected)


def test_the_savepoint_of_another_fit_is_refused(fake_backbone: Any, viewed: Viewed, tmp_path: Path) -> None:
    file = tmp_path / "fit"
    stopped_after(fit(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG, None, file), 4)
    kept = file.read_bytes()
    others = [
        (viewed("P01", "top"), CONFIG),
        (viewed("P01", "left"), CONFIG.model_copy(update={"seed": 5})),
        (viewed("P01", "left")[1:], CONFIG),
    ]
    for examples, config in others:
        with pytest.raises(PersonaMismatch, match="unfinished fit of other"):
            drained(fit(fake_backbone, Rollout(1), examples, config, None, file))
    assert file.read_bytes() == kept


def test_a_damaged_savepoint_is_refused(fake_backbone: Any, viewed: Viewed, tmp_path: Path) -> None:
    file = tmp_path / "fit"
    stopped_after(fit(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG, None, file), 4)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(PersonaMismatch, match="damaged"):
        drained(fit(fake_backbone, Rollout(1), viewed("P01", "left"), CONFIG, None, file))
