"""The one door to pylsl, which loads the native library liblsl when it is imported."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from protocols.errors import SetupError

_QUIET = "[log]\nlevel = -2\n"
"""Errors only; liblsl tells its whole life on standard error otherwise."""


def load_pylsl() -> Any:  # pylsl ships no type information
    """Return the module ``pylsl``.

    Raises:
        SetupError: pylsl is not installed, or it finds no liblsl.
    """
    first = "pylsl" not in sys.modules
    try:
        pylsl = importlib.import_module("pylsl")
        if first and not any(path.is_file() for path in _configurations()):
            pylsl.set_config_content(_QUIET)
        return pylsl
    except (ImportError, RuntimeError, OSError) as error:
        raise SetupError(
            f"Lab Streaming Layer cannot be loaded: {error}.",
            "Eye trackers are reached through it; mouse and replay work without.",
            "Install pylsl with its library (pip install --force-reinstall pylsl), or point PYLSL_LIB at a "
            "liblsl shared library; on older systems install liblsl from conda-forge or its releases.",
        ) from error


def lsl_failures() -> tuple[type[Exception], ...]:
    """Return what pylsl raises when a stream does not answer in time or is gone; not Python's own errors."""
    util = load_pylsl().util
    return util.TimeoutError, util.LostError


def lsl_failure_in_words(error: Exception) -> str:
    """Say what one of ``lsl_failures`` means."""
    if isinstance(error, load_pylsl().util.LostError):
        return "the program that published it is gone"
    return "the program that publishes it did not answer in time"


def _configurations() -> Iterator[Path]:
    """Yield where liblsl looks for the user's own configuration, which is left alone."""
    if named := os.environ.get("LSLAPICFG"):
        yield Path(named)
    yield from (Path("lsl_api.cfg"), Path.home() / "lsl_api/lsl_api.cfg", Path("/etc/lsl_api/lsl_api.cfg"))
