"""What a participant waits for, on `carousel-tiny` with drawn viewers: fits, and learning between trials."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import numpy as np

from acquisition.viewer.policy import draw_viewer
from benchmarks._memory import Peak
from benchmarks._random_model import SIZES, build
from protocols.carousel import GENRES
from tuning.backbones.base import Backbone
from tuning.cohort import shipped_cohort
from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan, drawn_page, viewed_page
from tuning.examples import Example, Split
from tuning.live import LiveTwin
from tuning.registry import load_backbone, make_operator
from tuning.tuner import fit

SEED = 4_211
TRIALS = 6

Found = dict[str, float]


def in_child(*arguments: str) -> Found:
    """Run one measurement of this module in a fresh program."""
    command = [sys.executable, "-m", "benchmarks._fits", *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: Found = json.loads(out.splitlines()[-1])
    return found


def newcomer() -> Found:
    """Fit a newcomer of five screens over the shipped cohort."""
    backbone, config = load_backbone("carousel-tiny"), FitConfig()
    cohort = shipped_cohort(backbone.spec, config)
    assert cohort is not None
    return _timed(backbone, config, viewed(5, 0), cohort.bank)


def single() -> Found:
    """Fit one participant's prompt from nothing, with 30 screens, a fifth of them for choosing the step."""
    return _timed(load_backbone("carousel-tiny"), FitConfig(), viewed(24, 6), None)


def session() -> Found:
    """Predict a page, then learn from it, several times; the slowest of each counts."""
    backbone, config = load_backbone("carousel-tiny"), FitConfig()
    cohort = shipped_cohort(backbone.spec, config)
    twin = LiveTwin(backbone, make_operator(config.operator), config, cohort, "P01")
    predicting, learning = [], []
    for example in viewed(TRIALS, 0):
        started = time.perf_counter()
        twin.predict(example.page, example.preferred)
        predicting.append(time.perf_counter() - started)
        assert example.gaze is not None
        started = time.perf_counter()
        twin.observe(example.page, example.preferred, example.gaze.weights, example.click, budget_s=3.0)
        learning.append(time.perf_counter() - started)
    return {"predict_s": max(predicting), "update_s": max(learning)}


def random_fit(size: str, device: str, steps: str) -> Found:
    """Fit one participant from 30 screens on random weights with the default operator of the paper."""
    shape = SIZES[size]
    backbone = build(shape, min(shape.probed), device)
    config = FitConfig(
        operator="attnlrp", placement="front", prompt_length=16, steps=int(steps), batch_size=4, patience=99
    )
    return _timed(backbone, config, viewed(24, 6), None, device, last_layers=min(6, shape.layers))


def viewed(train: int, val: int) -> list[Example]:
    """Return pages seen by one drawn viewer who is in no cohort."""
    plan = CohortPlan(seed=SEED)
    rng = np.random.default_rng(SEED)
    viewer = draw_viewer(rng, GENRES)
    splits: list[Split] = ["train" if number < train else "val" for number in range(train + val)]
    return [
        viewed_page(plan, rng, viewer, drawn_page(plan, number), "P01", number, split)
        for number, split in enumerate(splits)
    ]


def _timed(
    backbone: Backbone,
    config: FitConfig,
    examples: list[Example],
    bank: Any,
    device: str = "cpu",
    **operator: int,
) -> Found:
    shipped: Any = make_operator(config.operator)
    peak, started = Peak(device), time.perf_counter()
    steps = _count(fit(backbone, replace(shipped, **operator), examples, config, bank))
    peak.wait()
    return {"fit_s": time.perf_counter() - started, "steps": steps, "peak_mb": peak.mb()}


def _count(events: Generator[Any, None, Any]) -> int:
    return sum(event.kind == "step" for event in events)


if __name__ == "__main__":
    chosen: dict[str, Callable[..., Found]] = {
        "newcomer": newcomer,
        "single": single,
        "session": session,
        "random": random_fit,
    }
    print(json.dumps(chosen[sys.argv[1]](*sys.argv[2:])))
