"""Print the requirements of one optional extra, one a line, without those of GazeTwin itself.

Environments of other programs get what their tests need and nothing of ours::

    python scripts/extra.py NAME
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def requirements(extra: str) -> list[str]:
    """Return the requirements of an extra."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return list(project["optional-dependencies"][extra])


def main() -> None:
    """Print them."""
    sys.stdout.write("".join(f"{line}\n" for line in requirements(sys.argv[1])))


if __name__ == "__main__":
    main()
