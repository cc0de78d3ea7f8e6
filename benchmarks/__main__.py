"""Run a benchmark by name: ``python -m benchmarks NAME [ARGUMENTS]``.

Every other module in this folder is a benchmark with a ``main(arguments)``; dashes in the name stand for
underscores. Without a name, all of them run. One that returns False has missed a target.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """Return the names of all benchmarks."""
    here = Path(__file__).parent
    return sorted(path.stem.replace("_", "-") for path in here.glob("*.py") if not path.stem.startswith("_"))


def run(name: str, arguments: list[str]) -> bool:
    """Run one benchmark; return whether it met its targets, if it has any."""
    print(f"== {name}", flush=True)
    module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
    return module.main(arguments) is not False


def main() -> int:
    """Run the benchmarks that the command line names; return 1 for a missed target, 2 for an unknown name."""
    chosen, arguments = sys.argv[1:2] or names(), sys.argv[2:]
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        sys.stderr.write(f"No benchmark named {unknown[0]!r}. There are: {', '.join(names())}.\n")
        return 2
    met = [run(name, arguments) for name in chosen]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
