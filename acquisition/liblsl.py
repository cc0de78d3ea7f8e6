"""The one door to pylsl, which loads the native library liblsl when it is imported."""

from __future__ import annotations

import importlib
from typing import Any

from protocols.errors import SetupError


def load_pylsl() -> Any:  # pylsl ships no type information
    """Return the module ``pylsl``.

    Raises:
        SetupError: pylsl is not installed, or it finds no liblsl.
    """
    try:
        return importlib.import_module("pylsl")
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
