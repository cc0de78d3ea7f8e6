"""What is right and wrong with this installation, with a remedy for everything that is not right.

Libraries that may crash or that are slow to load (liblsl, Qt, torch) are tried in child programs, so that the
doctor itself always answers.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Literal

from platformdirs import user_data_path

from studio.guard import DISTRIBUTION, OWN_ENVIRONMENT, installed_clashes

Level = Literal["ok", "warn", "fail"]

GIB = 1024**3
DISK_WARN_GIB, DISK_FAIL_GIB = 5.0, 0.5
MEMORY_WARN_GIB = 4.0
CHILD_TIMEOUT_S = 60.0

LSL_PROBE = """
import json, uuid, pylsl
key = uuid.uuid4().hex
outlet = pylsl.StreamOutlet(pylsl.StreamInfo("GazeTwin_Doctor", "Probe", 1, 0, "string", key))
seen = len(pylsl.resolve_byprop("source_id", key, 1, 3.0))
number = pylsl.library_version()  # 118 is 1.18
print(json.dumps({"library": f"{number // 100}.{number % 100}", "seen": seen}))
"""

QT_PROBE = """
import json
from PySide6.QtGui import QGuiApplication
app = QGuiApplication([])
sizes = [[s.size().width(), s.size().height()] for s in app.screens()]
print(json.dumps({"platform": app.platformName(), "screens": sizes}))
"""

TORCH_PROBE = """
import json, torch
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
mps = torch.backends.mps.is_available()
print(json.dumps({"torch": torch.__version__, "devices": names + (["Apple GPU"] if mps else [])}))
"""

QT_LIBRARIES = "Run 'make setup' in the source folder: it installs the system libraries, or prints how to."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what was looked at.
        level: ``ok``, ``warn`` (something will not work) or ``fail`` (the main job will not work).
        found: what is there, with values.
        fix: what to do about it, empty when ``ok``.
    """

    name: str
    level: Level
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ChildAnswer:
    """What a child program said: a JSON object, or why there is none."""

    values: Mapping[str, object]
    failure: str = ""


def examine() -> tuple[Finding, ...]:
    """Look at everything; takes a few seconds, mostly the import of torch in a child program."""
    checks: tuple[Callable[[], Finding], ...] = (
        python, names, requirements, liblsl, display, model_engine, disk, memory,
    )  # fmt: skip
    with ThreadPoolExecutor(max_workers=4) as pool:
        return tuple(pool.map(lambda check: check(), checks))


def python() -> Finding:
    """Report the interpreter, the platform and our own version."""
    return Finding(
        "Python",
        "ok",
        f"{platform.python_version()} at {sys.executable}, {platform.platform(terse=True)}, "
        f"gazetwin {version(DISTRIBUTION)}",
    )


def names() -> Finding:
    """Check that the five package names are ours alone."""
    found = installed_clashes()
    if found:
        return Finding("package names", "fail", " ".join(found), OWN_ENVIRONMENT)
    return Finding("package names", "ok", "all five are ours alone")


def requirements() -> Finding:
    """Check that every required distribution is installed, and list the versions."""
    needed = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in _required()]
    versions = {name: _version_of(name) for name in needed}
    missing = [name for name, number in versions.items() if number is None]
    if missing:
        fix = "Run 'pip install gazetwin' again."
        return Finding("Python packages", "fail", f"missing: {', '.join(missing)}", fix)
    found = ", ".join(f"{name} {number}" for name, number in versions.items())
    return Finding("Python packages", "ok", found)


def liblsl() -> Finding:
    """Check that liblsl loads and that a stream published here is found here."""
    answer = ask(LSL_PROBE)
    if answer.failure:
        fix = "Install liblsl and let PYLSL_LIB name it, or reinstall pylsl, which brings it on most systems."
        return Finding("LSL", "fail", f"liblsl does not load: {answer.failure}", fix)
    library = f"liblsl {answer.values['library']}"
    if not answer.values["seen"]:
        fix = "Let the firewall pass UDP and TCP ports 16571 to 16604, also on the loopback interface."
        return Finding("LSL", "fail", f"{library} loads, but finds no stream on this machine", fix)
    return Finding("LSL", "ok", f"{library} finds its own streams")


