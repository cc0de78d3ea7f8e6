"""Start-up check that the five top-level packages are ours.

Installers let two distributions own the same top-level name and overwrite each other's files silently; the
symptom is then a baffling ImportError in the middle of a session. This check finds it before anything starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from protocols.errors import SetupError

DISTRIBUTION = "gazetwin"
PACKAGES = ("studio", "tuning", "sessions", "acquisition", "protocols")
OWN_ENVIRONMENT = "Install gazetwin in an environment of its own: pipx install gazetwin."


def clashes(owners: Mapping[str, Sequence[str]], folders: Mapping[str, Path | None], home: Path) -> list[str]:
    """Return one sentence per package name that is not ours alone; empty when all is well.

    Args:
        owners: distributions that claim each top-level name; an editable install claims none.
        folders: where each of our names is imported from, None when it cannot be found.
        home: the folder that our packages must be in.
    """
    found = []
    for name in PACKAGES:
        others = sorted(set(owners.get(name, ())) - {DISTRIBUTION})
        folder = folders.get(name)
        if others:
            found.append(f"'{name}' is also installed by {' and '.join(others)}.")
        elif folder is None:
            found.append(f"'{name}' cannot be imported.")
        elif folder != home / name:
            found.append(f"'{name}' comes from {folder} instead of {home / name}.")
    return found


def installed_clashes() -> list[str]:
    """Return ``clashes`` of the running interpreter."""
    home = Path(__file__).resolve().parent.parent
    return clashes(packages_distributions(), {name: _folder(name) for name in PACKAGES}, home)


def check_packages() -> None:
    """Make sure that each of the five package names is ours and nobody else's.

    Raises:
        SetupError: another distribution or folder has taken one of the names.
    """
    found = installed_clashes()
    if found:
        raise SetupError(
            " ".join(found),
            "One of the two has overwritten or hidden the other's files, so either may fail at any moment.",
            OWN_ENVIRONMENT,
        )


def _folder(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent
