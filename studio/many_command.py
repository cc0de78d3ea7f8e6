"""``gazetwin fit FOLDER`` behind its options: one persona per participant, here or on a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from studio.workplace import Workplace, reported
from tuning.config import FitConfig
from tuning.events import Load, Warned


def fitted_many(
    sessions: Sequence[Path], out: Path, model: Load, config: FitConfig, place: Workplace
) -> tuple[list[Path], list[Warned]]:
    """Fit personas that are missing; return those that were written, and why others are not.

    Raises:
        GazeTwinError: a session cannot be used, or the program failed.
    """
    with tempfile.TemporaryDirectory(prefix="gazetwin-fit-") as folder:
        settings = Path(folder, "fit.toml")
        settings.write_text(config.to_toml(), encoding="utf-8")
        named = [str(session.resolve()) for session in sessions]
        chosen = ["--backbone", model.backbone, "--device", model.device, "--precision", model.precision]
        where = ["--out", str(out.resolve()), "--config", str(settings)]
        return reported("fit-many", [*named, *where, *chosen, *place.arguments()])
