"""One large geometric motif per genre, drawn behind a poster's title."""

from __future__ import annotations

from collections.abc import Callable

from PIL import ImageDraw

from protocols.palette import Colour

Point = tuple[int, int]
Motif = Callable[[ImageDraw.ImageDraw, Point, int, Colour], None]
"""Draws around a centre with a radius, both in px, in one colour."""


def draw_motif(draw: ImageDraw.ImageDraw, genre: str, centre: Point, radius: int, fill: Colour) -> None:
    """Draw a genre's motif; genres outside the ten of the rows share a tilted square."""
    _MOTIFS.get(genre, _tilted_square)(draw, centre, radius, fill)


def _chevrons(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Action: three arrowheads rushing to the right."""
    (x, y), r = centre, radius
    for i in (-1, 0, 1):
        left = x + i * r * 3 // 4
        tip, notch = left + r * 3 // 4, left + r // 3
        outline = [(left - r // 3, y - r), (left, y - r), (tip, y), (left, y + r), (left - r // 3, y + r)]
        draw.polygon([*outline, (notch, y)], fill=fill)


def _bubbles(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Animation: rising bubbles."""
    (x, y), r = centre, radius
    _disc(draw, (x - r // 3, y + r // 4), r * 3 // 4, fill)
    _disc(draw, (x + r * 4 // 5, y - r // 6), r * 2 // 5, fill)
    _disc(draw, (x + r // 3, y - r * 4 // 5), r // 4, fill)
    _disc(draw, (x + r * 3 // 2, y - r * 3 // 4), r // 6, fill)


def _smile(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Comedy: a broad smile."""
    (x, y), r = centre, radius
    draw.pieslice((x - r, y - r, x + r, y + r), 0, 180, fill=fill)
    _disc(draw, (x - r // 2, y - r // 2), r // 5, fill)
    _disc(draw, (x + r // 2, y - r // 2), r // 5, fill)


def _blinds(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Crime: light through a venetian blind."""
    (x, y), r = centre, radius
    left, right, rise = x - 4 * r, x + 4 * r, r // 8
    for i in range(-6, 10):
        top = y + i * r * 3 // 10
        draw.polygon(
            [(left, top), (right, top - 4 * rise), (right, top - 3 * rise), (left, top + rise)], fill=fill
        )


def _two_discs(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Drama: two circles that touch."""
    (x, y), r = centre, radius
    _disc(draw, (x - r * 3 // 4, y), r * 3 // 4, fill)
    draw.ellipse((x, y - r * 3 // 4, x + r * 3 // 2, y + r * 3 // 4), outline=fill, width=max(2, r // 6))


def _star(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Fantasy: a four-pointed star and a small companion."""
    for (x, y), r in ((centre, radius), ((centre[0] + radius, centre[1] - radius * 2 // 3), radius // 3)):
        q = r // 5
        draw.polygon(
            [
                (x, y - r),
                (x + q, y - q),
                (x + r, y),
                (x + q, y + q),
                (x, y + r),
                (x - q, y + q),
                (x - r, y),
                (x - q, y - q),
            ],
            fill=fill,
        )


def _teeth(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Horror: two rows of teeth."""
    (x, y), r = centre, radius
    for i in range(-7, 8):
        left = x + i * r * 2 // 3
        draw.polygon([(left, y - r), (left + r * 2 // 3, y - r), (left + r // 3, y)], fill=fill)
        draw.polygon([(left - r // 3, y + r), (left + r // 3, y + r), (left, y + r // 5)], fill=fill)


def _heart(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Romance: a heart."""
    (x, y), r = centre, radius
    lobe = r * 55 // 100
    _disc(draw, (x - lobe * 9 // 10, y - r // 3), lobe, fill)
    _disc(draw, (x + lobe * 9 // 10, y - r // 3), lobe, fill)
    edge = lobe * 9 // 10 + lobe * 7 // 10
    draw.polygon(
        [(x - edge, y + lobe // 10), (x, y - r // 3), (x + edge, y + lobe // 10), (x, y + r)], fill=fill
    )


def _orbits(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Sci-Fi: a planet and its orbits."""
    (x, y), r = centre, radius
    _disc(draw, centre, r * 2 // 5, fill)
    for ring in (r * 7 // 10, r):
        draw.ellipse((x - ring, y - ring, x + ring, y + ring), outline=fill, width=max(2, r // 12))


def _wedges(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    """Thriller: shards that close in on a point."""
    (x, y), r = centre, radius
    for i in range(6):
        draw.pieslice((x - 5 * r, y - 5 * r, x + 5 * r, y + 5 * r), i * 60, i * 60 + 22, fill=fill)


def _tilted_square(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    (x, y), r = centre, radius
    draw.polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], fill=fill)


def _disc(draw: ImageDraw.ImageDraw, centre: Point, radius: int, fill: Colour) -> None:
    (x, y), r = centre, radius
    draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)


_MOTIFS: dict[str, Motif] = {
    "Action": _chevrons,
    "Animation": _bubbles,
    "Comedy": _smile,
    "Crime": _blinds,
    "Drama": _two_discs,
    "Fantasy": _star,
    "Horror": _teeth,
    "Romance": _heart,
    "Sci-Fi": _orbits,
    "Thriller": _wedges,
}
