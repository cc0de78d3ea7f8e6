"""One poster, 342x193 px: drawn typographically from the film's facts, or taken from an image file.

A drawn poster shows the main genre as its colour and motif, the second genre as a diagonal band over about a
quarter of its area, a third one as a narrower stripe, and the title and year. A film's tint and composition
follow from a hash of its title and year, so its poster is the same in every run and on every machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from protocols.canvas import frozen
from protocols.carousel import POSTER_SIZE_PX
from protocols.errors import StimulusMissing
from protocols.lettering import Weight, draw_setting, fit_text, set_text
from protocols.motifs import draw_motif
from protocols.palette import INK, PAPER, WHITE, Colour, genre_colour, luma, mixed, readable_on
from protocols.stimulus import Film, PixelArray

_WIDTH, _HEIGHT = POSTER_SIZE_PX
_MARGIN = 14
_FINER = 3
"""Shapes are drawn this many times larger and averaged down, which smooths their edges."""

_TITLE_SIZES = (46, 42, 38, 34, 31, 28, 25, 23, 21, 19, 17, 15, 13, 11)
_TITLE_WEIGHTS: tuple[Weight, ...] = ("Bold", "CondBold")
_YEAR_SIZE = 15

_BAND_SLANT = 48
_BAND_EDGE = 5
_BAND_LEFTS: tuple[tuple[int, ...], ...] = ((), (236,), (206, 282))
"""Where the bands meet the poster's lower edge, by number of genres beside the main one, in px."""


@dataclass(frozen=True)
class _Variation:
    """What differs between films of the same genres; every number is a byte of the film's hash."""

    tint: int
    mirrored: bool
    title_low: bool
    motif_x: int
    motif_y: int
    motif_size: int

    @classmethod
    def of(cls, film: Film) -> _Variation:
        b = hashlib.sha256(film.key.encode()).digest()
        return cls(b[0], b[1] % 2 == 1, b[2] % 2 == 1, b[3], b[4], b[5])


@lru_cache(maxsize=1024)
def drawn_poster(film: Film) -> PixelArray:
    """Return the drawn poster of a film, shape (193, 342, 3), RGB, read-only."""
    variation = _Variation.of(film)
    colour = _tinted(genre_colour(film.genres[0]), variation.tint)
    image = _shapes(film, colour, variation)
    _write(image, film, colour, variation)
    return frozen(image)


@lru_cache(maxsize=1024)
def image_poster(path: Path) -> PixelArray:
    """Return an image file cut to the poster's proportions around its centre, shape (193, 342, 3), read-only.

    Raises:
        StimulusMissing: there is no such file, or it is not an image.
    """
    try:
        with Image.open(path) as image:
            cover = ImageOps.fit(image.convert("RGB"), POSTER_SIZE_PX, Image.Resampling.LANCZOS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise StimulusMissing(
            f"The poster {path} cannot be shown: {error}.",
            "The participant would not see the film the study names.",
            "Put the image there, or leave the film's poster empty to have one drawn.",
        ) from error
    return frozen(cover)


def poster(film: Film, images: Path | None = None) -> PixelArray:
    """Return a film's poster: its image if there is a folder and the film names a file, else drawn.

    Raises:
        StimulusMissing: the film names a file that is not in the folder, or is not an image.
    """
    if images is None or not film.poster:
        return drawn_poster(film)
    if Path(film.poster).name != film.poster:
        raise StimulusMissing(
            f"The poster of {film.key}, {film.poster!r}, is not a plain file name.",
            "A study's posters are files of its own image folder.",
            "Put the image into the folder and name it without a path.",
        )
    return image_poster(images / film.poster)


@lru_cache(maxsize=64)
def details_panel(film: Film) -> PixelArray:
    """Return what replaces a poster under the pointer: title, year, genres; shape (193, 342, 3)."""
    image = Image.new("RGB", POSTER_SIZE_PX, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 7, _HEIGHT), fill=genre_colour(film.genres[0]))
    left, width = _MARGIN + 12, _WIDTH - 2 * _MARGIN - 12
    title = fit_text(film.key, ("Bold", "CondBold"), (24, 22, 20, 18, 16, 14, 12, 11), (width, 104))
    draw_setting(draw, (left, _MARGIN), title, INK)
    genres = fit_text(", ".join(film.genres), ("Regular",), (16, 14, 12, 11), (width, 48))
    draw_setting(draw, (left, _HEIGHT - _MARGIN - genres.height_px), genres, mixed(INK, PAPER, 0.25))
    return frozen(image)


def _tinted(colour: Colour, byte: int) -> Colour:
    share = (byte / 255 - 0.5) * 0.2
    return mixed(colour, WHITE, share) if share > 0 else mixed(colour, INK, -share)


def _shapes(film: Film, colour: Colour, variation: _Variation) -> Image.Image:
    image = Image.new("RGB", (_WIDTH * _FINER, _HEIGHT * _FINER), colour)
    draw = ImageDraw.Draw(image)
    shade = mixed(colour, WHITE, 0.14) if luma(colour) < 130 else mixed(colour, INK, 0.14)
    x = 70 + variation.motif_x * 120 // 255
    y = 76 + variation.motif_y * 44 // 255
    radius = 66 + variation.motif_size * 26 // 255
    draw_motif(draw, film.genres[0], (x * _FINER, y * _FINER), radius * _FINER, shade)
    _bands(draw, film.genres[1:3])
    if variation.mirrored:
        image = ImageOps.mirror(image)
    return _lit(image.reduce(_FINER))


def _bands(draw: ImageDraw.ImageDraw, genres: tuple[str, ...]) -> None:
    for genre, left in zip(genres, _BAND_LEFTS[len(genres)], strict=True):
        _fill_right_of(draw, left - _BAND_EDGE, INK)
        _fill_right_of(draw, left, genre_colour(genre))


def _fill_right_of(draw: ImageDraw.ImageDraw, left: int, fill: Colour) -> None:
    """Fill everything to the right of a slanted edge that meets the poster's lower edge at ``left`` px."""
    corners = ((left, _HEIGHT), (left + _BAND_SLANT, 0), (_WIDTH, 0), (_WIDTH, _HEIGHT))
    draw.polygon([(x * _FINER, y * _FINER) for x, y in corners], fill=fill)


def _lit(image: Image.Image) -> Image.Image:
    """Darken an image slightly from top to bottom, in whole numbers so that every machine rounds alike."""
    light = np.linspace(264, 216, _HEIGHT).astype(np.uint32)[:, None, None]
    return Image.fromarray(np.minimum(np.asarray(image) * light >> 8, 255).astype(np.uint8))


def _write(image: Image.Image, film: Film, colour: Colour, variation: _Variation) -> None:
    draw = ImageDraw.Draw(image)
    fill = readable_on(colour)
    left, width = _text_column(film, variation)
    title = fit_text(film.title, _TITLE_WEIGHTS, _TITLE_SIZES, (width, 128))
    year = set_text(str(film.year), "Regular", _YEAR_SIZE, width)
    top = _HEIGHT - _MARGIN - year.height_px - 4 - title.height_px if variation.title_low else _MARGIN - 4
    draw_setting(draw, (left, top), title, fill)
    draw_setting(draw, (left, _HEIGHT - _MARGIN - year.height_px), year, fill)


def _text_column(film: Film, variation: _Variation) -> tuple[int, int]:
    """Return left edge and width in px of the part that no band covers."""
    lefts = _BAND_LEFTS[len(film.genres[1:3])]
    if not lefts:
        return _MARGIN, _WIDTH - 2 * _MARGIN
    covered = _WIDTH - lefts[0] + _BAND_EDGE
    return (covered + _MARGIN // 2 if variation.mirrored else _MARGIN), _WIDTH - covered - _MARGIN * 3 // 2
