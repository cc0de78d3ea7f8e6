"""Loads exported personas into SARDINE; comes with the files it loads and needs nothing of GazeTwin.

Made for sardine-rec 1.0.8. SARDINE draws its users at random; this puts the participant in their place.

    from load_sardine import environment, genres, personas

    env = environment("exported", "P01")
    observation, info = env.reset(seed=0)
    observation, reward, *_ = env.step(slate)       # slate: numbers of `genres("exported")`, one per position
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


def personas(folder: str | Path) -> list[str]:
    """Return whose personas a folder holds."""
    return list(_description(folder)["personas"])


def genres(folder: str | Path) -> list[str]:
    """Return what the items of the environment are: one film of one genre each."""
    return list(_description(folder)["genres"])


def environment(folder: str | Path, participant: str, items: str | Path = "", **changes: Any) -> Any:
    """Return a `sardine.simulator.Sardine` in which one participant clicks.

    Args:
        folder: the export.
        participant: pseudonym.
        items: .npy file of other items (n, genres), rows of length 1; empty for one item per genre.
        changes: other arguments of `Sardine`, such as ``episode_length``.
    """
    from sardine.simulator import Sardine

    about = _description(folder)
    person = about["personas"][participant]
    file = Path(items or Path(folder) / "items.npy").resolve()
    count = len(np.load(file, allow_pickle=False))
    settings = {**about["environment"], **person["environment"], "num_items": count, "env_embedds": str(file)}
    env = Sardine(**{**settings, **changes})
    preference = np.asarray(person["user_embedding"], dtype=np.float64)
    env._reset_user_embedds = lambda: setattr(env, "user_embedd", preference.copy())
    return env


def _description(folder: str | Path) -> dict[str, Any]:
    text = (Path(folder) / "personas.json").read_text(encoding="utf-8")
    description: dict[str, Any] = json.loads(text)
    return description
