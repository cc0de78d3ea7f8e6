"""SLURM that computes tasks, by submitit: an array of jobs, each with a share of the tasks and one model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from protocols.errors import ProgramCrashed, SetupError
from tuning.running.contract import OUTCOME, TASK, Outcome, Task
from tuning.running.worker import outcome

POLL_S = 5.0


class SlurmRunner:
    """Jobs of an array.

    Args:
        jobs: how many jobs share the tasks.
        logs: folder for job scripts and their output, seen by all nodes.
        partition: of SLURM, empty for the default one.
        gpus: whole GPUs per job.
        hours: a job may take at most.
        system: ``local`` runs the same jobs as processes on this machine.
    """

    def __init__(
        self,
        jobs: int,
        logs: Path,
        partition: str = "",
        gpus: int = 0,
        hours: float = 24.0,
        system: Literal["slurm", "local"] = "slurm",
    ) -> None:
        self._jobs, self._logs, self._partition = jobs, logs, partition
        self._gpus, self._hours, self._system = gpus, hours, system

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """See `Runner.run`; the outcomes of a job come together, when it ends.

        Raises:
            SetupError: there is no submitit, or no SLURM here.
            ProgramCrashed: a job failed; other jobs' results have been yielded.
        """
        from concurrent.futures import CancelledError

        submitit = _submitit()
        executor = self._executor(submitit)
        shares = [list(tasks[start :: self._jobs]) for start in range(self._jobs)]
        jobs = executor.map_array(compute, [_text(share) for share in shares if share])
        failed: list[Exception] = []
        try:
            for job in submitit.helpers.as_completed(jobs, poll_frequency=POLL_S):
                try:
                    yield from (OUTCOME.validate_json(line) for line in job.result())
                except (submitit.core.utils.FailedJobError, CancelledError) as error:
                    failed.append(error)
        finally:
            for job in jobs:
                if not job.done():
                    job.cancel()
        if failed:
            raise _died(len(failed), failed[0], self._logs)

    def _executor(self, submitit: Any) -> Any:
        try:
            executor = submitit.AutoExecutor(folder=self._logs, cluster=self._system)
        except RuntimeError as error:
            raise SetupError(
                f"SLURM cannot be used here: {error}",
                "No job was submitted.",
                "Run this on a login node where sbatch works, or leave out --cluster.",
            ) from error
        executor.update_parameters(
            timeout_min=round(60 * self._hours), cpus_per_task=1, gpus_per_node=self._gpus, name="gazetwin"
        )
        if self._partition and self._system == "slurm":
            executor.update_parameters(slurm_partition=self._partition)
        return executor


def compute(tasks: list[str]) -> list[str]:
    """Compute tasks where a job runs: JSON in, JSON out."""
    return [outcome(TASK.validate_json(task)).model_dump_json() for task in tasks]


def _text(tasks: Sequence[Task]) -> list[str]:
    return [task.model_dump_json() for task in tasks]


def _submitit() -> Any:
    try:
        import submitit
    except ModuleNotFoundError as error:
        raise SetupError(
            f"submitit is not installed: {error}.",
            "No job can be submitted.",
            'Install it with pip install "gazetwin[cluster]", or leave out --cluster.',
        ) from error
    return submitit


def _died(count: int, first: Exception, logs: Path) -> ProgramCrashed:
    return ProgramCrashed(
        f"Jobs that failed: {count}. The first: {str(first).splitlines()[0]}",
        "Their tasks have no results.",
        f"Look into {logs}, then run the same command again: it goes on where it stopped.",
    )
