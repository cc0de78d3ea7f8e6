"""Does anything block the Studio? Gaps of its event loop while it records 1200 Hz and twins are fitted.

The simulated tracker is a program of its own that publishes over LSL on this computer; the session, its
windows and its file are those of a real one; the session's own twin and the fits run in two engine programs.
Also: how soon the first window is there in a fresh program, and that no model library is loaded in it.
Without a display, windows are drawn in memory (QT_QPA_PLATFORM=offscreen).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from acquisition.lsl_config import loopback_environment, new_session_id

_GAP_P999_MS, _WINDOW_S, _STARTS, _LEAST_RATE = 50.0, 2.0, 5, 0.99

Found = dict[str, Any]


def main(arguments: list[str]) -> bool:
    """Print what was measured and verdicts; return whether every target was met."""
    parser = argparse.ArgumentParser(prog="benchmarks studio")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--part", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    if wanted.part:
        _part(*wanted.part)
        return True
    load = ", ".join(f"{x:.2f}" for x in os.getloadavg())
    print(f"{os.cpu_count()} cores, load before {load}; {wanted.seconds:g} s measured")
    with tempfile.TemporaryDirectory(prefix="gazetwin-bench-") as name:
        folder = Path(name)
        opened = [_opened(folder) for _ in range(_STARTS)]
        _run(folder, "prepare")
        found = _run(folder, "session", str(wanted.seconds))
    _print(found)
    return _verdicts(opened, found)


def _part(name: str, folder: str, *rest: str) -> None:
    """Be one of the programs that the benchmark starts."""
    from benchmarks import _studio_parts as parts

    if name == "window":
        parts.first_window(Path(folder))
    elif name == "prepare":
        parts.prepare(Path(folder))
    else:
        parts.session(Path(folder), float(rest[0]))


def _opened(folder: Path) -> Found:
    """Open the Studio in a fresh program; return after how many seconds its window was painted."""
    started_unix_s = time.time()
    found = _run(folder, "window")
    return {"s": found["painted_unix_s"] - started_unix_s, "torch": found["torch"]}


def _run(folder: Path, name: str, *rest: str) -> Found:
    environment = {**os.environ, **loopback_environment(folder, new_session_id()), "HOME": str(folder)}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if not any(os.environ.get(known) for known in ("DISPLAY", "WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "benchmarks", "studio", "--part", name, str(folder), *rest]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    lines = [line for line in out.splitlines() if line.startswith("{")]
    found: Found = json.loads(lines[-1]) if lines else {}
    return found


def _print(found: Found) -> None:
    rate_hz = found["samples"] / found["seconds"]
    print(f"\nrecorded {found['samples']} samples, {rate_hz:.1f} Hz, {found['lost']} lost", end="; ")
    print(f"{found['fits']} twins fitted meanwhile")
    print(f"event loop, {found['beats']} beats [ms]:", end="")
    print("".join(f"  {name} {found[name]:.1f}" for name in ("p50", "p99", "p99.9", "max")))


def _verdicts(opened: list[Found], found: Found) -> bool:
    window_s = sorted(each["s"] for each in opened)
    torch = found["torch"] or any(each["torch"] for each in opened)
    rate_hz, gap_ms = found["samples"] / found["seconds"], found["p99.9"]
    lines = [
        (gap_ms <= _GAP_P999_MS, f"gap at p99.9 {gap_ms:.1f} ms (target {_GAP_P999_MS:g} ms)"),
        (rate_hz >= _LEAST_RATE * 1200, f"recorded rate {rate_hz:.1f} Hz (target 1200 Hz)"),
        (not found["failure"] and not found["lost"], f"{found['lost']} samples lost {found['failure']}"),
        (
            window_s[-1] < _WINDOW_S,
            f"first window after {window_s[len(window_s) // 2]:.2f} s, at worst {window_s[-1]:.2f} s "
            f"of {len(opened)} starts (target below {_WINDOW_S:g} s)",
        ),
        (not torch, f"model libraries {'LOADED' if torch else 'not loaded'} in the Studio"),
    ]
    print()
    for met, words in lines:
        print(f"{'pass' if met else 'MISS'}  {words}")
    return all(met for met, _ in lines)
