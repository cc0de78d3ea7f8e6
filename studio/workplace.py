"""Where long work of tuning is done, and watching it until it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from protocols.wire import Done, Failed, Message, Progress
from studio.cli.output import report_warning
from studio.engine import running
from studio.programs import Program
from studio.progress import told
from tuning.events import Event, Saved, Warned

_SILENT_S = 24 * 3600.0
"""A single fit with a large model may take hours."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the work is done; see the options' help.

    Attributes:
        workers: how many compute at a time, None for what suits the place.
        cluster: address, empty for programs on this machine.
        gpus: per worker.
    """

    workers: int | None = None
    cluster: str = ""
    gpus: float = 0.0

    def arguments(self) -> list[str]:
        """Return the same for a program of tuning."""
        workers = [] if self.workers is None else ["--workers", str(self.workers)]
        return [*workers, "--cluster", self.cluster, "--gpus", str(self.gpus)]


def reported(name: str, arguments: list[str]) -> tuple[list[Path], list[Warned]]:
    """Run a program of tuning to its end, showing how far it is; return what it saved and warned of.

    Warnings are shown as they come, each once, so that they stand before an error that refers to them.

    Raises:
        GazeTwinError: the program failed.
    """
    written: list[Path] = []
    warned: list[Warned] = []
    with told() as tell, running(lambda: Program(name, "tuning", [name, *arguments], Event)) as program:
        for event in _events(program):
            if isinstance(event, Progress):
                tell(event)
            elif isinstance(event, Saved):
                written.append(Path(event.path))
            elif isinstance(event, Warned):
                if event not in warned:
                    report_warning(event.what, event.why, event.fix)
                warned.append(event)
    return written, warned


def _events(program: Program) -> Iterator[Message]:
    while not isinstance(event := program.receive(_SILENT_S), Done):
        if isinstance(event, Failed):
            raise event.error()
        yield event
