"""What the Studio benchmark measures, each in a program of its own."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer

from acquisition.viewer.settings import ViewerSettings
from benchmarks import _recorded
from protocols.participant import Participant
from protocols.study import load_study
from studio import visit_session
from studio.app import Studio
from studio.engine import loaded, work
from studio.inputs import Wished
from studio.settings import Settings
from studio.sources import SourceChoice
from studio.visit import Visit
from studio.windows.performing import application
from studio.wishes import Accept, ShowTargets
from tuning.config import FitConfig
from tuning.events import Fit, Load

RATE_HZ = 1200.0
_TICK_MS = 4
_SETTLED_MS = 1000
_WATCH_MS = 50


def first_window(folder: Path) -> None:
    """Open the Studio, say when its window has been painted, and what of the model libraries is loaded."""
    app = application()
    studio = Studio(app, Settings(data_folder=folder))
    painted = _Painted(app.quit)
    studio.window.installEventFilter(painted)
    studio.show()
    app.exec()
    print(json.dumps({"painted_unix_s": painted.unix_s, "torch": "torch" in sys.modules}), flush=True)


class _Painted(QObject):
    def __init__(self, leave: Callable[[], object]) -> None:
        super().__init__()
        self._leave, self.unix_s = leave, 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if event.type() == QEvent.Type.Paint and not self.unix_s:
            # Zero: as soon as everything that was painted has been flushed.
            self.unix_s = time.time()
            QTimer.singleShot(0, self._leave)
        return super().eventFilter(watched, event)


class Gaps(QObject):
    """Time between two turns of the event loop as a timer of 4 ms sees it, less these 4 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps_ms: list[float] = []
        self._last_s = 0.0
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._last_s = time.perf_counter()
        self._timer.start()

    def _beat(self) -> None:
        now_s = time.perf_counter()
        self.gaps_ms.append(max((now_s - self._last_s) * 1000 - _TICK_MS, 0.0))
        self._last_s = now_s


class Session(QObject):
    """A session in the Session room, with fits beside it, for so many seconds."""

    def __init__(self, folder: Path, seconds: float) -> None:
        super().__init__()
        self._app, self._seconds = application(), seconds
        self._studio, self._gaps = Studio(self._app, Settings(data_folder=folder)), Gaps()
        self._step, self._fits, self._over = "", 0, threading.Event()
        self._folder = folder
        self._fitter = threading.Thread(target=self._fit, name="fit")
        self._watch = QTimer(self, interval=_WATCH_MS)
        self._watch.timeout.connect(self._go_on)

    def run(self) -> None:
        """Record; print what was measured."""
        house = self._studio.house
        visit = Visit(load_study("demo"), Participant(pseudonym="P01"), source=SourceChoice("mock"), seed=3)
        house.visit.put(visit)
        self._studio.window.show()
        self._studio.go("session", None)
        # The rooms offer no choice of rate for the simulated tracker; the benchmark needs a fast one.
        visit_session.ViewerSettings = partial(ViewerSettings, rate_hz=RATE_HZ)  # type: ignore[assignment,attr-defined]
        self._performance = visit_session.begin(house)
        self._performance.over.connect(self._app.quit)
        self._watch.start()
        self._app.exec()
        self._over.set()
        self._fitter.join()
        house.background.close()
        print(json.dumps(self._found()), flush=True)

    def _go_on(self) -> None:
        """Answer the calibration, and measure once the first page is there."""
        state = self._performance.state()
        step = "" if state.calibration is None else state.calibration.step
        if step != self._step:
            self._step = step
            if step == "positions":
                self._performance.post(Wished(ShowTargets()))
            elif step == "deciding":
                self._performance.post(Wished(Accept("benchmark")))
        if state.page is not None:
            self._watch.stop()
            self._fitter.start()
            QTimer.singleShot(_SETTLED_MS, self._gaps.start)
            QTimer.singleShot(round(1000 * self._seconds) + _SETTLED_MS, self._end)

    def _end(self) -> None:
        room = self._studio.window.room("session")
        room.controller.end("measured long enough")  # type: ignore[attr-defined] # the Session room has one

    def _fit(self) -> None:
        """Fit one twin after the other in the engine program, until the session is over."""
        session = self._folder / "fitted.h5"
        with loaded(Load()) as program:
            while not self._over.is_set():
                out = str(self._folder / f"persona-{self._fits}.safetensors")
                for _ in work(program, Fit(sessions=(str(session),), out=out, config=FitConfig(seed=1))):
                    if self._over.is_set():
                        return
                self._fits += 1

    def _found(self) -> dict[str, object]:
        gaps_ms, recorded = np.asarray(self._gaps.gaps_ms), self._performance.result()
        report, sent = recorded.report, recorded.viewer.sent if recorded.viewer else 0
        marks = {f"p{mark:g}": float(np.percentile(gaps_ms, mark)) for mark in (50, 99, 99.9)}
        return {
            **marks,
            "max": float(gaps_ms.max()),
            "beats": len(gaps_ms),
            "samples": report.samples,
            "seconds": report.last_t_s - report.first_t_s,
            "lost": sent - report.samples,
            "failure": report.failure,
            "fits": self._fits,
            "torch": "torch" in sys.modules,
        }


def session(folder: Path, seconds: float) -> None:
    """Record for so many seconds while twins are fitted."""
    Session(folder, seconds).run()


def prepare(folder: Path) -> None:
    """Write what will be fitted; in another program, so that the measured one is as it starts."""
    _recorded.write(folder / "fitted.h5")
