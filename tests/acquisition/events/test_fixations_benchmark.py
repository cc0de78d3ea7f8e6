from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import fixations
from benchmarks._agreement import kappa


def test_ours_is_measured_and_what_is_missing_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fixations, "OTHERS", tmp_path / "python")
    monkeypatch.setattr(fixations, "MANY", 10_000)
    fixations.main(["--seconds", "10", "--rate", "60"])
    lines = capsys.readouterr().out.splitlines()
    offline, incremental = (next(x for x in lines if x.startswith(f"ours, I-VT {w}")) for w in ("off", "inc"))
    assert offline.split()[6:] == incremental.split()[6:]  # F1, kappa and number
    assert float(offline.split()[6]) >= 0.92
    assert sum("make bench" in line for line in lines) == 2 * 3


def test_kappa_of_known_tables() -> None:
    a = np.array([True] * 60 + [False] * 40)
    assert kappa(a, a) == 1.0
    assert kappa(a, ~a) < 0
    b = np.array([True] * 45 + [False] * 15 + [True] * 25 + [False] * 15)
    assert kappa(a, b) == pytest.approx(0.1304, abs=1e-4)  # the textbook example with raters at 60 % and 70 %
