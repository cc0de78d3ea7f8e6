"""What the room "Twin" shows at one moment. Qt-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from protocols.stimulus import Page, PixelArray
from studio.rooms.twin.choices import why_no_fit
from studio.rooms.twin.offers import Offered, Offers, Twin
from studio.rooms.twin.results import PageRow, TwinResults
from tuning.config import FitConfig
from tuning.events import Load


@dataclass(frozen=True, slots=True, eq=False)
class TwinState:
    """Choices, and the twin that is shown.

    Attributes:
        searching: files are being looked for.
        offers: what there is.
        participant: whose twin this is about, empty when there is nobody.
        chosen: sessions to fit on.
        model: backbone of a fit.
        config: settings of a fit.
        no_engine: why nothing can be fitted here, empty when it can.
        reading: the results of a twin are being read.
        shown: the twin that is shown; without one, only what the sessions tell.
        page: number of the page that is shown.
        picture: its pixels, None until they are read.
        small: pictures of pages by number, real beside twin, as far as they are drawn.
        small_scale: the share that is brightest in all of them.
        problem: what went wrong last, in words; empty when nothing did.
    """

    searching: bool = True
    offers: Offers = field(default_factory=Offers)
    participant: str = ""
    chosen: frozenset[Path] = frozenset()
    model: Load = field(default_factory=Load)
    config: FitConfig = field(default_factory=FitConfig)
    no_engine: str = ""
    reading: bool = False
    shown: TwinResults = field(default_factory=TwinResults)
    page: int = 0
    picture: Page | None = None
    small: Mapping[int, PixelArray] = field(default_factory=dict)
    small_scale: float = 1.0
    problem: str = ""

    def same_but_small(self, other: TwinState) -> bool:
        """Whether nothing but the small pictures differs; they come one by one."""
        names = (f.name for f in fields(self) if f.name != "small")
        return all(getattr(self, name) is getattr(other, name) for name in names)

    @property
    def sessions(self) -> tuple[Offered, ...]:
        """The sessions of the participant, newest first."""
        return self.offers.sessions_of(self.participant)

    @property
    def twins(self) -> tuple[Twin, ...]:
        """The twins of the participant, newest first."""
        return self.offers.twins_of(self.participant)

    @property
    def fitted_on(self) -> tuple[Offered, ...]:
        """The chosen sessions in order of time."""
        return tuple(s for s in reversed(self.sessions) if s.path in self.chosen)

    @property
    def why_no_fit(self) -> str:
        """Why nothing can be fitted now, empty when it can."""
        return why_no_fit(self.fitted_on, self.no_engine)

    @property
    def fit_first(self) -> bool:
        """Whether to fit comes before going on: there is no twin yet, and there can be one."""
        usable = any(not session.why_not for session in self.sessions)
        return self.shown.twin is None and usable and not self.no_engine

    @property
    def row(self) -> PageRow | None:
        """The page that is shown, None when there is none."""
        pages = self.shown.pages
        return pages[self.page] if 0 <= self.page < len(pages) else None

    @property
    def session(self) -> Path | None:
        """The session to replay next: of the page, of the twin, or the newest one."""
        if self.row is not None:
            return self.row.session
        return self.sessions[0].path if self.sessions else None