def display() -> Finding:
    """Check that Qt loads and that there is a display for the two windows."""
    offscreen = ask(QT_PROBE, {"QT_QPA_PLATFORM": "offscreen"})
    if offscreen.failure:
        return Finding("display", "fail", f"Qt does not load: {offscreen.failure}", QT_LIBRARIES)
    if not has_display(os.environ):
        return Finding("display", "warn", "none; Qt itself loads", "Use --headless, or log in to a desktop.")
    real = ask(QT_PROBE)
    if real.failure:
        return Finding("display", "fail", f"Qt cannot open a window: {real.failure}", QT_LIBRARIES)
    screens = _screens(real)
    if len(screens) < 2:
        fix = "Attach a second display: one for the participant, one for the operator."
        return Finding("display", "warn", f"one display, {screens[0]} px", fix)
    return Finding("display", "ok", f"{len(screens)} displays: {', '.join(screens)} px")


def has_display(environment: Mapping[str, str], system: str = sys.platform) -> bool:
    """Tell whether windows can be shown at all."""
    return system != "linux" or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def model_engine() -> Finding:
    """Check that the model libraries are there and which accelerator they see."""
    missing = [name for name in ("torch", "transformers", "peft", "safetensors") if _version_of(name) is None]
    if missing:
        found = f"{', '.join(missing)} not installed: sessions can be recorded, twins cannot be fitted"
        return Finding("model engine", "warn", found, "Run: pip install 'gazetwin[tune]'")
    answer = ask(TORCH_PROBE)
    if answer.failure:
        return Finding("model engine", "fail", f"torch does not load: {answer.failure}", "Reinstall torch.")
    devices = answer.values["devices"]
    where = ", ".join(devices) if isinstance(devices, list) and devices else "CPU only"
    found = f"torch {answer.values['torch']}, transformers {_version_of('transformers')}: {where}"
    return Finding("model engine", "ok", found)


def disk() -> Finding:
    """Check the room where recordings go."""
    folder = user_data_path(DISTRIBUTION)
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free_gib = shutil.disk_usage(there).free / GIB
    found = f"{free_gib:.1f} GiB free for {folder}"
    if not os.access(there, os.W_OK):
        return Finding("disk", "fail", f"{there} is not writable", "Give yourself the right to write there.")
    if free_gib < DISK_WARN_GIB:
        level: Level = "fail" if free_gib < DISK_FAIL_GIB else "warn"
        return Finding("disk", level, found, "Make room: a recording that runs out of disk ends early.")
    return Finding("disk", "ok", found)


def memory() -> Finding:
    """Check main memory and processors."""
    total_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    found = f"{total_gib:.1f} GiB, {os.cpu_count()} processors"
    if total_gib < MEMORY_WARN_GIB:
        return Finding("memory", "warn", found, "Fit twins on a machine with 4 GiB or more.")
    return Finding("memory", "ok", found)


def ask(code: str, environment: Mapping[str, str] | None = None) -> ChildAnswer:
    """Run Python code that prints one JSON object, in a child program."""
    command = [sys.executable, "-P", "-c", code]
    settings = {**os.environ, **(environment or {})}
    try:
        child = subprocess.run(
            command, env=settings, timeout=CHILD_TIMEOUT_S, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return ChildAnswer({}, f"no answer within {CHILD_TIMEOUT_S:.0f} s")
    if child.returncode != 0:
        said = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        return ChildAnswer({}, said[-1])
    return ChildAnswer(json.loads(child.stdout.strip().splitlines()[-1]))


def _screens(answer: ChildAnswer) -> list[str]:
    sizes = answer.values["screens"]
    return [f"{width} x {height}" for width, height in sizes] if isinstance(sizes, list) else []


def _required() -> list[str]:
    return [line for line in requires(DISTRIBUTION) or [] if "extra ==" not in line]


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
