"""When pages really appear: stamps of onsets against the pixels in the memory of an X server.

Xvfb keeps its picture in a file that another process can map. That process watches one pixel of the
photodiode's patch, as a photodiode would watch the glass, and notes when it changes.
"""

from __future__ import annotations

import json
import mmap
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

_PAGES = 200
_SIZE = (1920, 1080)
_HEADER_WORDS = 25
_BEFORE_S = 0.04  # a change this long before a stamp belongs to the page before


def watch(framebuffer: Path, told: Connection) -> None:
    """Note the times at which the first pixel changes, until told to stop; runs in its own process."""
    with framebuffer.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        words = np.frombuffer(memory[: 4 * _HEADER_WORDS], ">u4")
        at = int(words[0]) + 12 * int(words[19])  # header and colour map of the X window dump
        at += 4 * (_SIZE[0] * 8 + 8)  # well inside the patch
        before, changes = memory[at : at + 3], []
        while not told.poll():
            now = memory[at : at + 3]
            if now != before:
                changes.append(time.monotonic())
                before = now
        told.send(changes)


def measure(pages: int = _PAGES) -> dict[str, float]:
    """Show pages under Xvfb and return how stamps, reports and pixels differ, in ms."""
    with tempfile.TemporaryDirectory(prefix="gazetwin-onset-") as folder:
        read, write = os.pipe()
        screen = f"{_SIZE[0]}x{_SIZE[1]}x24"
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-fbdir", folder, "-screen", "0", screen, "-nolisten", "tcp"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as told:
            display = f":{told.readline().strip()}"
        try:
            return _measured(Path(folder) / "Xvfb_screen0", display, pages)
        finally:
            server.terminate()
            server.wait()


def _measured(framebuffer: Path, display: str, pages: int) -> dict[str, float]:
    ours, theirs = multiprocessing.Pipe()
    watcher = multiprocessing.get_context("spawn").Process(target=watch, args=(framebuffer, theirs))
    watcher.start()
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    command = [sys.executable, "-m", "benchmarks._onset_pages", str(pages)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    ours.send("stop")
    changes = np.asarray(ours.recv())
    watcher.join()
    told, words = json.loads(done.stdout.splitlines()[-1])
    sys.stderr.write(f"{words}\n")
    stamps = np.asarray([one["t_s"] for one in told])
    after = [changes[changes > t_s - _BEFORE_S] for t_s in stamps]
    seen = [(found[0], t_s) for found, t_s in zip(after, stamps, strict=True) if len(found)]
    pixels_ms = np.asarray([1000 * (pixel_s - t_s) for pixel_s, t_s in seen])
    frames_ms = np.asarray([float(one["onset_error_ms"]) for one in told if "onset_error_ms" in one])
    return {
        "pages": float(len(stamps)),
        "pixels seen": float(len(pixels_ms)),
        "pixel after stamp, mean ms": float(pixels_ms.mean()),
        "pixel after stamp, SD ms": float(pixels_ms.std()),
        "pixel after stamp, least ms": float(pixels_ms.min()),
        "pixel after stamp, most ms": float(pixels_ms.max()),
        "next frame after stamp, mean ms": float(frames_ms.mean()),
        "next frame after stamp, SD ms": float(frames_ms.std()),
        "next frame after stamp, most ms": float(frames_ms.max()),
    }


def main(arguments: list[str]) -> None:
    """Measure and print; the only argument is the number of pages."""
    for name, value in measure(int(arguments[0]) if arguments else _PAGES).items():
        print(f"{name:32} {value:8.2f}")
