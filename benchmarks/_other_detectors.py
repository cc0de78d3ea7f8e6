"""Runs a detector of another package: ``python _other_detectors.py NAME IN.npz OUT.npz``.

Only this program needs those packages, and only this program's environment has them: they bring some thirty
others along, which change what our own dependencies do when they are there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Spans = tuple[Any, Any]
"""Indices of the first and last samples of fixations, each shape (n,)."""


def pymovements_ivt(xy_deg: Any, rate_hz: float) -> Spans:
    """Velocity threshold, 20 deg/s, at least 100 ms; velocity over five samples, its own default."""
    from pymovements.events import ivt
    from pymovements.transforms.numpy import pos2vel

    velocity = pos2vel(xy_deg, rate_hz, method="smooth")
    return _spans(ivt(velocity, minimum_duration=round(0.1 * rate_hz)))


def pymovements_idt(xy_deg: Any, rate_hz: float) -> Spans:
    """Dispersion threshold, 1 deg, at least 100 ms."""
    from pymovements.events import idt

    return _spans(idt(xy_deg, minimum_duration=round(0.1 * rate_hz)))


def remodnav(xy_deg: Any, rate_hz: float) -> Spans:
    """All defaults; what it calls fixation or pursuit is fixation here."""
    from remodnav.clf import EyegazeClassifier

    data = np.rec.fromarrays(list(xy_deg.T), dtype=[("x", np.float64), ("y", np.float64)])
    classifier = EyegazeClassifier(px2deg=1.0, sampling_rate=rate_hz)
    events = [e for e in classifier(classifier.preproc(data)) if e["label"] in ("FIXA", "PURS")]
    first = np.asarray([round(e["start_time"] * rate_hz) for e in events], dtype=np.int64)
    last = np.asarray([round(e["end_time"] * rate_hz) - 1 for e in events], dtype=np.int64)
    return first, np.minimum(last, len(xy_deg) - 1)


DETECTORS: dict[str, Callable[[Any, float], Spans]] = {
    "pymovements-ivt": pymovements_ivt,
    "pymovements-idt": pymovements_idt,
    "remodnav": remodnav,
}


def main() -> int:
    """Read positions, write spans and how long they took to find."""
    detector, source, target = DETECTORS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3])
    with np.load(source, allow_pickle=False) as file:
        xy_deg, rate_hz = file["xy_deg"], float(file["rate_hz"])
    detector(xy_deg[: int(4 * rate_hz)], rate_hz)  # imports are not what is measured
    began_s = time.process_time()
    first, last = detector(xy_deg, rate_hz)
    np.savez(target, first=first, last=last, took_s=time.process_time() - began_s)
    return 0


def _spans(events: Any) -> Spans:
    frame = events.frame
    return frame["onset"].to_numpy(), frame["offset"].to_numpy()


if __name__ == "__main__":
    sys.exit(main())
