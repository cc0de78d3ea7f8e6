"""What can be chosen for a fit, and the name that a choice gives its persona. Imports no model library."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from protocols.words import counted
from studio.rooms.twin.offers import PERSONA, Offered
from tuning.config import FitConfig, Placement
from tuning.events import Load

FEWEST_SCREENS = 3
OPERATOR_WORDS = {
    "rollout": "Attention rollout",
    "glimpse": "GLIMPSE",
    "attnlrp": "AttnLRP",
    "attnlrp-signed": "AttnLRP, signed as published",
}
PLACEMENT_WORDS: dict[Placement, str] = {
    "after-image": "After the image",
    "front": "In front, as published",
}
NO_ENGINE = (
    "The model libraries are not installed, so no twin can be fitted here; results can be read. "
    "Install them: pip install 'gazetwin[tune]', or make setup in a checkout, then start the Studio again."
)


def operators() -> tuple[str, ...]:
    """Return the names of the probing operators that are installed, the usual ones first."""
    found = {point.name for point in entry_points(group="gazetwin.operators")}
    known = [name for name in OPERATOR_WORDS if name in found]
    return (*known, *sorted(found - set(known)))


def backbones() -> tuple[str, ...]:
    """Return the names of the models that are installed."""
    return tuple(sorted(point.name for point in entry_points(group="gazetwin.backbones")))


def engine_missing() -> str:
    """Return why the engine cannot work here, empty when it can; nothing is imported for it."""
    return "" if find_spec("torch") and find_spec("transformers") else NO_ENGINE


def persona_path(folder: Path, sessions: Sequence[Offered], model: Load, config: FitConfig) -> Path:
    """Return where the persona of a choice is: the same choice, the same file, so that a fit can go on."""
    told = [*(s.session_id for s in sessions), model.model_dump_json(), config.model_dump_json()]
    digest = hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]
    return folder / sessions[0].participant / f"{config.operator}-{config.placement}-{digest}{PERSONA}"


def why_no_fit(sessions: Sequence[Offered], missing: str) -> str:
    """Return why these sessions cannot be fitted, empty when they can.

    Args:
        sessions: chosen, of one participant.
        missing: why the engine cannot work, empty when it can.
    """
    if missing:
        return missing
    if not sessions:
        return "Choose at least one session to fit the twin on."
    refused = [s for s in sessions if s.why_not]
    if refused:
        return f"The gaze of the session of {refused[0].words} is not on the screen: {refused[0].why_not}"
    screens = len({screen for s in sessions for screen in s.screens})
    if screens < FEWEST_SCREENS:
        return (
            f"{counted(screens, 'different screen')} cannot be divided into screens to fit, to choose and to "
            f"judge on: at least {FEWEST_SCREENS} are needed. Record more, or choose more sessions."
        )
    return ""
