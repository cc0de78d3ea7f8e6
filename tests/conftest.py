"""What every test gets: its own home, its own LSL network, no display, and a check that it cleans up.

Nothing here needs Qt, torch or pytest-qt: the core's tests run without them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from acquisition.lsl_config import loopback_environment, new_session_id

_GRACE_S = 3.0
_ENVIRONMENT = pytest.StashKey[tuple[Path, dict[str, str | None]]]()

# Started once per process by libraries and meant to stay.
_LASTING_THREADS = ("pytest_timeout", "tqdm_monitor", "TMonitor")
_LASTING_PROCESSES = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.hasplugin("pytest-qt"):
        parser.addini("qt_api", "read by pytest-qt where it is installed", default="pyside6")


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment before any test module, and with it liblsl or Qt, is loaded."""
    home = Path(tempfile.mkdtemp(prefix="gazetwin-tests-"))
    wanted = _isolated(home)
    config.stash[_ENVIRONMENT] = (home, {name: os.environ.get(name) for name in wanted})
    os.environ.update(wanted)


def pytest_unconfigure(config: pytest.Config) -> None:
    home, before = config.stash[_ENVIRONMENT]
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    shutil.rmtree(home, ignore_errors=True)


def _isolated(home: Path) -> dict[str, str]:
    folders = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_RUNTIME_DIR": home / ".run",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    platform = os.environ.get("QT_QPA_PLATFORM", "offscreen")
    return {
        **{name: str(folder) for name, folder in folders.items()},
        **loopback_environment(home, new_session_id()),
        "QT_QPA_PLATFORM": platform,
    }


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """Fail a test that leaves a thread or a child process behind."""
    threads, processes = _threads(), _processes()
    yield
    deadline = time.monotonic() + _GRACE_S
    while (left := _left(threads, processes)) and time.monotonic() < deadline:
        time.sleep(0.02)
    if left:
        pytest.fail("left behind: " + "; ".join(left))


def _left(threads: set[int], processes: set[int]) -> list[str]:
    alive = [t for t in threading.enumerate() if id(t) not in threads and not _lasting(t)]
    running = [p for p in psutil.Process().children(recursive=True) if p.pid not in processes]
    return [f"thread {t.name!r}" for t in alive] + [found for p in running if (found := _described(p))]


def _lasting(thread: threading.Thread) -> bool:
    return thread.name.startswith(_LASTING_THREADS)


def _described(process: psutil.Process) -> str:
    """Return pid and command of a child that still runs, empty for one that has ended."""
    try:
        command = " ".join(process.cmdline())
        over = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return ""
    if over or any(name in command for name in _LASTING_PROCESSES):
        return ""
    return f"process {process.pid} {command!r}"


def _threads() -> set[int]:
    return {id(t) for t in threading.enumerate()}


def _processes() -> set[int]:
    return {p.pid for p in psutil.Process().children(recursive=True)}
