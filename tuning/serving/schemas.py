"""What goes in and comes out over HTTP, with bounds and units; the OpenAPI document is made of this."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from protocols.carousel import PAGE_SIZE_PX, PER_PAGE
from protocols.stimulus import CarouselRow, CarouselScreen, Film, Viewport
from tuning.pagespec import PageSpec
from tuning.serving.limits import MAX_FILMS_PER_ROW, MAX_GENRES, MAX_PNG_BYTES, MAX_ROWS, MAX_SLOTS, MAX_TEXT

_WIDTH_PX, _HEIGHT_PX = PAGE_SIZE_PX
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"
"""No control characters but line breaks and tabs, which titles may have."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=_TEXT)]
Genre = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9 '&/-]{0,39}$")]
Pseudonym = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Whole = Annotated[int, Field(strict=True)]
Preferred = Annotated[tuple[Genre, ...], Field(max_length=MAX_GENRES)]
Share = Annotated[float, Field(ge=0, le=1, description="Share from 0 to 1.")]

_PREFERRED = "Genres that the model is told, the favourite first. Without it, those of the persona."


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FilmForm(_Form):
    """A film; its poster is drawn from these facts."""

    title: Words = Field(description="As printed.", examples=["The Velvet Harbour"])
    year: Whole = Field(ge=0, le=9999, description="Of release.", examples=[1987])
    genres: Annotated[tuple[Genre, ...], Field(min_length=1, max_length=MAX_GENRES)] = Field(
        description="As catalogued, the main one first.", examples=[["Drama", "Crime"]]
    )
    poster: str = Field(
        default="",
        max_length=MAX_TEXT,
        description="Not used: no file is ever opened. For real posters, send a picture of the page.",
    )


class RowForm(_Form):
    """One carousel: a heading and films, five of which are visible at a time."""

    genre: Words = Field(description="Heading of the row.", examples=["Drama"])
    films: Annotated[tuple[FilmForm, ...], Field(min_length=PER_PAGE, max_length=MAX_FILMS_PER_ROW)] = Field(
        description=f"Ranked films, a multiple of {PER_PAGE}."
    )


class ScreenForm(_Form):
    """A whole scrollable page of carousels."""

    id: Words = Field(description="Comes back in the answer.", examples=["my-page"])
    rows: Annotated[tuple[RowForm, ...], Field(min_length=1, max_length=MAX_ROWS)] = Field(
        description="Carousels from top to bottom."
    )


class ViewportForm(_Form):
    """What part of a screen is visible."""

    scroll_px: Annotated[float, Field(strict=True)] = Field(
        default=0.0, ge=0, description="How far it is scrolled down, in px."
    )
    swipes: Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(max_length=MAX_ROWS)] = Field(
        default=(), description="Per row, which group of five films is visible, from 0; empty: the first."
    )


class PageForm(_Form):
    """A page to draw and look at; the JSON of `tuning.pagespec.PageSpec` is one."""

    kind: Literal["page"] = Field(default="page", description="As in a PageSpec.")
    screen: ScreenForm = Field(description="The films.")
    viewport: ViewportForm = Field(default=ViewportForm(), description="Scroll and swipes.")
    preferred: Preferred | None = Field(default=None, description=_PREFERRED)
    images: Literal[""] = Field(
        default="",
        description="Empty: no folder is ever opened. For real posters, send a picture of the page.",
    )

    def spec(self) -> PageSpec:
        """Return the page as tuning knows it."""
        rows = tuple(
            CarouselRow(row.genre, tuple(Film(f.title, f.year, f.genres) for f in row.films))
            for row in self.screen.rows
        )
        swipes = self.viewport.swipes or (0,) * len(rows)
        screen = CarouselScreen(self.screen.id, rows)
        return PageSpec(
            screen=screen, viewport=Viewport(self.viewport.scroll_px, swipes), preferred=self.preferred
        )


class SlotForm(_Form):
    """A fully visible poster on a picture, in px of the picture; right and bottom are the first outside."""

    left_px: Whole = Field(ge=0, lt=_WIDTH_PX, description="Left edge, in px.", examples=[76])
    top_px: Whole = Field(ge=0, lt=_HEIGHT_PX, description="Upper edge, in px.", examples=[176])
    right_px: Whole = Field(gt=0, le=_WIDTH_PX, description="Right edge, in px.", examples=[418])
    bottom_px: Whole = Field(gt=0, le=_HEIGHT_PX, description="Lower edge, in px.", examples=[369])
    film: Words = Field(description="What it shows; comes back in the answer.", examples=["Film A"])


class PictureForm(_Form):
    """A picture of a page without answer letters, and where its posters are."""

    png_base64: str = Field(
        max_length=-(-MAX_PNG_BYTES // 3) * 4,
        description=f"PNG of {_WIDTH_PX} x {_HEIGHT_PX} px, base64; at most {MAX_PNG_BYTES} bytes decoded.",
    )
    slots: Annotated[tuple[SlotForm, ...], Field(min_length=1, max_length=MAX_SLOTS)] = Field(
        description="Every fully visible poster, in any order; the answer is in reading order."
    )
    preferred: Preferred | None = Field(default=None, description=_PREFERRED)


class SlotTold(BaseModel):
    """A poster of the answer."""

    position: int = Field(description="Number in reading order, from 0: the index of every share.")
    row: int = Field(
        description="Carousel on the whole page, 0 at the top; of a picture, the line of posters."
    )
    item: int = Field(description="Place of the film in its row, from 0.")
    film: str = Field(description="Title and year, or the name that was sent.")
    box_px: tuple[float, float, float, float] = Field(
        description="Left, top, right, bottom on the page, in px; half-open."
    )


class Shares(BaseModel):
    """Attention and clicks, one share per poster in reading order; each list adds up to 1."""

    attention: tuple[Share, ...] = Field(description="Share of the looking time on posters.")
    click: tuple[Share, ...] = Field(description="Probability of each poster to be the one that is clicked.")


class Looked(BaseModel):
    """What a twin does with a page."""

    participant: str = Field(description="Pseudonym.")
    screen: str = Field(description="Id of the screen; of a picture, its SHA-256.")
    slots: tuple[SlotTold, ...] = Field(description="The fully visible posters, in reading order.")
    films: tuple[str, ...] = Field(description="What each slot shows.")
    twin: Shares = Field(description="By the participant's prompt alone.")
    twin_combined: Shares = Field(description="The prompt and the participant's position habit together.")
    seconds: float = Field(description="From the arrival of the request to the answer, in s.")


class PersonTold(BaseModel):
    """A twin that is served."""

    participant: str = Field(description="Pseudonym: the name in the paths of this server.")
    placement: str = Field(description="Where the soft prompt stands: front or after-image.")
    operator: str = Field(description="How attention is read off the model.")
    preferred: tuple[str, ...] = Field(description="Genres of the questionnaire, the favourite first.")
    sessions: int = Field(description="Recordings it was fitted on.")
    heldout: dict[str, dict[str, float]] = Field(
        description="Scores on screens it was not fitted on, by row (twin, baselines) and metric."
    )


class PeopleTold(BaseModel):
    """Everybody who is served."""

    backbone: str = Field(description="Id of the model.")
    backbone_digest: str = Field(description="SHA-256 of its weights.")
    personas: tuple[PersonTold, ...] = Field(description="In the order of the files.")


class Alive(BaseModel):
    """The program runs."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """The model answers."""

    status: Literal["ready"] = "ready"
    backbone: str = Field(description="Id of the model.")
    personas: int = Field(description="How many twins are served.")
    waiting: int = Field(description="Questions that wait for the model now.")
