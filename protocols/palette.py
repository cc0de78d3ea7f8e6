"""Colours: one strongly distinct colour per genre, and those of the page around the posters."""

from __future__ import annotations

Colour = tuple[int, int, int]

BACKGROUND: Colour = (20, 20, 20)
WHITE: Colour = (255, 255, 255)
INK: Colour = (16, 16, 18)
PAPER: Colour = (244, 243, 240)
MUTED: Colour = (168, 168, 172)

_GENRE_COLOURS: dict[str, Colour] = {
    "Action": (204, 28, 32),
    "Animation": (132, 204, 44),
    "Comedy": (252, 212, 36),
    "Crime": (232, 224, 206),
    "Drama": (32, 80, 184),
    "Fantasy": (160, 62, 204),
    "Horror": (12, 78, 52),
    "Romance": (248, 132, 180),
    "Sci-Fi": (44, 204, 232),
    "Thriller": (150, 82, 34),
}
_OTHER_GENRE: Colour = (104, 114, 128)


def genre_colour(genre: str) -> Colour:
    """Return a genre's colour; genres outside the ten of the rows share a neutral slate."""
    return _GENRE_COLOURS.get(genre, _OTHER_GENRE)


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour ``share`` of the way from ``a`` to ``b``."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def luma(colour: Colour) -> float:
    """Return the perceived brightness (Rec. 601), 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def readable_on(colour: Colour) -> Colour:
    """Return white or ink, whichever reads better on a colour."""
    return INK if luma(colour) > 130 else WHITE
