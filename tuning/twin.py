"""A persona at work on its model: it looks at pages and clicks.

::

    from tuning.persona import Persona
    twin = Persona.load(path).on("carousel-tiny")
    seen = twin.look(page)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocols.errors import PersonaMismatch, TuningError
from protocols.slots import SlotLayout
from protocols.stimulus import Page
from tuning.backbones.base import Backbone
from tuning.events import PageSpec
from tuning.persona import Persona
from tuning.probing.base import ProbingOperator
from tuning.registry import make_operator
from tuning.simulate import Seen, View, drawn, look_together


@dataclass(frozen=True, eq=False)
class Twin:
    """A participant who can be shown any page.

    Attributes:
        persona: whose.
        backbone: its model.
        operator: how attention is read off it.
    """

    persona: Persona
    backbone: Backbone
    operator: ProbingOperator

    @classmethod
    def of(cls, persona: Persona, backbone: Backbone) -> Twin:
        """Put a persona on its model.

        Raises:
            PersonaMismatch: it belongs to another model, or is asked another question.
        """
        persona.require(backbone.spec)
        return cls(persona, backbone, make_operator(persona.provenance.config.operator))

    def look(self, page: Page | PageSpec, preferred: tuple[str, ...] | None = None) -> Seen:
        """Return attention and click probabilities on a page.

        Args:
            page: as `protocols.raster.render` draws it with ``letters=True``, or what to draw.
            preferred: genres the model is told; None for those of the page, and else of the persona.

        Raises:
            PersonaMismatch: the page is laid out differently from those the persona was fitted on.
            TuningError: it is no page, or shows no poster completely.
        """
        return self.look_at([page], preferred)[0]

    def look_at(
        self, pages: Sequence[Page | PageSpec], preferred: tuple[str, ...] | None = None
    ) -> list[Seen]:
        """Look at several pages at once; see `look`."""
        return look_together(self.backbone, [self.view(page, preferred) for page in pages])

    def view(self, page: Page | PageSpec, preferred: tuple[str, ...] | None = None) -> View:
        """Return a page in front of this participant, without looking at it; see `look`."""
        if not isinstance(page, Page | PageSpec):
            raise TuningError(
                f"A twin cannot look at a {type(page).__name__}.",
                "It has to know where the posters are, and which films they show.",
                "Draw a page: protocols.raster.render(screen, viewport, letters=True), or name one with"
                " tuning.events.PageSpec.",
            )
        shown = drawn(page) if isinstance(page, PageSpec) else page
        self._refuse_other_layout(shown.layout)
        asked = _asked(page, preferred, self.persona.provenance.preferred)
        return View(self.persona, self.operator, shown, asked)

    def _refuse_other_layout(self, layout: SlotLayout) -> None:
        known = self.persona.provenance.layout
        if known is None:
            return
        sizes = {(round(s.box.width), round(s.box.height)) for s in layout.slots}
        if layout.size_px != known.page_px or (known.slot_px is not None and sizes - {known.slot_px}):
            found = ", ".join(f"{w} x {h}" for w, h in sorted(sizes))
            raise PersonaMismatch(
                f"The page has {layout.size_px[0]} x {layout.size_px[1]} px with posters of {found} px; the"
                f" persona of {self.persona.provenance.participant} was fitted on pages of"
                f" {known.page_px[0]} x {known.page_px[1]} px with posters of {known.slot_px} px.",
                "Where a participant looks depends on the layout; nothing is known about this one.",
                "Show the twin pages of its own study's layout, or fit it on pages like this one.",
            )


def _asked(page: Page | PageSpec, preferred: tuple[str, ...] | None, own: tuple[str, ...]) -> tuple[str, ...]:
    if preferred is not None:
        return preferred
    return page.preferred if isinstance(page, PageSpec) and page.preferred is not None else own
