"""A page by what is on it, without pixels."""

from __future__ import annotations

from typing import Literal

from protocols.stimulus import CarouselScreen, Viewport
from protocols.wire import Message


class PageSpec(Message):
    """A page to predict, independent of any recording.

    Attributes:
        screen: the films.
        viewport: scroll and swipes.
        preferred: the participant's preferred genres, top genre first; None for those of the persona.
        images: folder of poster images, empty to draw all posters.
    """

    kind: Literal["page"] = "page"
    screen: CarouselScreen
    viewport: Viewport
    preferred: tuple[str, ...] | None = None
    images: str = ""
