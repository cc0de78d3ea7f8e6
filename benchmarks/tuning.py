"""The row probe against whole attention maps, and how long participants wait.

Every measurement runs in a program of its own, so that its peak memory is its own; the two implementations of
a step follow each other, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks import _fits
from benchmarks._random_model import PROMPT_LENGTH, SIZES, Size
from benchmarks._training_step import Measured, Variant, in_child
from tuning.backbones.base import Placement

OPERATORS = ("attnlrp", "glimpse", "rollout")
PLACEMENTS: tuple[Placement, ...] = ("front", "after-image")
LARGEST_GRADIENT_DIFFERENCE = 1e-4
RANDOM_FIT_STEPS = 120
SMALL, LARGE = 700, 2000

TARGETS = {
    ("attnlrp", "front", SMALL): (2.0, 0.45),
    ("attnlrp", "after-image", SMALL): (10.0, 0.30),
    ("attnlrp", "front", LARGE): (4.0, 1.0),
}
"""Operator, placement, tokens: at least so many times faster, at most this share of the peak memory."""

WAITS = (
    ("newcomer", "fit_s", "newcomer fit, 5 screens", 10.0),
    ("single", "fit_s", "single-participant fit, 30 screens", 60.0),
    ("session", "update_s", "update between two trials, slowest", 3.0),
    ("session", "predict_s", "prediction of the next page, slowest", 0.3),
)


def main(arguments: list[str]) -> bool:
    """Print one table of steps and one of waits; on an accelerator a whole fit instead of the waits.

    Returns:
        Whether every target was met.
    """
    parser = argparse.ArgumentParser(prog="benchmarks tuning")
    parser.add_argument("--size", choices=SIZES, default="default")
    parser.add_argument("--device", default="cpu")
    chosen = parser.parse_args(arguments)
    size: Size = SIZES[chosen.size]
    print(f"On {device_name(chosen.device)}. {describe(size, chosen.device)}")
    met = _print_steps(chosen.size, chosen.device)
    if chosen.size == "default" and chosen.device == "cpu":
        return _print_waits() and met
    steps = RANDOM_FIT_STEPS if chosen.size == "4b" else 2
    _print_fit(chosen.size, chosen.device, steps)
    return met


def device_name(device: str) -> str:
    """Return what a reader needs to know of the machine."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {os.cpu_count()} cores, {torch.get_num_threads()} threads"


def describe(size: Size, device: str) -> str:
    """Return the model in words."""
    precision = "fp32" if device == "cpu" else "bf16"
    return (
        f"Random weights, {size.layers} layers of width {size.width}, {size.heads} heads, {precision};"
        f" {size.batch} page(s) a step, {PROMPT_LENGTH} soft tokens."
    )


def _print_steps(size: str, device: str) -> bool:
    met = True
    print(
        f"{'operator':9}{'placement':13}{'tokens':>6}{'layers':>7}{'full [s]':>10}{'row [s]':>9}{'ratio':>7}",
        end="",
    )
    print(f"{'full [MB]':>11}{'row [MB]':>10}{'share':>7}{'gradient':>10}  target")
    for tokens, probed in SIZES[size].probed.items():
        for operator in OPERATORS:
            for placement in PLACEMENTS:
                if tokens < LARGE or (operator, placement, tokens) in TARGETS or device != "cpu":
                    variant = Variant(size, tokens, device, operator, placement, "row")
                    met = _print_step(variant, probed) and met
    return met


def _print_step(variant: Variant, probed: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "full.npy"), Path(folder, "row.npy")
        full, row = in_child(replace(variant, way="full"), files[0]), in_child(variant, files[1])
        start = f"{variant.operator:9}{variant.placement:13}{variant.tokens:6}{probed:7}"
        if full is None or row is None:
            print(f"{start}  full maps: {_outcome(full)}; row: {_outcome(row)}")
            return row is not None and (variant.operator, variant.placement, variant.tokens) not in TARGETS
        difference = _difference(*files)
    ratio, share = full.seconds / row.seconds, row.peak_mb / full.peak_mb
    print(f"{start}{full.seconds:10.2f}{row.seconds:9.2f}{ratio:6.1f}x", end="")
    print(f"{full.peak_mb:11.0f}{row.peak_mb:10.0f}{share:7.0%}{difference:10.1e}", end="  ")
    verdict = judged(variant, ratio, share, difference)
    print(verdict, flush=True)
    return not verdict.startswith("MISS")


def _outcome(measured: Measured | None) -> str:
    if measured is None:
        return "memory does not suffice"
    return f"{measured.seconds:.2f} s, {measured.peak_mb:.0f} MB"


def _difference(full: Path, row: Path) -> float:
    """Return the difference of two prompt gradients relative to the first."""
    expected, found = np.load(full), np.load(row)
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def judged(variant: Variant, ratio: float, share: float, difference: float) -> str:
    """Return pass or miss with what was demanded; gradients are compared in fp32 only."""
    demands = [] if variant.device != "cpu" else [difference <= LARGEST_GRADIENT_DIFFERENCE]
    words = [] if variant.device != "cpu" else [f"gradient <= {LARGEST_GRADIENT_DIFFERENCE:g}"]
    target = TARGETS.get((variant.operator, variant.placement, variant.tokens))
    if target is not None:
        demands += [ratio >= target[0], share <= target[1]]
        words += [f">= {target[0]:g}x", f"<= {target[1]:.0%}"]
    return f"{'pass' if all(demands) else 'MISS'} ({', '.join(words)})" if demands else ""


def _print_waits() -> bool:
    print("carousel-tiny with drawn viewers, rollout, prompt after the image")
    found = {name: _fits.in_child(name) for name in dict.fromkeys(name for name, *_ in WAITS)}
    for name, key, what, limit_s in WAITS:
        seconds = found[name][key]
        print(f"{what:40}{seconds:9.2f} s  {'pass' if seconds <= limit_s else 'MISS'} (<= {limit_s:g} s)")
    return all(found[name][key] <= limit_s for name, key, _, limit_s in WAITS)


def _print_fit(size: str, device: str, steps: int) -> None:
    found = _fits.in_child("random", size, device, str(steps))
    print(f"one fit, attnlrp, front, 24 + 6 pages, {found['steps']:.0f} steps of 4 pages:", end=" ")
    print(f"{found['fit_s']:.1f} s, peak {found['peak_mb']:.0f} MB beyond the weights")
