"""Carousel screens at the edge: written out in a study file, in a data file, or invented from a seed.

The compact form, `gazetwin-screens/1`, is JSON: genres once, films once in a table, rows as indices into it::

    {"schema": "gazetwin-screens/1", "source": "...", "genres": ["Action", ...],
     "films": [["Title", 2008, [0, 3], "poster.jpg"], ...],
     "screens": [{"id": "01", "rows": [["Crime", [0, 1, 2, 3, 4]], ...]}, ...]}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from protocols.carousel import PER_PAGE
from protocols.invented import invented_screen
from protocols.stimulus import CarouselRow, CarouselScreen, Film

SCHEMA: Literal["gazetwin-screens/1"] = "gazetwin-screens/1"

Text = Annotated[str, Field(min_length=1, max_length=400)]
Year = Annotated[int, Field(ge=1870, le=2200)]
ScreenId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
PosterFile = Annotated[str, Field(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9 ._-]*)?$", max_length=200)]
Index = Annotated[int, Field(ge=0)]
Genres = Annotated[tuple[Text, ...], Field(min_length=1)]


class _Edge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilmEntry(_Edge):
    """A film as written in a study file, the main genre first."""

    title: Text
    year: Year
    genres: Genres
    poster: PosterFile = ""

    def film(self) -> Film:
        """Return the film."""
        return Film(self.title, self.year, self.genres, self.poster)


class RowEntry(_Edge):
    """A row as written in a study file: a heading and its ranked films, a multiple of five."""

    genre: Text
    films: tuple[FilmEntry, ...]

    def row(self) -> CarouselRow:
        """Return the row."""
        return CarouselRow(self.genre, tuple(entry.film() for entry in self.films))


class ScreenEntry(_Edge):
    """A screen as written in a study file, top row first."""

    id: ScreenId
    rows: Annotated[tuple[RowEntry, ...], Field(min_length=1)]

    def screen(self) -> CarouselScreen:
        """Return the screen."""
        return CarouselScreen(self.id, tuple(entry.row() for entry in self.rows))


class Invention(_Edge):
    """Screens drawn from a seed instead of written down; their ids are ``rows-01``, ``rows-02`` ...

    Attributes:
        seed: which screens.
        count: how many.
        kind: ``rows`` (each row holds its genre) or ``mixed``.
        pool_seed: which pool of invented films they show.
    """

    seed: Index
    count: Annotated[int, Field(ge=1, le=500)]
    kind: Literal["rows", "mixed"]
    pool_seed: Index = 0

    def screens(self) -> tuple[CarouselScreen, ...]:
        """Return the screens; the same ones for the same settings."""
        rngs = (np.random.default_rng([self.seed, i]) for i in range(self.count))
        return tuple(
            invented_screen(rng, f"{self.kind}-{i:02d}", self.kind, pool_seed=self.pool_seed)
            for i, rng in enumerate(rngs, start=1)
        )


class _Invented(_Edge):
    invented: Invention


class TableScreen(_Edge):
    """A screen whose rows are a heading and indices into the film table."""

    id: ScreenId
    rows: Annotated[tuple[tuple[Text, tuple[Index, ...]], ...], Field(min_length=1)]


class ScreenTable(_Edge):
    """The compact form `gazetwin-screens/1`: every film once, rows as indices.

    Attributes:
        schema_: ``gazetwin-screens/1``; written ``schema``.
        source: where the facts come from, with their licence.
        genres: every genre name once.
        films: title, year, indices into genres (main first), poster file or empty.
        screens: rows of indices into films.
    """

    schema_: Literal["gazetwin-screens/1"] = Field(alias="schema")
    source: str = ""
    genres: tuple[Text, ...]
    films: tuple[tuple[Text, Year, Annotated[tuple[Index, ...], Field(min_length=1)], PosterFile], ...]
    screens: tuple[TableScreen, ...]

    @model_validator(mode="after")
    def _indices_exist(self) -> ScreenTable:
        genre = max((g for film in self.films for g in film[2]), default=-1)
        if genre >= len(self.genres):
            raise ValueError(f"genre {genre} is used, but there are only {len(self.genres)} genres")
        film = max((i for s in self.screens for _, row in s.rows for i in row), default=-1)
        if film >= len(self.films):
            raise ValueError(f"film {film} is used, but there are only {len(self.films)} films")
        return self

    def carousels(self) -> tuple[CarouselScreen, ...]:
        """Return the screens with their films filled in."""
        films = [Film(t, y, tuple(self.genres[g] for g in gs), poster) for t, y, gs, poster in self.films]
        return tuple(
            CarouselScreen(s.id, tuple(CarouselRow(g, tuple(films[i] for i in row)) for g, row in s.rows))
            for s in self.screens
        )

    @classmethod
    def of(cls, screens: Sequence[CarouselScreen], source: str = "") -> ScreenTable:
        """Return screens in the compact form; ``carousels`` gives exactly them back."""
        films = list(dict.fromkeys(f for s in screens for row in s.rows for f in row.films))
        genres = list(dict.fromkeys(g for f in films for g in f.genres))
        film_at = {film: i for i, film in enumerate(films)}
        genre_at = {genre: i for i, genre in enumerate(genres)}
        return cls(
            schema=SCHEMA,
            source=source,
            genres=tuple(genres),
            films=tuple((f.title, f.year, tuple(genre_at[g] for g in f.genres), f.poster) for f in films),
            screens=tuple(
                TableScreen(
                    id=s.id, rows=tuple((r.genre, tuple(film_at[f] for f in r.films)) for r in s.rows)
                )
                for s in screens
            ),
        )


_INLINE: TypeAdapter[tuple[ScreenEntry, ...]] = TypeAdapter(tuple[ScreenEntry, ...])


def read_screens(written: object, folder: Path | None) -> tuple[CarouselScreen, ...]:
    """Turn screens as a study writes them into screens.

    Args:
        written: a list of screens, ``{"invented": {...}}``, the compact form, or the name of a JSON file
            in the compact form.
        folder: where that file is; None when there is no such place (inside a recording).

    Raises:
        ValueError: as pydantic wants it, so that a study reports all its mistakes together.
    """
    if isinstance(written, str):
        screens = ScreenTable.model_validate_json(_data_file(written, folder)).carousels()
    elif isinstance(written, Mapping) and "invented" in written:
        screens = _Invented.model_validate(written).invented.screens()
    elif isinstance(written, Mapping):
        screens = ScreenTable.model_validate(written).carousels()
    else:
        screens = tuple(entry.screen() for entry in _INLINE.validate_python(written))
    if problems := list(_screen_problems(screens)):
        raise ValueError("; ".join(problems))
    return screens


def _data_file(name: str, folder: Path | None) -> bytes:
    if folder is None:
        raise ValueError(f"the data file {name!r} cannot be found from here")
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ValueError(f"the data file {folder / name} cannot be read ({error.strerror})") from error


def _screen_problems(screens: Sequence[CarouselScreen]) -> Iterable[str]:
    for twice in _repeated(s.id for s in screens):
        yield f"screen id {twice!r} is used more than once"
    for screen in screens:
        for twice in _repeated(film.key for row in screen.rows for film in row.films):
            yield f"screen {screen.id} shows {twice} more than once"
        for number, row in enumerate(screen.rows):
            if not row.films or len(row.films) % PER_PAGE:
                yield (
                    f"row {number} ({row.genre}) of screen {screen.id} has {len(row.films)} films,"
                    f" it needs a multiple of {PER_PAGE}"
                )


def _repeated(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, count in Counter(values).items() if count > 1]
