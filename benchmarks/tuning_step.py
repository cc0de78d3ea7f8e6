"""One training step with the row probe against the same step with full attention maps.

Each variant runs in a program of its own, so that its peak memory is its own; the variants take turns, so
that a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from transformers import Qwen3VLForConditionalGeneration

from benchmarks import _full_maps
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from tuning.backbones.base import Placement, Prepared
from tuning.backbones.qwen3_vl import Qwen3VLBackbone
from tuning.backbones.tiny import assemble, configuration
from tuning.probing.attnlrp import AttnLRP
from tuning.probing.base import look
from tuning.probing.rollout import Rollout

OPERATORS: dict[str, Rollout | AttnLRP] = {"rollout": Rollout(), "attnlrp": AttnLRP()}
PLACEMENTS: tuple[Placement, ...] = ("front", "after-image")
BATCH, PROMPT, REPEATS, ROUNDS = 8, 16, 5, 3


def main(arguments: list[str]) -> None:
    """Print a table, or with ``--variant`` measure one variant and print JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks tuning-step")
    parser.add_argument("--variant", nargs=3, metavar=("OPERATOR", "PLACEMENT", "WAY"))
    chosen = parser.parse_args(arguments).variant
    if chosen:
        print(json.dumps(_measure(*chosen)))
        return
    print(f"carousel-tiny's architecture, batch {BATCH}, {PROMPT} soft tokens, fp32, one CPU thread; medians")
    print(f"{'operator':10}{'placement':13}{'full [ms]':>10}{'row [ms]':>10}{'ratio':>7}", end="")
    print(f"{'full [MiB]':>12}{'row [MiB]':>11}{'share':>7}")
    for operator in OPERATORS:
        for placement in PLACEMENTS:
            _print_pair(operator, placement)


def _print_pair(operator: str, placement: str) -> None:
    ways: dict[str, list[dict[str, float]]] = {"full": [], "row": []}
    for _ in range(ROUNDS):
        for way, results in ways.items():
            results.append(_child(operator, placement, way))
    ms = {way: statistics.median(r["ms"] for r in results) for way, results in ways.items()}
    mib = {way: statistics.median(r["mib"] for r in results) for way, results in ways.items()}
    print(
        f"{operator:10}{placement:13}{ms['full']:10.1f}{ms['row']:10.1f}{ms['full'] / ms['row']:6.1f}x",
        end="",
    )
    print(f"{mib['full']:12.1f}{mib['row']:11.1f}{mib['row'] / mib['full']:7.0%}")


def _child(operator: str, placement: str, way: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks", "tuning-step", "--variant", operator, placement, way]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured: dict[str, float] = json.loads(out.splitlines()[-1])
    return measured


def _measure(operator: str, placement: Placement, way: str) -> dict[str, float]:
    torch.set_num_threads(1)
    backbone, prepared = _material()
    step = _row_step if way == "row" else _full_step
    times, before = [], _memory_mib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # starts the peak anew
    for _ in range(REPEATS):
        start = time.perf_counter()
        step(backbone, prepared, operator, placement)
        times.append((time.perf_counter() - start) * 1000)
    return {"ms": statistics.median(times[1:]), "mib": _memory_mib("VmHWM") - before}


def _material() -> tuple[Qwen3VLBackbone, list[Prepared]]:
    torch.manual_seed(0)
    config = configuration()
    config._attn_implementation = "eager"
    backbone = assemble(Qwen3VLForConditionalGeneration(config), "random")
    screens = [invented_screen(np.random.default_rng(i), f"s{i}", "rows") for i in range(BATCH)]
    pages = [render(screen, Viewport.top_of(screen), letters=True) for screen in screens]
    prepared = [backbone.prepare(page, ("Drama", "Horror", "Comedy")) for page in pages]
    for one in prepared:
        one.past(OPERATORS["rollout"].plan(backbone.spec))
    return backbone, prepared


def _prompts(backbone: Qwen3VLBackbone) -> torch.Tensor:
    return (torch.randn(BATCH, PROMPT, backbone.spec.width) * 0.1).requires_grad_()


def _row_step(backbone: Qwen3VLBackbone, prepared: list[Prepared], name: str, placement: Placement) -> None:
    prompts = _prompts(backbone)
    seen = look(backbone, OPERATORS[name], prepared, prompts, placement, torch.zeros(BATCH, dtype=torch.long))
    loss = -seen.attention.clamp_min(1e-8).log().mean() - seen.log_choice[:, 0].mean()
    torch.autograd.backward(loss)


def _full_step(backbone: Qwen3VLBackbone, prepared: list[Prepared], name: str, placement: Placement) -> None:
    prompts = _prompts(backbone)
    loss = torch.zeros(())
    for one, prompt in zip(prepared, prompts, strict=True):
        logits, maps, image = _full_maps.full_maps(backbone.model, one, prompt, placement)
        relevance = _full_maps.relevance(OPERATORS[name], maps, logits[0])
        amounts = one.slot_weights @ relevance[image]
        loss = loss - (amounts / amounts.sum()).clamp_min(1e-8).log().mean() - logits.log_softmax(-1)[0]
    torch.autograd.backward(loss / BATCH)


def _memory_mib(name: str) -> float:
    """Read this process's memory from Linux: VmRSS now, VmHWM at its peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
