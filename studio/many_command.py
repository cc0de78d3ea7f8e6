"""``gazetwin fit FOLDER`` behind its options: one persona per participant, here, on a cluster, or at once."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from studio.workplace import Workplace, reported
from tuning.config import FitConfig
from tuning.described import described_at
from tuning.events import Load, Warned


def fitted_many(
    sessions: Sequence[Path],
    out: Path,
    model: Load,
    config: FitConfig,
    place: Workplace,
    *,
    force: bool = False,
) -> tuple[list[Path], list[Warned]]:
    """Fit personas that are missing; return those that were written, and why others are not.

    Raises:
        GazeTwinError: a session cannot be used, or the program failed.
    """
    with tempfile.TemporaryDirectory(prefix="gazetwin-fit-") as folder:
        chosen = [*place.arguments(), *(["--force"] if force else [])]
        return reported("fit-many", [*_arguments(sessions, out, model, config, folder), *chosen])


def fitted_together(
    sessions: Sequence[Path],
    out: Path,
    model: Load,
    config: FitConfig,
    basis: Path | None,
    *,
    force: bool = False,
) -> tuple[int, list[Warned]]:
    """Fit all participants at once into one file; return how many it holds, and why others are not there.

    Raises:
        GazeTwinError: not one could be fitted, or the program failed.
    """
    with tempfile.TemporaryDirectory(prefix="gazetwin-fit-") as folder:
        over = [
            *([] if basis is None else ["--basis", str(basis.resolve())]),
            *(["--force"] if force else []),
        ]
        _, warned = reported("fit-together", [*_arguments(sessions, out, model, config, folder), *over])
    return len(described_at(str(out))), warned


def _arguments(sessions: Sequence[Path], out: Path, model: Load, config: FitConfig, folder: str) -> list[str]:
    settings = Path(folder, "fit.toml")
    settings.write_text(config.to_toml(), encoding="utf-8")
    named = [str(session.resolve()) for session in sessions]
    chosen = ["--backbone", model.backbone, "--device", model.device, "--precision", model.precision]
    return [*named, "--out", str(out.resolve()), "--config", str(settings), *chosen]
