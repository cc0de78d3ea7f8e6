"""The program that computes tasks: one task a line in, one outcome a line out.

Run as ``python -P -m tuning.running.worker``. It ends at once, in the middle of a task if need be, when
its input closes: nobody would take the result.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from protocols.errors import GazeTwinError
from tuning.config import Device, Precision
from tuning.engine import reserved_stdout
from tuning.experiments.cells import Cell
from tuning.running.contract import TASK, Computed, Fitted, NotComputed, Outcome, Task

if TYPE_CHECKING:
    from tuning.backbones.base import Backbone

log = logging.getLogger(__name__)


def main() -> None:
    """Serve until the input ends."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    sink = reserved_stdout()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), name="tasks", daemon=True).start()
    while True:
        print(outcome(TASK.validate_json(lines.get())).model_dump_json(), file=sink, flush=True)


def outcome(task: Task) -> Outcome:
    """Compute a task, and say why when it cannot be computed."""
    try:
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or 1))
        return _computed(task)
    except GazeTwinError as error:
        what, why, fix = error.what, error.why, error.fix
    except ModuleNotFoundError as error:
        what = f"The model libraries are not installed: {error}."
        why, fix = "Nothing can be fitted without them.", 'Install them: pip install "gazetwin[tune]".'
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        log.exception("%s", task.words())
        what = f"{task.words()} failed: {type(error).__name__}: {error}"
        why, fix = "The rest is not affected.", "Please report this message."
    return NotComputed(digest=task.digest, words=task.words(), what=what, why=why, fix=fix)


def _computed(task: Task) -> Outcome:
    if isinstance(task, Cell):
        from tuning.experiments.work import compute

        return Computed(result=compute(task))
    from tuning.persona_task import fit_task

    model = task.model
    file, comparison = fit_task(task, _backbone(model.backbone, model.device, model.precision))
    return Fitted(digest=task.digest, file=file, comparison=comparison)


@lru_cache(maxsize=1)
def _backbone(name: str, device: Device, precision: Precision) -> Backbone:
    """Load a model once for all tasks of this program."""
    from tuning.registry import load_backbone

    return load_backbone(name, device, precision)


def _listen(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
