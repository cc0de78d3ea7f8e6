"""Progress of long work on a terminal, or one line per part where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from protocols.wire import Progress
from studio.cli.output import note

Tell = Callable[[Progress], None]


def on_terminal() -> bool:
    """Tell whether somebody watches standard error."""
    return sys.stderr.isatty()


@contextmanager
def told() -> Iterator[Tell]:
    """Yield what shows progress on standard error for as long as the context lasts; from any thread."""
    if not on_terminal():
        yield _Lines().tell
        return
    times = (TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *times)
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(said: Progress) -> None:
            bar.update(task, description=said.message, completed=said.done, total=said.total)

        yield tell


class _Lines:
    """Writes a line whenever other work begins."""

    def __init__(self) -> None:
        self._last = ""

    def tell(self, said: Progress) -> None:
        if said.message and said.message != self._last:
            self._last = said.message
            note(said.message)
