"""Fixation detectors on the same simulated gaze: how fast, and how right.

Speed is samples per minute of processor time on one core, and as a ratio to ours offline. F1 counts
fixations that share half their time with a true one; kappa compares sample by sample. Every detector runs
with its default settings.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.fixations import Fixations, IncrementalIvt, IvtParameters, detect_idt, detect_ivt
from acquisition.truth import match_fixations
from benchmarks._agreement import kappa
from benchmarks._other_detectors import DETECTORS
from benchmarks._simulated_gaze import SCREEN, Habits, SimulatedGaze, inside, simulated
from protocols.geometry import FloatArray

RATES_HZ = (30.0, 60.0, 120.0, 250.0, 300.0, 500.0, 600.0, 1000.0, 2000.0)
NOISE_RMS_DEG = (0.1, 0.4)
CHUNK_S = 0.05
LEAST_F1, LEAST_PER_MINUTE = 0.92, 20e6
MANY = 1_000_000
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
OTHERS = Path(__file__).parent.parent / ".venv-bench" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Answer:
    """Fixations (onset and offset, each (n,), in s) and the processor time it took, in s."""

    onset_s: FloatArray
    offset_s: FloatArray
    took_s: float


def main(arguments: list[str]) -> bool:
    """Print the tables; return whether ours met every target."""
    parser = argparse.ArgumentParser(prog="benchmarks fixations")
    parser.add_argument("--seconds", type=float, default=60.0, help="simulated gaze per rate and noise")
    parser.add_argument("--rate", type=float, action="append", help="only this rate in Hz; may be repeated")
    chosen = parser.parse_args(arguments)
    rates_hz = tuple(chosen.rate or RATES_HZ)
    print(f"{chosen.seconds:g} s of simulated gaze with blinks and lens oscillations, default settings")
    met = [_compared(rate, noise, chosen.seconds) for noise in NOISE_RMS_DEG for rate in rates_hz]
    return all([*met, *(_throughput(rate) for rate in rates_hz)])


def _compared(rate_hz: float, noise_rms_deg: float, seconds: float) -> bool:
    gaze = simulated(round(rate_hz), seconds, rate_hz, Habits(noise_rms_deg, oscillation=0.1))
    head = f"{rate_hz:g} Hz, noise {noise_rms_deg:g} deg rms"
    print(f"\n{head:30}{'samples/min':>12}{'ratio':>9}{'F1':>7}{'kappa':>7}{'found':>7}/{len(gaze.truth)}")
    ours = _best_of_three(_offline, gaze)
    met = _printed("ours, I-VT offline", gaze, ours, ours.took_s) >= LEAST_F1
    for name, run in (("ours, I-VT incremental", _incremental), ("ours, I-DT", _dispersion)):
        _printed(name, gaze, _best_of_three(run, gaze), ours.took_s)
    for name in DETECTORS:
        answer = _other(name, gaze, rate_hz)
        if isinstance(answer, Answer):
            _printed(name, gaze, answer, ours.took_s)
        else:
            print(f"{name:30}{answer}")
    return met


def _printed(name: str, gaze: SimulatedGaze, answer: Answer, reference_s: float) -> float:
    n = len(answer.onset_s)
    nowhere = np.full(n, np.nan)
    found = Fixations(answer.onset_s, answer.offset_s, nowhere, nowhere, np.ones(n, int), IvtParameters())
    match = match_fixations(found, gaze.truth, SCREEN)
    f1 = 2 * match.precision * match.recall / max(match.precision + match.recall, 1e-9)
    agree = kappa(inside(gaze.t_s, answer.onset_s, answer.offset_s), gaze.resting())
    speed = len(gaze.t_s) / answer.took_s * 60 / 1e6
    ratio = reference_s / answer.took_s
    print(f"{name:30}{speed:>10.2f} M{ratio:>9.4f}{f1:>7.3f}{agree:>7.3f}{n:>7}")
    return f1


def _throughput(rate_hz: float) -> bool:
    """Print and judge the speed of ours on many samples."""
    gaze = simulated(1, 120.0, rate_hz, Habits(0.2))
    times = max(round(MANY / len(gaze.t_s)), 1)
    t = np.concatenate([gaze.t_s + k * 121.0 for k in range(times)])
    xy, valid = np.tile(gaze.xy_px, (times, 1)), np.tile(gaze.valid, times)
    answer = _best_of_three(_offline, SimulatedGaze(t, xy, valid, gaze.truth))
    per_minute = len(t) / answer.took_s * 60
    print(f"{rate_hz:g} Hz, {len(t):,} samples: {per_minute / 1e6:.1f} M samples/min offline", end="")
    print("" if per_minute >= LEAST_PER_MINUTE else f", below {LEAST_PER_MINUTE / 1e6:g} M")
    return per_minute >= LEAST_PER_MINUTE


def _best_of_three(run: Callable[[SimulatedGaze], Fixations], gaze: SimulatedGaze) -> Answer:
    took_s = []
    for _ in range(3):
        began_s = time.process_time()
        found = run(gaze)
        took_s.append(time.process_time() - began_s)
    return Answer(found.onset_s, found.offset_s, statistics.median(took_s))


def _offline(gaze: SimulatedGaze) -> Fixations:
    return detect_ivt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN)


def _dispersion(gaze: SimulatedGaze) -> Fixations:
    return detect_idt(gaze.t_s, gaze.xy_px, gaze.valid, SCREEN)


def _incremental(gaze: SimulatedGaze) -> Fixations:
    stream = IncrementalIvt(SCREEN)
    edges = np.searchsorted(gaze.t_s, np.arange(gaze.t_s[0], gaze.t_s[-1] + CHUNK_S, CHUNK_S))
    parts = [
        stream.push(gaze.t_s[a:b], gaze.xy_px[a:b], gaze.valid[a:b])
        for a, b in zip(edges, [*edges[1:], len(gaze.t_s)], strict=True)
    ]
    return Fixations.joined([*parts, stream.finish()], IvtParameters())


def _other(name: str, gaze: SimulatedGaze, rate_hz: float) -> Answer | str:
    """Run a detector of another package; return why there is no answer when there is none."""
    if not OTHERS.exists():
        return "not there; `make bench` installs it into an environment of its own"
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        mm = SCREEN.to_mm(gaze.xy_px)
        np.savez(source, xy_deg=np.degrees(np.arctan2(mm, SCREEN.distance_mm)), rate_hz=rate_hz)
        script = Path(__file__).with_name("_other_detectors.py")
        command = [str(OTHERS), "-W", "ignore", str(script), name, str(source), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ONE_CORE, check=False)
        if done.returncode:
            return textwrap.shorten(f"fails: {done.stderr.strip().splitlines()[-1]}", 110, placeholder=" ...")
        with np.load(target, allow_pickle=False) as file:
            first, last, took_s = file["first"], file["last"], float(file["took_s"])
    return Answer(gaze.t_s[first], gaze.t_s[last], took_s)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
