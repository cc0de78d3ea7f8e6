"""Four trackers at once, recorded to the disk, against the targets: nothing lost, soon seen, soon safe.

Every tracker is a program of its own that publishes numbered samples in the wire format of a real tool over
LSL on this computer. The recording program does what a session does. The plain loop, measured in the same run
for comparison, pulls and appends and does no more: no decoding, no live buffer, no crash-proof file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acquisition.lsl_config import loopback_environment, new_session_id
from benchmarks._four_streams import FILLED_S, STREAMS, publish, record, record_plainly

_LIVE_P99_MS, _DISK_P99_MS, _CORES, _GROWTH_MIB = 30.0, 1000.0, 1.0, 32.0
_SETTLED_S = 1.5

Report = dict[str, Any]


def main(arguments: list[str]) -> bool:
    """Print a table and verdicts; return whether every target was met."""
    parser = argparse.ArgumentParser(prog="benchmarks acquisition")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--part", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    if wanted.part:
        _part(*wanted.part)
        return True
    seconds = 60.0 * wanted.minutes
    plain_s = min(seconds, max(seconds / 10, 20.0))
    load = ", ".join(f"{x:.2f}" for x in os.getloadavg())
    print(f"{os.cpu_count()} cores, load before {load}; {seconds:g} s recorded, plain loop {plain_s:g} s")
    ours, plain = _phase("record", seconds), _phase("plain", plain_s)
    _table("recorder", ours, seconds)
    _table("plain pull_chunk + h5py loop", plain, plain_s)
    print(f"ratio of processor time, recorder to plain loop: {ours['cores'] / plain['cores']:.2f}")
    return _verdicts(ours, seconds)


def _part(name: str, *rest: str) -> None:
    """Be one of the programs that the benchmark starts."""
    if name == "publish":
        publish(rest[0], int(rest[1]), float(rest[2]))
        return
    recording: dict[str, Callable[[Path, list[str]], None]] = {"record": record, "plain": record_plainly}
    recording[name](Path(rest[0]), list(rest[1:]))


def _phase(name: str, seconds: float) -> Report:
    """Record all streams once, in programs of their own on an LSL network of their own."""
    with tempfile.TemporaryDirectory(prefix="gazetwin-bench-") as folder:
        environment = {**os.environ, **loopback_environment(Path(folder), new_session_id())}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        outlets = [_program(environment, "publish", p, str(hz), str(seconds)) for p, hz in STREAMS]
        ids = [_line(outlet).split(maxsplit=1)[1] for outlet in outlets]
        recorder = _program(environment, name, folder, *ids)
        try:
            _line(recorder)
            for outlet in outlets:
                _tell(outlet)
            for outlet in outlets:
                _line(outlet)
            time.sleep(_SETTLED_S)  # the last samples are still on their way to the disk
            _tell(recorder)
            report: Report = json.loads(_line(recorder))
            return report
        finally:
            for program in (*outlets, recorder):
                program.kill()
                program.communicate()


def _program(environment: dict[str, str], *part: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks", "acquisition", "--part", *part]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def _line(program: subprocess.Popen[str]) -> str:
    """Return the next line a program says, leaving out the benchmark's own heading."""
    if program.stdout is None:
        raise RuntimeError("the program was started without a pipe")
    for line in program.stdout:
        if not line.startswith("=="):
            return line.strip()
    raise RuntimeError(f"{program.args!r} ended with {program.wait()} before it answered")


def _tell(program: subprocess.Popen[str]) -> None:
    if program.stdin is None:
        raise RuntimeError("the program was started without a pipe")
    program.stdin.write("\n")
    program.stdin.flush()


def _table(title: str, report: Report, seconds: float) -> None:
    print(f"\n{title}: {report['cores']:.1%} of one core", end="; ")
    print(f"memory {report['early_mib']:.0f} MiB after {min(FILLED_S, seconds):g} s", end=", ")
    print(f"{report['end_mib']:.0f} MiB at the end")
    print(f"{'stream':12}{'[Hz]':>6}{'sent':>9}{'received':>9}{'lost':>6}{'order':>7}", end="")
    print(
        f"{'live p50':>10}{'p95':>8}{'p99':>8}{'max':>8}{'disk p50':>10}{'p95':>8}{'p99':>8}{'max [ms]':>9}"
    )
    for (profile, rate_hz), stream in zip(STREAMS, report["streams"], strict=True):
        sent, got = int(rate_hz * seconds), stream["numbers"]
        order = "right" if got["in_order"] == got["received"] else "WRONG"
        print(
            f"{profile:12}{rate_hz:6}{sent:9}{got['received']:9}{sent - got['in_order']:6}{order:>7}", end=""
        )
        live, disk = stream["live"], stream["disk"]
        print(f"{live['p50']:10.1f}{live['p95']:8.1f}{live['p99']:8.1f}{live['max']:8.1f}", end="")
        print(f"{disk['p50']:10.1f}{disk['p95']:8.1f}{disk['p99']:8.1f}{disk['max']:9.1f}")


def _verdicts(report: Report, seconds: float) -> bool:
    streams = report["streams"]
    lost = sum(
        int(hz * seconds) - s["numbers"]["in_order"] for (_, hz), s in zip(STREAMS, streams, strict=True)
    )
    extra = sum(s["numbers"]["received"] - s["numbers"]["in_order"] for s in streams)
    live = max(s["live"]["p99"] for s in streams)
    disk = max(s["disk"]["p99"] for s in streams)
    growth = report["end_mib"] - report["early_mib"]
    failures = [s["failure"] for s in streams if s["failure"]]
    lines = [
        (not failures, f"recording without failure {failures or ''}"),
        (lost == 0 and extra == 0, f"samples lost {lost}, repeated or out of order {extra} (target 0)"),
        (live <= _LIVE_P99_MS, f"live p99 {live:.1f} ms (target {_LIVE_P99_MS:g} ms)"),
        (disk <= _DISK_P99_MS, f"disk p99 {disk:.1f} ms (target {_DISK_P99_MS:g} ms)"),
        (report["cores"] < _CORES, f"processor {report['cores']:.2f} cores (target below {_CORES:g})"),
    ]
    if seconds > 2 * FILLED_S:
        words = f"memory grew by {growth:.1f} MiB after the first {FILLED_S} s (target below {_GROWTH_MIB:g})"
        lines.append((growth < _GROWTH_MIB, words))
    print()
    for met, words in lines:
        print(f"{'pass' if met else 'MISS'}  {words}")
    return all(met for met, _ in lines)
