"""A calibration target on its way: glides to its place, shrinks there. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from acquisition.targets import Point
from protocols.stimulus import PixelArray


@dataclass(frozen=True, slots=True)
class Motion:
    """One movement of a target, to be drawn as often as the display shows frames.

    Attributes:
        from_px: centre at the beginning, in study px.
        to_px: centre at the end.
        from_shrunk: how far it has shrunk at the beginning, 0 large to 1 final size.
        to_shrunk: the same at the end.
        duration_s: how long it takes.
        tile: draws the target for a degree of shrinking.
    """

    from_px: Point
    to_px: Point
    from_shrunk: float
    to_shrunk: float
    duration_s: float
    tile: Callable[[float], PixelArray]

    def at(self, since_s: float) -> tuple[Point, float]:
        """Return the centre in px and how far it has shrunk, ``since_s`` after the beginning.

        It starts and stops gently, so that the eye can follow and arrives with it.
        """
        share = min(max(since_s / self.duration_s, 0.0), 1.0) if self.duration_s > 0 else 1.0
        eased = share * share * (3.0 - 2.0 * share)
        (x, y), (to_x, to_y) = self.from_px, self.to_px
        centre = (x + (to_x - x) * eased, y + (to_y - y) * eased)
        return centre, self.from_shrunk + (self.to_shrunk - self.from_shrunk) * share

    def over(self, since_s: float) -> bool:
        """Tell whether it has ended."""
        return since_s >= self.duration_s
