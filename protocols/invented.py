"""Invented films and carousel screens: material for training, tests and demonstrations.

No title, year or genre here is a fact about any real film.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from protocols.carousel import GENRES
from protocols.stimulus import CarouselRow, CarouselScreen, Film

Kind = Literal["rows", "mixed"]

FILMS_PER_ROW = 15
POOL_SIZE = 600
MAIN_GENRE_SHARE = 0.85
"""Share of a row's films whose main genre is the row's; the others have it as a secondary genre."""

_SECONDARY_SHARES = (0.3, 0.45, 0.25)
_YEARS = (1950, 2025)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


_ADJECTIVES = _words("""
Amber, Bitter, Borrowed, Brass, Broken, Burning, Crimson, Distant, Electric, Empty, Fallen, Feral, Final,
Forgotten, Frozen, Gentle, Gilded, Hidden, Hollow, Honest, Idle, Iron, Ivory, Last, Little, Lonely, Lost,
Lucky, Marble, Midnight, Northern, Paper, Patient, Perfect, Pale, Quiet, Restless, Royal, Rusty, Salt,
Scarlet, Second, Secret, Silent, Silver, Sleeping, Stolen, Sudden, Sunday, Tender, Thirteen, Twisted,
Velvet, Violet, Wild, Winter, Wooden, Yellow
""")
_NOUNS = _words("""
Alibi, Anchor, Archive, Balcony, Bargain, Beacon, Bridge, Cabin, Canyon, Captain, Carnival, Compass,
Cousin, Crossing, Crown, Daughter, Detour, Echo, Ember, Engine, Envelope, Evening, Falcon, Ferry,
Festival, Fortress, Garden, Gambit, Ghost, Harbour, Harvest, Horizon, Hotel, Island, Kingdom, Lantern,
Letter, Lighthouse, Machine, Mask, Mirror, Motel, Mountain, Neighbour, Oracle, Orchard, Orchestra, Orbit,
Parade, Passenger, Pilot, Planet, Promise, Rival, River, Road, Saint, Season, Shadow, Shore, Signal,
Sister, Station, Storm, Stranger, Summer, Tide, Tower, Traveller, Valley, Verdict, Voyage, Waltz, Widow,
Window, Wolf
""")
_PLACES = _words("""
Aldermoor, Belvane, Calder Bay, Cinder Street, Corvina, Dunmere, Eastgate, Fennimore, Granite Point,
Halloway, Isola Nera, Juniper Hill, Kestrel Rock, Larkspur Lane, Marrow Creek, Nightingale Square, Port
Selwyn, Quarry Road, Ravenholt, Saltmarsh, Tarrow, Umberfield, Vesper Falls, Westering, Yarrow
""")


@lru_cache(maxsize=8)
def invented_pool(seed: int) -> tuple[Film, ...]:
    """Return the 600 invented films of a seed: as many of each main genre, unique titles."""
    rng = np.random.default_rng([seed, POOL_SIZE])
    titles = _titles(rng, POOL_SIZE)
    return tuple(_film(rng, title, i % len(GENRES)) for i, title in enumerate(titles))


def invented_screen(rng: np.random.Generator, id: str, kind: Kind, *, pool_seed: int = 0) -> CarouselScreen:  # noqa: A002 (the attribute's name)
    """Invent a screen of ten rows of fifteen films, no film twice.

    Args:
        rng: decides everything but the pool.
        id: name of the screen.
        kind: ``rows``: each row holds films of its genre, 85 % as main and the others as secondary genre;
            ``mixed``: rows hold films of any genre.
        pool_seed: which pool of invented films; screens of another pool are unseen to a model.
    """
    pool = invented_pool(pool_seed)
    order = [pool[i] for i in rng.permutation(len(pool))]
    headings = [GENRES[i] for i in rng.permutation(len(GENRES))]
    rows = []
    for genre in headings:
        films = order[:FILMS_PER_ROW] if kind == "mixed" else _row_films(rng, genre, order)
        rows.append(CarouselRow(genre, tuple(films)))
        taken = set(films)
        order = [film for film in order if film not in taken]
    return CarouselScreen(id, tuple(rows))


def _row_films(rng: np.random.Generator, genre: str, free: list[Film]) -> list[Film]:
    main = [film for film in free if film.genres[0] == genre]
    secondary = [film for film in free if genre in film.genres[1:]]
    n_secondary = int((rng.random(FILMS_PER_ROW) >= MAIN_GENRE_SHARE).sum())
    films = secondary[:n_secondary]
    films += main[: FILMS_PER_ROW - len(films)]
    return [films[i] for i in rng.permutation(FILMS_PER_ROW)]


def _film(rng: np.random.Generator, title: str, main: int) -> Film:
    others = [genre for i, genre in enumerate(GENRES) if i != main]
    count = int(rng.choice(len(_SECONDARY_SHARES), p=_SECONDARY_SHARES))
    secondary = [others[i] for i in rng.permutation(len(others))[:count]]
    year = int(rng.integers(_YEARS[0], _YEARS[1] + 1))
    return Film(title, year, (GENRES[main], *secondary))


def _titles(rng: np.random.Generator, count: int) -> list[str]:
    titles: dict[str, None] = {}
    while len(titles) < count:
        titles[_title(rng)] = None
    return list(titles)


def _title(rng: np.random.Generator) -> str:
    adjective, other = (str(rng.choice(_ADJECTIVES)) for _ in range(2))
    noun, second = (str(rng.choice(_NOUNS)) for _ in range(2))
    place = str(rng.choice(_PLACES))
    patterns = (
        f"{adjective} {noun}",
        f"The {adjective} {noun}",
        f"The {noun} of {place}",
        f"{noun} and {second}",
        f"{_with_article(noun, 'A')} in {place}",
        f"{place}",
        f"The {noun}",
        f"{adjective} {noun}, {other} {second}",
        f"Before the {adjective} {noun}",
        f"{noun} Without {_with_article(second)}",
    )
    shares = (0.22, 0.16, 0.14, 0.1, 0.1, 0.04, 0.08, 0.06, 0.05, 0.05)
    return patterns[int(rng.choice(len(patterns), p=shares))]


def _with_article(noun: str, article: str = "a") -> str:
    return f"{article}n {noun}" if noun[0] in "AEIOU" else f"{article} {noun}"
