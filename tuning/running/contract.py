"""What is computed elsewhere, what comes back, and who computes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, TypeAdapter

from tuning.events import Comparison
from tuning.experiments.cells import Cell
from tuning.experiments.results import CellResult
from tuning.persona_task import PersonaTask


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Computed(_Edge):
    """A cell of an experiment has a result."""

    kind: Literal["computed"] = "computed"
    result: CellResult


class Fitted(_Edge):
    """A persona is fitted.

    Attributes:
        digest: of the task.
        file: the persona's file, base64; whoever asked writes it, so workers need no common output folder.
        comparison: on held-out screens.
    """

    kind: Literal["fitted"] = "fitted"
    digest: str
    file: str
    comparison: Comparison


class NotComputed(_Edge):
    """A task has no result: the three parts of the error, and the task's digest."""

    kind: Literal["not-computed"] = "not-computed"
    digest: str
    words: str
    what: str
    why: str
    fix: str


Task = Cell | PersonaTask
Outcome = Computed | Fitted | NotComputed
TASK: TypeAdapter[Task] = TypeAdapter(Task)
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class Runner(Protocol):
    """Computes tasks, in any order and number at a time."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Yield one outcome per task as soon as it is there; closing the iterator stops all work.

        Raises:
            ProgramCrashed: workers died more often than is borne; what is finished has been yielded.
        """
        ...
