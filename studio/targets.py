"""Shows targets on a stage, one by one, and writes down when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from acquisition.targets import Point, ShownTarget
from protocols.cards import target
from protocols.geometry import Screen
from protocols.markers import Code
from studio.journal import Journal
from studio.stage import Stage

TARGET_S = 1.0
ARRIVAL_S = 0.15  # gaze of the last moment is still on its way
_FRAMES_S = (0.0, 0.12, 0.24, 0.36)
"""When the shrinking target is drawn anew, counted from its onset."""

Wait = Callable[[float], float]
"""Waits until a session time in s, for -inf not at all; returns what it became; raises to leave."""


class TargetShow:
    """Shows targets.

    Args:
        screen: the display.
        stage: shows them.
        journal: writes down when.
        wait_until: waits.
    """

    def __init__(self, screen: Screen, stage: Stage, journal: Journal, wait_until: Wait) -> None:
        self._screen, self._stage = screen, stage
        self._journal, self._wait_until = journal, wait_until

    def show(
        self, targets: Iterable[Point], code: Code, payload: dict[str, object], trial: int = -1
    ) -> tuple[ShownTarget, ...]:
        """Show targets one by one and mark the onset of each.

        Args:
            targets: where, in px.
            code: of the markers.
            payload: written with each, beside its place.
            trial: of the markers.
        """
        return tuple(self._shown(xy, code, payload, trial) for xy in targets)

    def _shown(self, xy_px: Point, code: Code, payload: dict[str, object], trial: int) -> ShownTarget:
        on_s = self._stage.target(xy_px, self._drawn(xy_px, 0.0))
        self._journal.mark(on_s, code, trial, {**payload, "x_px": xy_px[0], "y_px": xy_px[1]})
        for frame_s in _FRAMES_S[1:]:
            self._wait_until(on_s + frame_s)
            self._stage.details(self._drawn(xy_px, frame_s / _FRAMES_S[-1]))
        return ShownTarget(xy_px, on_s, self._wait_until(on_s + TARGET_S))

    def _drawn(self, xy_px: Point, progress: float) -> partial[np.ndarray]:
        return partial(target, xy_px, self._screen.size_px, self._screen, progress)
