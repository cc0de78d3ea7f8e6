"""What shows things to a participant, and when they were really on the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from acquisition.clock import Clock
from protocols.stimulus import Page, PixelArray
from studio.motion import Motion
from studio.simulated_viewer import SimulatedViewer

Picture = Callable[[], PixelArray]
"""Draws what to show; only called by a stage that really shows it."""


class Stage(Protocol):
    """A display in front of a participant.

    Every method returns the session time at which the picture was on the screen, in s; it may block until
    then, and raises SetupError when the display does not show anything.
    """

    def page(self, page: Page, trial: int, target: str | None) -> float:
        """Show a page."""
        ...

    def onset(self) -> Mapping[str, object]:
        """Return how exact the time of the last page is, as its marker holds it; see ``studio.onset``."""
        ...

    def details(self, picture: Picture) -> float:
        """Show the same page with the details of one film open or closed."""
        ...

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        """Show a calibration target at ``xy_px``."""
        ...

    def move(self, motion: Motion) -> None:
        """Begin to move the calibration target; does not wait. Whatever is shown next ends it."""
        ...

    def message(self, picture: Picture) -> float:
        """Show text, or nothing."""
        ...


class HeadlessStage:
    """No display: what is to be shown counts as shown at once, and nothing is drawn.

    Args:
        clock: session clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def page(self, page: Page, trial: int, target: str | None) -> float:  # noqa: ARG002 (not shown)
        """Return the session time now."""
        return self._clock.now_s()

    def onset(self) -> Mapping[str, object]:
        """Return nothing: nothing was shown."""
        return {}

    def details(self, picture: Picture) -> float:  # noqa: ARG002 (not shown)
        """Return the session time now."""
        return self._clock.now_s()

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:  # noqa: ARG002 (not shown)
        """Return the session time now."""
        return self._clock.now_s()

    def move(self, motion: Motion) -> None:
        """Show nothing."""

    def message(self, picture: Picture) -> float:  # noqa: ARG002 (not shown)
        """Return the session time now."""
        return self._clock.now_s()


class WatchedStage:
    """A stage with the simulated participant in front of it.

    Args:
        stage: where things are shown.
        viewer: told about them as soon as they are.
    """

    def __init__(self, stage: Stage, viewer: SimulatedViewer) -> None:
        self._stage, self._viewer = stage, viewer

    def page(self, page: Page, trial: int, target: str | None) -> float:
        """Show a page, and have it looked at."""
        t_s = self._stage.page(page, trial, target)
        self._viewer.see_page(page, trial, t_s, target)
        return t_s

    def onset(self) -> Mapping[str, object]:
        """Return how exact the time of the last page is."""
        return self._stage.onset()

    def details(self, picture: Picture) -> float:
        """Show details; they do not interest the simulated participant."""
        return self._stage.details(picture)

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        """Show a target, and have it looked at."""
        t_s = self._stage.target(xy_px, picture)
        self._viewer.see_target(xy_px, t_s)
        return t_s

    def move(self, motion: Motion) -> None:
        """Move the target; the simulated participant waits until it stands still."""
        self._stage.move(motion)

    def message(self, picture: Picture) -> float:
        """Show text, and let the eyes rest."""
        t_s = self._stage.message(picture)
        self._viewer.see_nothing(t_s)
        return t_s
