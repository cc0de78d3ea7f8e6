"""Many newcomers at once against one by one: seconds per persona, memory, and what it does to quality.

Drawn viewers in no cohort, five training pages each out of twenty that all of them may have seen,
`carousel-tiny` and its shipped basis, eight coefficients a person. One by one is the ordinary fit of the same
coefficients.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from acquisition.viewer.policy import draw_viewer
from benchmarks._memory import Peak
from protocols.carousel import GENRES
from protocols.stimulus import Page
from tuning import metrics
from tuning.backbones.base import Backbone
from tuning.cohort import Cohort, shipped_cohort
from tuning.config import FitConfig
from tuning.drawn_viewers import CohortPlan, drawn_page, viewed_page
from tuning.examples import Example
from tuning.items import Item, items
from tuning.newcomers import search
from tuning.predictions import predictions
from tuning.probing.base import ProbingOperator
from tuning.prompts import SoftPrompt
from tuning.registry import load_backbone, make_operator
from tuning.taken import last
from tuning.tuner import fit

SEED = 90_210
SIZES = (1, 10, 100, 1000)
SCREENS, TRAIN, TEST = 20, 5, 6
ALONE = 5
"""Newcomers fitted one by one: what the mean time of a fit is taken over."""
JUDGED = 10
TARGET = 20.0
CONFIG = FitConfig(personal_prompt=False)


def main(arguments: list[str]) -> bool:
    """Print one line per size.

    Returns:
        Whether the largest run was TARGET times faster per persona than one by one.
    """
    parser = argparse.ArgumentParser(prog="benchmarks cohort")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    sizes = parser.parse_args(arguments).sizes
    alone = in_child("alone")
    print(f"one by one: {alone['seconds']:.2f} s per persona (mean of {ALONE} fits of {CONFIG.steps} steps)")
    print(
        f"{'personas':>8}{'prepare [s]':>13}{'search [s]':>12}{'each [ms]':>11}{'ratio':>8}{'peak [MB]':>11}"
    )
    ratio = 0.0
    for size in sizes:
        found = in_child("together", str(size))
        per = found["search_s"] / size
        ratio = alone["seconds"] / per
        print(f"{size:8}{found['prepare_s']:13.1f}{found['search_s']:12.2f}{1000 * per:11.1f}", end="")
        print(f"{ratio:7.1f}x{found['peak_mb']:11.0f}", flush=True)
    _print_quality(in_child("quality"))
    met = ratio >= TARGET
    verdict = "pass" if met else "MISS"
    print(f"{verdict}: {sizes[-1]} personas, each at least {TARGET:g}x faster than one by one")
    return met


def in_child(*arguments: str) -> dict[str, float]:
    """Run one measurement in a fresh program, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.cohort", *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return found


def together(size: str) -> dict[str, float]:
    """Fit many newcomers in one run."""
    backbone, operator, cohort = _model()
    everybody = [_person(n) for n in range(int(size))]
    peak, started = Peak("cpu"), time.perf_counter()
    prepared = _items(backbone, operator, everybody)
    between = time.perf_counter()
    last(search(backbone, operator, prepared, cohort.bank, CONFIG))
    ended = time.perf_counter()
    return {"prepare_s": between - started, "search_s": ended - between, "peak_mb": peak.mb()}


def alone() -> dict[str, float]:
    """Fit a few newcomers one after the other, by gradients on their coefficients."""
    backbone, operator, cohort = _model()
    everybody = [_person(n)[:TRAIN] for n in range(ALONE)]
    _items(backbone, operator, everybody)  # pages are prepared and kept by the model
    started = time.perf_counter()
    for examples in everybody:
        last(fit(backbone, operator, examples, CONFIG, cohort.bank))
    return {"seconds": (time.perf_counter() - started) / ALONE}


def quality() -> dict[str, float]:
    """Return mean KL from the attention on held-out pages, in nats, of both ways and of a shared prompt."""
    backbone, operator, cohort = _model()
    everybody = [_person(n) for n in range(JUDGED)]
    shares = last(search(backbone, operator, _items(backbone, operator, everybody), cohort.bank, CONFIG))
    tokens = torch.einsum("bm,mnd->bnd", shares, cohort.bank.basis.detach())
    found: dict[str, list[float]] = {"together": [], "alone": [], "shared": []}
    for examples, own in zip(everybody, tokens, strict=True):
        by_steps = last(fit(backbone, operator, examples[:TRAIN], CONFIG, cohort.bank)).bank
        prompts = {
            "together": SoftPrompt(own, ""),
            "alone": by_steps.prompt(examples[0].participant),
            "shared": cohort.shared,
        }
        for name, prompt in prompts.items():
            found[name] += _divergences(backbone, operator, examples[TRAIN:], prompt)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _print_quality(found: dict[str, float]) -> None:
    pages = f"{JUDGED} newcomers, {TEST} held-out pages each"
    print(f"mean KL on held-out pages [nats] ({pages}): together {found['together']:.3f}, ", end="")
    print(f"one by one {found['alone']:.3f}, prompt shared by all {found['shared']:.3f}")


def _divergences(
    backbone: Backbone, operator: ProbingOperator, examples: Sequence[Example], prompt: SoftPrompt
) -> list[float]:
    prepared = [backbone.prepare(e.page, e.preferred) for e in examples]
    seen = predictions(backbone, operator, prepared, prompt, CONFIG.placement)
    return [
        metrics.kl(e.gaze.weights, found.attention)
        for e, found in zip(examples, seen, strict=True)
        if e.gaze is not None
    ]


def _items(
    backbone: Backbone, operator: ProbingOperator, everybody: Sequence[Sequence[Example]]
) -> list[list[Item]]:
    """Prepare the training pages of all at once, so that those who saw a page share its states."""
    examples = [e for own in everybody for e in own[:TRAIN]]
    prepared = last(items(backbone, operator, examples, CONFIG, "train"))
    return [prepared[start : start + TRAIN] for start in range(0, len(prepared), TRAIN)]


def _model() -> tuple[Backbone, ProbingOperator, Cohort]:
    torch.set_num_threads(1)
    backbone = load_backbone("carousel-tiny")
    cohort = shipped_cohort(backbone.spec, CONFIG)
    assert cohort is not None
    return backbone, make_operator(CONFIG.operator), cohort


def _person(number: int) -> list[Example]:
    rng = np.random.default_rng([SEED, number])
    viewer = draw_viewer(rng, GENRES)
    name = f"N{number:04d}"
    chosen = rng.permutation(SCREENS)[:TRAIN]
    train = [viewed_page(_plan(), rng, viewer, _page(int(n)), name, i, "train") for i, n in enumerate(chosen)]
    pages = [_page(n) for n in range(SCREENS, SCREENS + TEST)]
    test = [viewed_page(_plan(), rng, viewer, page, name, TRAIN + i, "test") for i, page in enumerate(pages)]
    return [*train, *test]


def _plan() -> CohortPlan:
    return CohortPlan(seed=SEED)


@lru_cache(maxsize=SCREENS + TEST)
def _page(number: int) -> Page:
    return drawn_page(_plan(), number)


if __name__ == "__main__":
    chosen: dict[str, Any] = {"together": together, "alone": alone, "quality": quality}
    print(json.dumps(chosen[sys.argv[1]](*sys.argv[2:])))
