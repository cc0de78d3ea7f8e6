"""Who computes cells: a contract, and programs on this machine that keep it.

A cluster's runner takes the same cells and yields the same outcomes; it needs nothing else of this package
than `tuning.experiments.work.compute` where the models are.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter

from protocols.errors import ProgramCrashed
from tuning.experiments.cells import Cell
from tuning.experiments.results import CellResult

_END_S = 5.0


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Computed(_Edge):
    """A cell has a result."""

    kind: Literal["computed"] = "computed"
    result: CellResult


class NotComputed(_Edge):
    """A cell has none: the three parts of the error, and its digest."""

    kind: Literal["not-computed"] = "not-computed"
    digest: str
    words: str
    what: str
    why: str
    fix: str


Outcome = Computed | NotComputed
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class Runner(Protocol):
    """Computes cells, in any order and number at a time."""

    def run(self, cells: Sequence[Cell]) -> Iterator[Outcome]:
        """Yield one outcome per cell as soon as it is there; closing the iterator stops all work."""
        ...


class LocalRunner:
    """Programs on this machine, each with one thread and a model of its own.

    They end with this program, however it ends: each watches its input, which closes with its owner.

    Args:
        workers: number of programs.
        threads: of each.
    """

    def __init__(self, workers: int = 1, threads: int = 1) -> None:
        self._workers, self._threads = workers, threads

    def run(self, cells: Sequence[Cell]) -> Iterator[Outcome]:
        """See `Runner.run`.

        Raises:
            ProgramCrashed: a worker died; what is finished has been yielded.
        """
        waiting = deque(cells)
        said: queue.SimpleQueue[Outcome | ProgramCrashed] = queue.SimpleQueue()
        with contextlib.ExitStack() as stack:
            workers = [
                stack.enter_context(_Worker(self._threads, waiting, said))
                for _ in range(min(self._workers, len(cells)))
            ]
            for worker in workers:
                worker.begin()
            for _ in range(len(cells)):
                outcome = said.get()
                if isinstance(outcome, ProgramCrashed):
                    raise outcome
                yield outcome


class _Worker:
    """One program, and the thread that hands it one cell after another."""

    def __init__(
        self, threads: int, waiting: deque[Cell], said: queue.SimpleQueue[Outcome | ProgramCrashed]
    ) -> None:
        self._threads, self._waiting, self._said = threads, waiting, said
        self._thread = threading.Thread(target=self._feed, name="cells", daemon=True)

    def __enter__(self) -> Self:
        pinned = {name: str(self._threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tuning.experiments.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, **pinned},
            start_new_session=True,  # Ctrl-C reaches the owner only
        )
        return self

    def begin(self) -> None:
        """Start handing out cells."""
        self._thread.start()

    def __exit__(self, *reason: object) -> None:
        self._waiting.clear()
        source, sink = self._pipes()
        with contextlib.suppress(BrokenPipeError):
            source.close()
        if reason[0] is not None:
            self._process.kill()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._thread.ident is not None:
            self._thread.join()
        sink.close()

    def _feed(self) -> None:
        source, sink = self._pipes()
        while True:
            try:
                cell = self._waiting.popleft()
            except IndexError:
                return
            try:
                source.write(cell.model_dump_json() + "\n")
                source.flush()
                line = sink.readline()
            except (OSError, ValueError):  # closed at either end
                line = ""
            if not line:
                self._said.put(_crashed(cell))
                return
            self._said.put(OUTCOME.validate_json(line))

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        source, sink = self._process.stdin, self._process.stdout
        if source is None or sink is None:
            raise AssertionError("both are pipes")
        return source, sink


def _crashed(cell: Cell) -> ProgramCrashed:
    return ProgramCrashed(
        f"The program that computed {cell.words()} has ended without a result.",
        "This and later cells are missing.",
        "Run the study again: it goes on where it stopped. If it was short of memory, use fewer workers.",
    )
