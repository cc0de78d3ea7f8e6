"""Fail when a test was skipped for a reason that nobody agreed to.

A skip that nobody notices is a test that does not exist. Usage: ``python scripts/no_skips.py REPORT.xml``,
with the report of ``pytest --junitxml``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

AGREED = {
    "needs a CUDA device": "not every machine has a graphics card; those tests run where there is one",
}


def unexpected(report: Path) -> list[str]:
    """Return ``test: reason`` for every skip in the report whose reason is not agreed."""
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        skipped = case.find("skipped")
        if skipped is not None and skipped.get("type") != "pytest.xfail":
            reason = skipped.get("message", "")
            if reason not in AGREED:
                found.append(f"{case.get('classname')}::{case.get('name')}: {reason}")
    return found


def main() -> int:
    """Print unexpected skips on standard error; return 1 when there are any."""
    found = unexpected(Path(sys.argv[1]))
    for line in found:
        sys.stderr.write(f"unexpected skip: {line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
