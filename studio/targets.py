"""Shows targets on a stage, one by one, and writes down when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from acquisition.targets import Point, ShownTarget
from protocols.cards import target, target_tile
from protocols.geometry import Screen
from protocols.markers import Code
from studio.journal import Journal
from studio.motion import Motion
from studio.stage import Stage

TARGET_S = 1.0
ARRIVAL_S = 0.15  # gaze of the last moment is still on its way
GLIDE_S = 0.5
_SHRINK_S = 0.36
_PULSE_S = 0.02

Wait = Callable[[float], float]
"""Waits until a session time in s, for -inf not at all; returns what it became; raises to leave."""


class TargetShow:
    """Shows targets. Each glides from the place of the one before, stands still, and shrinks there.

    Args:
        screen: the display.
        stage: shows them.
        journal: writes down when.
        wait_until: waits.
        glides: targets glide; where nobody is there to follow, they appear at once.
    """

    def __init__(
        self, screen: Screen, stage: Stage, journal: Journal, wait_until: Wait, glides: bool = False
    ) -> None:
        self._screen, self._stage = screen, stage
        self._journal, self._wait_until = journal, wait_until
        self._glides = glides
        self._last_px: Point | None = None

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
        return tuple(self.one(xy, code, payload, trial=trial) for xy in targets)

    def one(
        self,
        xy_px: Point,
        code: Code,
        payload: dict[str, object],
        pressed: Callable[[], bool] | None = None,
        trial: int = -1,
    ) -> ShownTarget:
        """Show one target and mark when it stood still.

        Args:
            xy_px: where.
            code: of the marker.
            payload: written with it, beside its place.
            pressed: tells whether the key that ends it was pressed; None for a fixed time.
            trial: of the marker.

        Returns:
            When it stood still; the last second of that where a key ended it.
        """
        self._approach(xy_px)
        on_s = self._stage.target(xy_px, partial(target, xy_px, self._screen.size_px, self._screen, 0.0))
        self._journal.mark(on_s, code, trial, {**payload, "x_px": xy_px[0], "y_px": xy_px[1]})
        self._stage.move(self._motion(xy_px, xy_px, 0.0, 1.0, _SHRINK_S))
        if pressed is not None:
            pressed()  # what was pressed before the target was there must not end it
        off_s = self._wait_until(on_s + TARGET_S)
        while pressed is not None and not pressed():
            off_s = self._wait_until(off_s + _PULSE_S)
        return ShownTarget(xy_px, on_s if pressed is None else max(on_s, off_s - TARGET_S), off_s)

    def forget(self) -> None:
        """Let the next target appear where it is: something else was shown meanwhile."""
        self._last_px = None

    def _approach(self, xy_px: Point) -> None:
        before, self._last_px = self._last_px, xy_px
        if self._glides and before is not None and before != xy_px:
            self._stage.move(self._motion(before, xy_px, 1.0, 0.0, GLIDE_S))
            self._wait_until(self._wait_until(float("-inf")) + GLIDE_S)

    def _motion(self, begin: Point, end: Point, large: float, small: float, seconds: float) -> Motion:
        return Motion(begin, end, large, small, seconds, self._tile)

    def _tile(self, shrunk: float) -> np.ndarray:
        return target_tile(self._screen.size_px, self._screen, shrunk)
