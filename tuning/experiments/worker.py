"""The program that computes cells: one cell a line in, one outcome a line out.

Run as ``python -P -m tuning.experiments.worker``. It ends at once, in the middle of a cell if need be, when
its input closes: nobody would take the result.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading

from protocols.errors import GazeTwinError
from tuning.engine import reserved_stdout
from tuning.experiments.cells import Cell
from tuning.experiments.runner import Computed, NotComputed, Outcome

log = logging.getLogger(__name__)


def main() -> None:
    """Serve until the input ends."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    sink = reserved_stdout()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), name="cells", daemon=True).start()
    while True:
        print(outcome(Cell.model_validate_json(lines.get())).model_dump_json(), file=sink, flush=True)


def outcome(cell: Cell) -> Outcome:
    """Compute a cell, and say why when it cannot be computed."""
    try:
        import torch

        from tuning.experiments.work import compute

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or 1))
        return Computed(result=compute(cell))
    except GazeTwinError as error:
        what, why, fix = error.what, error.why, error.fix
    except ModuleNotFoundError as error:
        what = f"The model libraries are not installed: {error}."
        why, fix = "Nothing can be fitted without them.", 'Install them: pip install "gazetwin[tune]".'
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        log.exception("%s", cell.words())
        what = f"{cell.words()} failed: {type(error).__name__}: {error}"
        why, fix = "The rest of the study is not affected.", "Please report this message."
    return NotComputed(digest=cell.digest, words=cell.words(), what=what, why=why, fix=fix)


def _listen(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
