"""The monitors of this computer, and what has been said about the participant's. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from protocols.geometry import Screen
from protocols.placement import DisplayFrame
from protocols.plausible import implausible
from studio.visit import Display

CARD_MM = (85.60, 53.98)
"""Bank and identity cards, ISO/IEC 7810 ID-1."""

SizeFrom = Literal["nobody", "the display", "what was entered here before", "the fields below", "a bank card"]
_USUAL_MM = 650.0


@dataclass(frozen=True, slots=True)
class Monitor:
    """A monitor as the window system describes it.

    Attributes:
        name: of its connector; by which a window is put there.
        model: maker and model, may be empty.
        place: left, top, width and height on the desktop, in logical px.
        ratio: device px per logical px.
        told_mm: width and height of the visible area as the monitor tells them, None when it tells nothing.
        refresh_hz: claimed, 0 when unknown.
        primary: whether it is the operator's by default.
    """

    name: str
    model: str
    place: tuple[int, int, int, int]
    ratio: float = 1.0
    told_mm: tuple[float, float] | None = None
    refresh_hz: float = 0.0
    primary: bool = False

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height in device px."""
        return round(self.place[2] * self.ratio), round(self.place[3] * self.ratio)

    @property
    def key(self) -> str:
        """By which it is remembered: another monitor on the same connector is another one."""
        return f"{self.name} {self.model}".strip()


@dataclass(frozen=True, slots=True)
class Setup:
    """The participant's display as far as it is set up.

    Attributes:
        monitors: those there are now.
        name: of the participant's.
        page_px: size of the study's pages.
        size_mm: visible area of the whole display; (0, 0) while nobody has said it.
        size_from: who said it.
        distance_mm: from the eyes to its centre.
        insisted: somebody has said that numbers are right although they look wrong.
    """

    monitors: tuple[Monitor, ...] = ()
    name: str = ""
    page_px: tuple[int, int] = (1920, 1080)
    size_mm: tuple[float, float] = (0.0, 0.0)
    size_from: SizeFrom = "nobody"
    distance_mm: float = _USUAL_MM
    insisted: bool = False

    @property
    def monitor(self) -> Monitor | None:
        """The participant's, None when it is not there."""
        return next((one for one in self.monitors if one.name == self.name), None)

    @property
    def frame(self) -> DisplayFrame | None:
        """The display and the page on it; None while size or distance are missing."""
        if self.monitor is None or min(*self.size_mm, self.distance_mm) <= 0:
            return None
        whole = Screen(self.monitor.size_px, self.size_mm, self.distance_mm)
        return DisplayFrame.of(self.page_px, whole)

    @property
    def missing(self) -> str:
        """Return what is still to be said, empty when nothing is."""
        if self.monitor is None:
            named = f"The display {self.name} is not connected." if self.name else "No display is chosen."
            return f"{named} Choose the one in front of the participant."
        if self.frame is None:
            return "Enter width and height of the display's visible area, and how far the eyes are from it."
        if self.doubts and not self.insisted:
            return "The display's measurements look wrong: correct them, or say that they are right."
        return ""

    @property
    def doubts(self) -> str:
        """Return what cannot be right about the numbers, empty when they can be."""
        return implausible(self.frame.whole) if self.frame is not None else ""

    @property
    def decided(self) -> Display | None:
        """What the session is told, None while something is missing."""
        if self.missing or self.frame is None:
            return None
        return Display(self.name, self.frame.page(self.page_px), self.frame)

    def words(self) -> str:
        """Tell how the page is shown."""
        if self.monitor is None or self.frame is None:
            return ""
        page, where = self.frame.page(self.page_px), self.frame.placement
        (width, height), (width_mm, height_mm) = self.page_px, page.size_mm
        if self.monitor.size_px == self.page_px:
            how = "fills the display, pixel for pixel"
        elif where.scale == 1.0:
            how = "is shown pixel for pixel in the middle, with an empty margin"
        else:
            how = f"is too large for it and shown at {where.scale:.1%} of its size"
        one_deg = f"1 deg is {page.px_per_deg():.0f} px of the page"
        return f"The page of {width} x {height} px {how}: {width_mm:.0f} x {height_mm:.0f} mm. {one_deg}."

    def at(self, name: str, remembered: tuple[float, float, float] | None) -> Setup:
        """Return the setup with another participant's display, sized by memory or by what it tells."""
        found = replace(self, name=name, insisted=False)
        monitor = found.monitor
        if remembered is not None:
            width_mm, height_mm, distance_mm = remembered
            size: SizeFrom = "what was entered here before"
            return replace(found, size_mm=(width_mm, height_mm), distance_mm=distance_mm, size_from=size)
        if monitor is not None and monitor.told_mm is not None:
            return replace(found, size_mm=monitor.told_mm, size_from="the display")
        return replace(found, size_mm=(0.0, 0.0), size_from="nobody")

    def by_card(self, card_px: float) -> Setup:
        """Return the setup with the size that a bank card gives which is so many device px wide."""
        if self.monitor is None or card_px <= 0:
            return self
        width_px, height_px = self.monitor.size_px
        pixel_mm = CARD_MM[0] / card_px
        size_mm = (round(width_px * pixel_mm, 1), round(height_px * pixel_mm, 1))
        return replace(self, size_mm=size_mm, size_from="a bank card", insisted=False)


def likely(monitors: tuple[Monitor, ...]) -> str:
    """Return which monitor is the participant's unless somebody says otherwise: one that is not primary."""
    others = [one for one in monitors if not one.primary]
    return (others or list(monitors) or [Monitor("", "", (0, 0, 0, 0))])[0].name
