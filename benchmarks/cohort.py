"""Many newcomers at once against one by one: milliseconds per persona, memory, files, and quality.

Drawn viewers in no cohort (`_drawn_people`), `carousel-tiny` and its shipped basis, eight coefficients a
person. One by one is the ordinary fit of the same coefficients. Both ways fit, complete the persona with
habits and tables, judge it beside every baseline, and are timed as a whole; what reading a recorded session
costs comes on top of either and is printed by itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from benchmarks import _recorded
from benchmarks._drawn_people import TEST, person
from benchmarks._memory import Peak
from protocols.wire import Progress
from tuning.backbones.base import Backbone
from tuning.cohort import Cohort, shipped_cohort
from tuning.config import FitConfig
from tuning.examples import Drawn
from tuning.fitting import Result, fit_persona
from tuning.foreseen import Remembering
from tuning.group_fit import fit_group
from tuning.persona import Persona
from tuning.personas import Personas
from tuning.recordings import read_material
from tuning.registry import load_backbone, make_operator
from tuning.safetensors_header import MAX_FILE_BYTES, read_head
from tuning.splits import split_screens
from tuning.taken import last
from tuning.together import GROUP_PEOPLE

SIZES = (1, 10, 100, 1000)
ALONE = 5
"""Newcomers fitted one by one: what the mean time of a fit is taken over."""
JUDGED = 10
TARGET = 20.0
STEPS = FitConfig(personal_prompt=False)
SEARCH = FitConfig(personal_prompt=False, method="search")
PREPARE, SEARCHING, REST = "prepare", "search", "rest"

Found = dict[str, float]
T = TypeVar("T")


def main(arguments: list[str]) -> bool:
    """Print one line per size.

    Returns:
        Whether the largest run was TARGET times faster per persona than one by one, everything included.
    """
    parser = argparse.ArgumentParser(prog="benchmarks cohort")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    sizes = parser.parse_args(arguments).sizes
    alone = in_child("alone")
    print(
        f"one by one: {alone['whole_s']:.2f} s per persona, of which {alone['fit_s']:.2f} s are the fit",
        end="",
    )
    print(f" (mean of {ALONE} fits of {STEPS.steps} steps)")
    print(f"{'':8}{'milliseconds per persona':>31}{'':27}{'':9}file of all [kB]{'':8}own file")
    print(f"{'personas':>8}{PREPARE:>9}{SEARCHING:>8}{REST:>7}{'whole':>7}{'ratio':>8}", end="")
    print(f"{'run [s]':>9}{'peak [MB]':>11}{'all':>11}{'each':>9}{'its head':>10}{'[kB]':>9}")
    ratio = 0.0
    for size in sizes:
        found = in_child("together", str(size))
        ratio = alone["whole_s"] / found["whole_s"] * size
        _print_run(size, found, ratio)
    _print_reading(in_child("reading"))
    _print_quality(in_child("quality"))
    met = ratio >= TARGET
    print(
        f"{'pass' if met else 'MISS'}: {sizes[-1]} personas, each at least {TARGET:g}x faster, all included"
    )
    return met


def in_child(*arguments: str) -> Found:
    """Run one measurement in a fresh program, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.cohort", *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: Found = json.loads(out.splitlines()[-1])
    return found


def together(size: str) -> Found:
    """Fit many newcomers in one run, in groups as `gazetwin fit --together` does, and write them."""
    backbone, cohort = _model()
    everybody = [person(n) for n in range(int(size))]
    spent = {PREPARE: 0.0, SEARCHING: 0.0, REST: 0.0}
    peak, started = Peak("cpu"), time.perf_counter()
    personas: list[Persona] = []
    for first in range(0, len(everybody), GROUP_PEOPLE):
        group = everybody[first : first + GROUP_PEOPLE]
        results = _timed(fit_group(Remembering(backbone), group, SEARCH, cohort), spent)
        personas += [r.persona for r in results]
    saving = time.perf_counter()
    sizes = _saved(personas, cohort)
    ended = time.perf_counter()
    spent[REST] += ended - saving
    return {**spent, **sizes, "whole_s": ended - started, "peak_mb": peak.mb()}


def alone() -> Found:
    """Fit and judge a few newcomers one after the other, by gradients on their coefficients."""
    backbone, cohort = _model()
    operator = make_operator(STEPS.operator)
    everybody = [person(n) for n in range(ALONE)]
    last(fit_group(backbone, everybody, SEARCH, cohort))  # the model keeps what it has seen of pages
    fit_s, started = 0.0, time.perf_counter()
    for material in everybody:
        begun = time.perf_counter()
        for _ in fit_persona(backbone, operator, material, STEPS, cohort):
            known_s = time.perf_counter() - begun  # nothing more is told once the fit is over
        fit_s += known_s
    return {"fit_s": fit_s / ALONE, "whole_s": (time.perf_counter() - started) / ALONE}


