"""What the simulated viewer's program is told, and what it says: the messages on its two ends.

It is told what is on the screen. It answers with what a participant does: scrolling, swiping, pointing,
clicking. All times are seconds of the session clock.
"""

from __future__ import annotations

from typing import Literal

from acquisition.viewer.policy import Viewer
from protocols.geometry import Rect, Screen
from protocols.slots import Slot, SlotLayout
from protocols.stimulus import Film, Page
from protocols.wire import Failed, Message

Point = tuple[float, float]


class ShownSlot(Message):
    """One fully visible poster: its box (left, top, right, bottom) in px and its film."""

    kind: Literal["slot"] = "slot"
    box: tuple[float, float, float, float]
    row: int
    item: int
    title: str
    year: int
    genres: tuple[str, ...]


class ShowPage(Message):
    """A page appeared.

    Attributes:
        t_s: when.
        trial: trial number; the same after a scroll or swipe.
        slots: the posters, in slot order.
        size_px: size of the page.
        target: title and year of a film to find and click, None to choose freely.
    """

    kind: Literal["page"] = "page"
    t_s: float
    trial: int
    slots: tuple[ShownSlot, ...]
    size_px: tuple[int, int]
    target: str | None = None

    @classmethod
    def of(cls, page: Page, trial: int, t_s: float, target: str | None = None) -> ShowPage:
        """Describe a page as shown from ``t_s`` on."""
        shown = tuple(_shown(s, f) for s, f in zip(page.layout.slots, page.films, strict=True))
        return cls(t_s=t_s, trial=trial, slots=shown, size_px=page.layout.size_px, target=target)

    def layout(self) -> SlotLayout:
        """Return the posters' boxes. Row genres are unknown here and left empty."""
        slots = [
            Slot(Rect(*s.box), Rect(*s.box), s.row, s.item, film.key, "")
            for s, film in zip(self.slots, self.films(), strict=True)
        ]
        return SlotLayout(tuple(slots), self.size_px)

    def films(self) -> tuple[Film, ...]:
        """Return the film of each slot."""
        return tuple(Film(s.title, s.year, s.genres) for s in self.slots)


class ShowTarget(Message):
    """A calibration target appeared, or arrived, at ``xy_px``."""

    kind: Literal["target"] = "target"
    t_s: float
    xy_px: Point


class ShowBlank(Message):
    """Something without posters appeared: an instruction, a break, nothing."""

    kind: Literal["blank"] = "blank"
    t_s: float


class Stop(Message):
    """Send no more samples, write the true fixations, and end."""

    kind: Literal["stop"] = "stop"


Shown = ShowPage | ShowTarget | ShowBlank
Order = ShowPage | ShowTarget | ShowBlank | Stop


class Ready(Message):
    """The viewer is on the network.

    Attributes:
        stream: name of its LSL stream.
        source_id: source id of its LSL stream.
        habit: position habit of the simulated participant.
        preferred: preferred genres, top genre first.
    """

    kind: Literal["ready"] = "ready"
    stream: str
    source_id: str
    habit: str
    preferred: tuple[str, ...]

    @classmethod
    def of(cls, stream: str, source_id: str, viewer: Viewer) -> Ready:
        """Describe a viewer and its stream."""
        return cls(stream=stream, source_id=source_id, habit=viewer.habit, preferred=viewer.preferred)


class Scroll(Message):
    """The participant scrolls down by ``delta_px`` (up when negative)."""

    kind: Literal["scroll"] = "scroll"
    t_s: float
    delta_px: float


class Swipe(Message):
    """The participant swipes a row by ``step`` groups of five."""

    kind: Literal["swipe"] = "swipe"
    t_s: float
    row: int
    step: int


class Pointer(Message):
    """The participant's pointer is at ``xy_px``."""

    kind: Literal["pointer"] = "pointer"
    t_s: float
    xy_px: Point


class Click(Message):
    """The participant clicks at ``xy_px``."""

    kind: Literal["click"] = "click"
    t_s: float
    xy_px: Point


class Ended(Message):
    """The viewer sent its last sample.

    Attributes:
        sent: samples sent since somebody listened.
        first_s: stamp of the first one, NaN when none was sent.
        last_s: stamp of the last one, NaN when none was sent.
        fixations: true fixations made in that time.
        truth: file with the true fixations, empty when none was asked for.
    """

    kind: Literal["ended"] = "ended"
    sent: int
    first_s: float
    last_s: float
    fixations: int
    truth: str


Action = Scroll | Swipe | Pointer | Click
Report = Ready | Scroll | Swipe | Pointer | Click | Ended | Failed


class ScreenSettings(Message):
    """The display, as in `protocols.geometry.Screen`."""

    kind: Literal["screen"] = "screen"
    size_px: tuple[int, int] = (1920, 1080)
    size_mm: tuple[float, float] = (531.0, 299.0)
    distance_mm: float = 650.0

    @classmethod
    def of(cls, screen: Screen) -> ScreenSettings:
        """Describe a screen."""
        return cls(size_px=screen.size_px, size_mm=screen.size_mm, distance_mm=screen.distance_mm)

    def screen(self) -> Screen:
        """Return the screen."""
        return Screen(self.size_px, self.size_mm, self.distance_mm)


def _shown(slot: Slot, film: Film) -> ShownSlot:
    box = (slot.box.left, slot.box.top, slot.box.right, slot.box.bottom)
    return ShownSlot(
        box=box, row=slot.row, item=slot.item, title=film.title, year=film.year, genres=film.genres
    )
