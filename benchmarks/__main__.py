"""Run a benchmark by name: ``python -m benchmarks NAME [ARGUMENTS]``.

Every other module in this folder is a benchmark with a ``main(arguments)``; dashes in the name stand for
underscores. Without a name, all of them run.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """Return the names of all benchmarks."""
    here = Path(__file__).parent
    return sorted(path.stem.replace("_", "-") for path in here.glob("*.py") if not path.stem.startswith("_"))


def run(name: str, arguments: list[str]) -> None:
    """Run one benchmark."""
    print(f"== {name}")
    importlib.import_module(f"benchmarks.{name.replace('-', '_')}").main(arguments)


def main() -> int:
    """Run the benchmarks that the command line names; return 2 for an unknown name."""
    chosen, arguments = sys.argv[1:2] or names(), sys.argv[2:]
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        sys.stderr.write(f"No benchmark named {unknown[0]!r}. There are: {', '.join(names())}.\n")
        return 2
    for name in chosen:
        run(name, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