def reading() -> Found:
    """Read a recorded session whose pages nobody saw before, and one whose pages are known."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "session.h5")
        _recorded.write(path)
        drawn: Drawn = {}
        _read(path, {})
        times = []
        for _ in range(2):
            started = time.perf_counter()
            _read(path, drawn)
            times.append(time.perf_counter() - started)
    return {"new_s": times[0], "known_s": times[1]}


def quality() -> Found:
    """Return mean scores on held-out pages of both ways."""
    backbone, cohort = _model()
    operator = make_operator(STEPS.operator)
    everybody = [person(n) for n in range(JUDGED)]
    found = {
        "together": last(fit_group(backbone, everybody, SEARCH, cohort)),
        "alone": [last(fit_persona(backbone, operator, m, STEPS, cohort)) for m in everybody],
    }
    scores = {name: _mean_kl(results, "twin") for name, results in found.items()}
    combined = {f"{name}_combined": _mean_kl(results, "twin_combined") for name, results in found.items()}
    return {**scores, **combined, "shared": _mean_kl(found["alone"], "shared_prompt")}


def _timed(job: Generator[object, None, T], spent: Found) -> T:
    """Run a job to its end; add the seconds after each event to the part of the work that it tells of."""
    part, since = PREPARE, time.perf_counter()
    while True:
        try:
            event = next(job)
        except StopIteration as end:
            spent[part] += time.perf_counter() - since
            value: T = end.value
            return value
        now = time.perf_counter()
        spent[part], since = spent[part] + now - since, now
        part = _part(event.message) if isinstance(event, Progress) else part


def _part(message: str) -> str:
    if message.startswith(("Preparing", "Asking")):
        return PREPARE
    return SEARCHING if message.startswith("Trying") else REST


def _saved(personas: Sequence[Persona], cohort: Cohort) -> Found:
    """Write the cohort file and one persona's own; return sizes in kB (10³ bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        path, own = Path(folder, "cohort.safetensors"), Path(folder, "own.safetensors")
        Personas.of(personas, cohort.bank.basis).save(path)
        personas[0].save(own)
        head = read_head(path, MAX_FILE_BYTES).start
        found = {"file_kb": path.stat().st_size, "head_kb": head, "own_kb": own.stat().st_size}
        return {name: size / 1e3 for name, size in found.items()}


def _read(path: Path, drawn: Drawn) -> None:
    read_material([path], lambda screens: split_screens(screens, 0), drawn)


def _mean_kl(results: Sequence[Result], row: str) -> float:
    return float(np.mean([r.comparison.heldout[row]["kl"] for r in results]))


def _print_run(size: int, found: Found, ratio: float) -> None:
    each = {name: 1000 * found[name] / size for name in (PREPARE, SEARCHING, REST, "whole_s")}
    print(
        f"{size:8}{each[PREPARE]:9.1f}{each[SEARCHING]:8.1f}{each[REST]:7.1f}{each['whole_s']:7.1f}", end=""
    )
    print(f"{ratio:7.1f}x{found['whole_s']:9.1f}{found['peak_mb']:11.0f}", end="")
    print(f"{found['file_kb']:11.1f}{found['file_kb'] / size:9.2f}{found['head_kb'] / size:10.2f}", end="")
    print(f"{found['own_kb']:9.1f}", flush=True)


def _print_reading(found: Found) -> None:
    pages = f"{_recorded.TRIALS} page views"
    print(f"reading a session of {pages}: {found['new_s']:.2f} s; when others saw the same pages", end="")
    print(f" {found['known_s']:.2f} s (in addition, either way)")


def _print_quality(found: Found) -> None:
    print(f"mean KL on held-out pages [nats] ({JUDGED} newcomers, {TEST} pages each): twin together", end="")
    print(f" {found['together']:.3f}, one by one {found['alone']:.3f}; combined twin together", end="")
    print(f" {found['together_combined']:.3f}, one by one {found['alone_combined']:.3f};", end="")
    print(f" prompt shared by all {found['shared']:.3f}")


def _model() -> tuple[Backbone, Cohort]:
    torch.set_num_threads(1)
    backbone = load_backbone("carousel-tiny")
    cohort = shipped_cohort(backbone.spec, SEARCH)
    assert cohort is not None
    return backbone, cohort


if __name__ == "__main__":
    chosen: dict[str, Callable[..., Found]] = {
        "together": together,
        "alone": alone,
        "reading": reading,
        "quality": quality,
    }
    print(json.dumps(chosen[sys.argv[1]](*sys.argv[2:])))
