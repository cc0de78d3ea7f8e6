"""Programs on this machine that compute tasks."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO, Self

from protocols.errors import ProgramCrashed
from tuning.running.contract import OUTCOME, Outcome, Task

_END_S = 5.0


class LocalRunner:
    """Programs on this machine, each with one thread and a model of its own.

    They end with this program, however it ends: each watches its input, which closes with its owner.

    Args:
        workers: number of programs.
        threads: of each.
    """

    def __init__(self, workers: int = 1, threads: int = 1) -> None:
        self._workers, self._threads = workers, threads

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """See `Runner.run`.

        Raises:
            ProgramCrashed: a worker died; what is finished has been yielded.
        """
        waiting = deque(tasks)
        said: queue.SimpleQueue[Outcome | ProgramCrashed] = queue.SimpleQueue()
        with contextlib.ExitStack() as stack:
            workers = [
                stack.enter_context(_Worker(self._threads, waiting, said))
                for _ in range(min(self._workers, len(tasks)))
            ]
            for worker in workers:
                worker.begin()
            for _ in range(len(tasks)):
                outcome = said.get()
                if isinstance(outcome, ProgramCrashed):
                    raise outcome
                yield outcome


class _Worker:
    """One program, and the thread that hands it one task after another."""

    def __init__(
        self, threads: int, waiting: deque[Task], said: queue.SimpleQueue[Outcome | ProgramCrashed]
    ) -> None:
        self._threads, self._waiting, self._said = threads, waiting, said
        self._thread = threading.Thread(target=self._feed, name="tasks", daemon=True)

    def __enter__(self) -> Self:
        pinned = {name: str(self._threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tuning.running.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, **pinned},
            start_new_session=True,  # Ctrl-C reaches the owner only
        )
        return self

    def begin(self) -> None:
        """Start handing out tasks."""
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
                task = self._waiting.popleft()
            except IndexError:
                return
            try:
                source.write(task.model_dump_json() + "\n")
                source.flush()
                line = sink.readline()
            except (OSError, ValueError):  # closed at either end
                line = ""
            if not line:
                self._said.put(_crashed(task))
                return
            self._said.put(OUTCOME.validate_json(line))

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        source, sink = self._process.stdin, self._process.stdout
        if source is None or sink is None:
            raise AssertionError("both are pipes")
        return source, sink


def _crashed(task: Task) -> ProgramCrashed:
    return ProgramCrashed(
        f"The program that computed {task.words()} has ended without a result.",
        "This and later results are missing.",
        "Run the same command again: it goes on where it stopped. Use fewer workers if memory was short.",
    )
