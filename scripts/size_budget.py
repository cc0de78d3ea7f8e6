"""Keep rooms small: no file above 400 lines, functions short.

Lengths of functions count from ``def`` to the last line, without the docstring.
"""

from __future__ import annotations

import ast
import math
import statistics
import sys
from pathlib import Path

PACKAGES = ("studio", "tuning", "sessions", "acquisition", "protocols")
ALSO_COUNTED = ("scripts", "benchmarks", "tests")
MAX_FILE_LINES = 400
MAX_MEDIAN_LINES = 10
MAX_P95_LINES = 40

ALLOWED_LONG: dict[str, str] = {}  # path -> the reason why it is one idea all the same


def function_lengths(source: str) -> list[int]:
    """Return the length in lines of every function in ``source``."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [_length(node) for node in ast.walk(ast.parse(source)) if isinstance(node, functions)]


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def too_long(files: list[Path]) -> list[str]:
    """Return one sentence per file above the limit."""
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    return [
        f"{path} has {lines} lines; the limit is {MAX_FILE_LINES}. Split it by reason to change."
        for path, lines in counts.items()
        if lines > MAX_FILE_LINES and path.as_posix() not in ALLOWED_LONG
    ]


def main() -> int:
    """Print the measures; return 1 when one is over budget."""
    packages = [path for name in PACKAGES for path in sorted(Path(name).rglob("*.py"))]
    others = [path for name in ALSO_COUNTED for path in sorted(Path(name).rglob("*.py"))]
    lengths = sorted(n for path in packages for n in function_lengths(path.read_text(encoding="utf-8")))
    median = statistics.median(lengths)
    p95 = lengths[math.ceil(0.95 * len(lengths)) - 1]
    problems = too_long(packages + others)
    if median > MAX_MEDIAN_LINES:
        problems.append(f"The median function has {median:g} lines; the limit is {MAX_MEDIAN_LINES}.")
    if p95 > MAX_P95_LINES:
        problems.append(f"95 % of functions have up to {p95} lines; the limit is {MAX_P95_LINES}.")
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    measures = f"median {median:g}, p95 {p95}, longest {lengths[-1]} lines"
    sys.stdout.write(f"{len(packages)} files, {len(lengths)} functions: {measures}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
