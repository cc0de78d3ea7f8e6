"""A Ray cluster that computes tasks: a pool of actors, each with a model of its own.

Actors, not tasks of Ray's, because a task would load the model anew. Ray restarts an actor that died and
gives it its work again; a worker that dies every time ends the run, and what is finished has been yielded.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from protocols.errors import ProgramCrashed, SetupError
from tuning.running.contract import OUTCOME, TASK, Outcome, Task
from tuning.running.worker import outcome

log = logging.getLogger(__name__)

DEATHS = 3
"""So often a worker may die before the run ends."""
CONNECT_S = 5.0


class RayRunner:
    """Actors on a Ray cluster.

    Args:
        address: of the cluster, as `ray.init` takes it; ``local`` starts one on this machine.
        workers: number of actors; None for as many as the cluster has room for.
        gpus: per actor, may be a fraction; 0 for none.
    """

    def __init__(self, address: str, workers: int | None = None, gpus: float = 0.0) -> None:
        self._address, self._workers, self._gpus = address, workers, gpus

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """See `Runner.run`.

        Raises:
            SetupError: there is no Ray, no cluster at the address, or no room for one actor.
            ProgramCrashed: a worker died again and again.
        """
        with _connected(self._address) as ray:
            from ray.exceptions import RayError
            from ray.util import ActorPool

            pool: Any = ActorPool(self._actors(ray, len(tasks)))
            for task in tasks:
                pool.submit(lambda actor, text: actor.compute.remote(text), task.model_dump_json())
            while pool.has_next():
                try:
                    said = pool.get_next_unordered()
                except RayError as error:
                    raise _died(error) from error
                yield OUTCOME.validate_json(said)

    def _actors(self, ray: Any, most: int) -> list[Any]:
        """Start actors, for as many tasks as there are at most."""
        worker = ray.remote(_Worker).options(
            num_cpus=1, num_gpus=self._gpus, max_restarts=DEATHS, max_task_retries=DEATHS
        )
        count = self._workers or self._room(ray.cluster_resources())
        return [worker.remote() for _ in range(min(count, most))]

    def _room(self, resources: dict[str, float]) -> int:
        room = int(resources.get("CPU", 0.0))
        if self._gpus:
            room = min(room, int(resources.get("GPU", 0.0) / self._gpus))
        if room == 0:
            raise SetupError(
                f"The cluster at {self._address} has {resources.get('CPU', 0.0):g} cores and"
                f" {resources.get('GPU', 0.0):g} GPUs; a worker needs one core and {self._gpus:g} GPUs.",
                "Nothing could be computed there.",
                "Start nodes with more resources, or ask for fewer GPUs per worker.",
            )
        return room


class _Worker:
    """Lives in an actor; takes and gives JSON, so that both ends agree on the form or refuse."""

    def compute(self, text: str) -> str:
        """Compute one task."""
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        return outcome(TASK.validate_json(text)).model_dump_json()


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise SetupError(
            f"Ray is not installed: {error}.",
            "No cluster can be asked.",
            'Install it with pip install "gazetwin[cluster]", or leave out --cluster.',
        ) from error
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise SetupError(
            f"No Ray cluster answers at {address!r}: {error}",
            "Nothing was computed.",
            "Start one with `ray start --head` and name the address it prints, or use --cluster local.",
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise OSError where nobody listens; Ray itself would wait for two minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_S).close()


def _died(error: Exception) -> ProgramCrashed:
    return ProgramCrashed(
        f"A worker of the cluster died {DEATHS + 1} times: {str(error).splitlines()[0]}",
        "Its task and those after it have no results.",
        "Run the same command again: it goes on where it stopped. If workers are short of memory, use fewer.",
    )
