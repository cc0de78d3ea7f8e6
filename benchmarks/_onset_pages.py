"""Shows pages in a window as a session does, and tells the stamp of each. Run by ``benchmarks.onset``."""

from __future__ import annotations

import json
import random
import sys
import threading
import time

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from acquisition.clock import SteadyClock
from protocols.invented import invented_screen
from protocols.raster import render
from protocols.stimulus import Viewport
from studio.windows.participant import ParticipantWindow
from studio.windows.stage import WindowStage


def main(pages: int) -> None:
    """Show pages whose first pixel alternates, at random moments, and print what is known of each."""
    app = QApplication([])
    clock, window = SteadyClock(), ParticipantWindow((1920, 1080))
    stage = WindowStage(window, clock)
    window.show_patch("top-left")
    window.show_on(app.primaryScreen())
    told: list[dict[str, object]] = []
    screen = invented_screen(np.random.default_rng(1), "s", "rows")
    still = (0,) * len(screen.rows)
    shown = [render(screen, Viewport(scroll_px, still)) for scroll_px in (0.0, 100.0)]

    def session() -> None:
        time.sleep(1.0)
        rng = random.Random(1)
        for number in range(pages):
            time.sleep(rng.uniform(0.05, 0.09))
            t_s = stage.page(shown[number % 2], number, None)
            told.append({"t_s": t_s, **stage.onset()})
        stage.close()

    thread = threading.Thread(target=session)
    thread.start()
    timer = QTimer()
    timer.timeout.connect(lambda: thread.is_alive() or app.exit())
    timer.start(20)
    app.exec()
    thread.join()
    sys.stdout.write(json.dumps([told, stage.onsets.words()]) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
