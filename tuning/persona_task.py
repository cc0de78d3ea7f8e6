"""One participant's fit as a task that any worker can do: named by all that decides the persona."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from protocols.errors import NotEnoughExamples, PersonaMismatch
from tuning.config import FitConfig
from tuning.events import Comparison, Load

if TYPE_CHECKING:
    from tuning.backbones.base import Backbone


class PersonaTask(BaseModel):
    """A participant's fit.

    Attributes:
        pseudonym: of all sessions.
        paths: where the sessions are, for every worker alike; they decide nothing.
        sha256: of each session file.
        config: settings.
        model: what to load.
        weights: digest of the model's weights.
        basis: digest of the shipped cohort that is used, empty for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pseudonym: str
    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    config: FitConfig
    model: Load
    weights: str
    basis: str

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides the result, hexadecimal."""
        told = self.model_dump(mode="json", exclude={"paths"})
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def words(self) -> str:
        """Return what is being done, for people."""
        return f"persona of {self.pseudonym}"


def fit_task(task: PersonaTask, backbone: Backbone) -> tuple[str, Comparison]:
    """Fit; return the persona's file as base64, and its held-out comparison.

    Raises:
        PersonaMismatch: the worker's model is another one.
        NotEnoughExamples: a session has changed, or there is too little to fit or judge.
    """
    from tuning.cohort import shipped_cohort
    from tuning.fitting import fit_persona
    from tuning.recordings import read_material
    from tuning.registry import make_operator
    from tuning.splits import split_screens
    from tuning.taken import last

    _refuse_changes(task, backbone.spec.digest)
    config = task.config
    cohort = shipped_cohort(backbone.spec, config) if task.basis else None
    material = read_material(
        [Path(p) for p in task.paths], lambda screens: split_screens(screens, config.seed)
    )
    result = last(fit_persona(backbone, make_operator(config.operator), material, config, cohort))
    with tempfile.TemporaryDirectory(prefix="gazetwin-persona-") as folder:
        file = Path(folder, "persona.safetensors")
        result.persona.save(file)
        return base64.b64encode(file.read_bytes()).decode(), result.comparison


def sha256(path: Path) -> str:
    """Return the digest of a session file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _refuse_changes(task: PersonaTask, weights: str) -> None:
    if weights != task.weights:
        raise PersonaMismatch(
            f"The worker's {task.model.backbone} has other weights ({weights[:12]}) than the one that asked"
            f" ({task.weights[:12]}).",
            "Personas of one run would belong to different models.",
            "Install the same version everywhere, or name the same folder.",
        )
    if task.sha256 != tuple(sha256(Path(p)) for p in task.paths):
        raise NotEnoughExamples(
            f"A session of {task.pseudonym} has changed since the fits were planned.",
            "Its persona would be filed under the old contents.",
            "Run it again; only what depends on this session is fitted anew.",
        )
