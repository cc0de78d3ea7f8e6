"""What cohorts of any size cost, worked out from measured constants; arithmetic, nothing is measured here.

``python -m benchmarks scale`` prints the tables of docs/scale.md. Every constant is an option; new ones come
from ``python -m benchmarks cohort``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from benchmarks._random_model import PROMPT_LENGTH, SIZES, SUFFIX

PEOPLE = (100, 10_000, 1_000_000)
TRAIN, TEST, COHORT = 5, 6, 32
"""Page views of a newcomer as in the benchmark, and participants of the shipped basis."""
IN_FRONT = 579
"""Tokens of page and words before the prompt, where a question has 700 with it."""
STEP = 2.2
"""A step's arithmetic in forward passes: 0.16 TFLOP where a pass is 0.073 (docs/performance.md)."""
STEPS = 120

MEASURED = {
    "alone_s": (2.07, "one persona one by one: fit, habit, comparison [s]"),
    "together_s": (0.081, "one of many together: fit, habit, comparison [s]"),
    "read_new_s": (0.041, "reading a page view whose page nobody saw [s]"),
    "read_known_s": (0.005, "reading a page view whose page others saw [s]"),
    "own_kb": (13.0, "a persona's own file [kB]"),
    "each_kb": (7.3, "a persona in a cohort's file, without the basis [kB]"),
    "head_kb": (4.3, "of that in the file's head [kB]"),
    "peak_mb": (713.0, "memory of a run together, beside the model [MB]"),
    "session_mb": (3.4, "a session file of a dozen pages, 120 Hz [MB]"),
    "cpu_tflops": (0.11, "matrix products on two cores, 24 layers [TFLOP/s]"),
    "gpu_tflops": (100.0, "an accelerator, ASSUMED, not measured [TFLOP/s]"),
}


def main(arguments: list[str]) -> None:
    """Print the constants, then what 100, 10,000 and 1,000,000 personas cost."""
    parser = argparse.ArgumentParser(prog="benchmarks scale")
    parser.add_argument("--workers", type=int, default=64)
    for name, (value, text) in MEASURED.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=value, help=text)
    asked = parser.parse_args(arguments)
    known = {name: float(getattr(asked, name)) for name in MEASURED}
    print("| constant | value | |\n|---|---|---|")
    for name, (_, text) in MEASURED.items():
        print(f"| `{name}` | {known[name]:g} | {text} |")
    _print_tiny(known, asked.workers)
    _print_large(known, asked.workers)
    _print_storage(known)


def passes_together() -> int:
    """Return forward passes of one prompt on one page for a newcomer among many."""
    search = 2 * COHORT + 8 * TRAIN + 7 * TRAIN
    return search + 2 * TRAIN + 4 * TEST


def passes_alone() -> float:
    """Return the same for a newcomer fitted by steps, whose steps count `STEP` each."""
    return STEPS * TRAIN * STEP + COHORT * TRAIN + 2 * TRAIN + 4 * TEST


def pass_tflop() -> float:
    """Return the arithmetic of one prompt and question after a page's frozen states in the 4B model."""
    size = SIZES["4b"]
    heads = size.heads * size.head_width + size.kv_heads * size.head_width
    products = size.layers * size.width * (2 * heads + 3 * size.mlp)
    return 2 * products * (PROMPT_LENGTH + SUFFIX) / 1e12


def page_gb() -> float:
    """Return keys and values of one page in the 4B model, bf16, in GB."""
    size = SIZES["4b"]
    return size.layers * 2 * size.kv_heads * size.head_width * IN_FRONT * 2 / 1e9


def _print_tiny(known: dict[str, float], workers: int) -> None:
    read = (TRAIN + TEST) * known["read_new_s"], (TRAIN + TEST) * known["read_known_s"]
    print(f"\ncarousel-tiny, one core each [h]; {TRAIN + TEST} page views per person\n")
    _table(
        (
            ("one by one", (known["alone_s"] + read[0]) / 3600),
            ("together, pages shared", (known["together_s"] + read[1]) / 3600),
            ("together, every page new", (known["together_s"] + read[0]) / 3600),
        ),
        workers,
    )


def _print_large(known: dict[str, float], workers: int) -> None:
    one = pass_tflop()
    print(f"\n4B model [h], arithmetic only: {one:.2f} TFLOP a pass,", end="")
    print(f" {passes_alone():.0f} passes one by one, {passes_together()} together", end="")
    print(f" (ratio {passes_alone() / passes_together():.1f})\n")
    rows = []
    for place, speed in (("two cores", known["cpu_tflops"]), ("accelerator, assumed", known["gpu_tflops"])):
        rows.append((f"one by one, {place}", passes_alone() * one / speed / 3600))
        rows.append((f"together, {place}", passes_together() * one / speed / 3600))
    _table(rows, workers)


def _table(rows: Iterable[tuple[str, float]], workers: int) -> None:
    columns = [f"{n:,}" for n in PEOPLE] + [f"{PEOPLE[-1]:,} on {workers} workers"]
    print("| way | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name, hours in rows:
        cells = [hours * n for n in PEOPLE] + [hours * PEOPLE[-1] / workers]
        print(f"| {name} | " + " | ".join(_told(cell) for cell in cells) + " |")


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _print_storage(known: dict[str, float]) -> None:
    basis = {"tiny": 8 * 5 * 128 * 4 / 1e6, "4B": 8 * 5 * SIZES["4b"].width * 4 / 1e6}
    own = known["own_kb"] + 2 * 5 * (SIZES["4b"].width - 128) * 4 / 1e3
    print(
        f"\nStorage [MB]; the basis is {basis['tiny']:.2f} MB (tiny) or {basis['4B']:.2f} MB (4B), a file\n"
    )
    columns = [f"{n:,}" for n in PEOPLE]
    print("| what | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name, mb in (
        ("files of their own, tiny", known["own_kb"] / 1e3),
        ("files of their own, 4B", own / 1e3),
        ("cohort files, either model", known["each_kb"] / 1e3),
        ("of that JSON heads", known["head_kb"] / 1e3),
        ("the sessions themselves", known["session_mb"]),
    ):
        print(f"| {name} | " + " | ".join(_told(mb * n) for n in PEOPLE) + " |")
    print(
        f"\nFrozen states of one page, 4B in bf16: {1000 * page_gb():.0f} MB; 128: {128 * page_gb():.1f} GB"
    )
