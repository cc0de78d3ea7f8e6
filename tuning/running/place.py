"""Where to compute, as asked for in words."""

from __future__ import annotations

from pathlib import Path

from tuning.running.contract import Runner
from tuning.running.local import LocalRunner
from tuning.running.on_ray import RayRunner
from tuning.running.on_slurm import SlurmRunner

SLURM = "slurm"


def runner(cluster: str, workers: int | None, gpus: float, out: Path) -> Runner:
    """Return who computes.

    Args:
        cluster: empty for programs on this machine; ``slurm`` or ``slurm:PARTITION``; otherwise the address
            of a Ray cluster, ``local`` for one that is started here.
        workers: how many; None for one program here, for ten jobs of SLURM, for all that Ray has room for.
        gpus: per worker; fractions only with Ray.
        out: folder of the results; SLURM's logs go below it.
    """
    if not cluster:
        return LocalRunner(workers or 1)
    system, _, partition = cluster.partition(":")
    if system == SLURM:
        return SlurmRunner(workers or 10, out / "slurm", partition, round(gpus))
    return RayRunner(cluster, workers, gpus)
