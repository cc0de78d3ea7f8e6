from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from protocols.carousel import GENRES
from protocols.geometry import FloatArray
from protocols.invented import invented_pool
from protocols.lettering import fit_text, set_text
from protocols.palette import genre_colour, readable_on
from protocols.poster import details_panel, drawn_poster
from protocols.stimulus import Film, PixelArray

LONG_TITLES = [
    "Borat: Cultural Learnings of America for Make Benefit Glorious Nation of Kazakhstan",
    "Birds of Prey (and the Fantabulous Emancipation of One Harley Quinn)",
    "Supercalifragilisticexpialidocious",
    "W" * 60,
    "One Two " * 40,
]

words = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x17E, exclude_categories=["C", "Z"]), min_size=1
)
titles = st.lists(words, min_size=1, max_size=12).map(" ".join)


def lab(colours: FloatArray | PixelArray) -> FloatArray:
    """Convert sRGB (n, 3) in 0..255 to CIELAB under D65, in which distance is visible difference."""
    c = np.asarray(colours, dtype=np.float64) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def seen_small(poster: PixelArray) -> FloatArray:
    return np.asarray(Image.fromarray(poster).reduce(5), dtype=np.float64)


def most_like(colour: FloatArray) -> str:
    centres = lab(np.array([genre_colour(g) for g in GENRES]))
    return GENRES[int(np.argmin(np.linalg.norm(centres - lab(colour[None]), axis=1)))]


def test_genre_colours_are_far_apart() -> None:
    colours = lab(np.array([*(genre_colour(g) for g in GENRES), (20, 20, 20)]))
    distances = np.linalg.norm(colours[:, None] - colours[None], axis=2)
    assert distances[np.triu_indices(len(colours), 1)].min() > 30


def test_main_and_second_genre_can_be_told_from_the_small_poster() -> None:
    for film in invented_pool(11)[:150]:
        small = seen_small(drawn_poster(film))
        assert most_like(np.median(small.reshape(-1, 3), axis=0)) == film.genres[0]
        if len(film.genres) == 2:
            edges = [small[:, 1:5].reshape(-1, 3), small[:, -5:-1].reshape(-1, 3)]
            assert film.genres[1] in [most_like(np.median(edge, axis=0)) for edge in edges]


def test_the_second_genre_covers_about_a_quarter() -> None:
    band = genre_colour("Comedy")
    shares = []
    for i in range(20):
        pixels = lab(drawn_poster(Film(f"Film {i}", 1999, ("Drama", "Comedy"))).reshape(-1, 3))
        shares.append(float((np.linalg.norm(pixels - lab(np.array([band])), axis=1) < 30).mean()))
    assert 0.18 < median(shares) < 0.28


def test_a_film_of_one_genre_has_no_band() -> None:
    pixels = lab(drawn_poster(Film("Alone", 1999, ("Drama",))).reshape(-1, 3))
    yellow = lab(np.array([genre_colour("Comedy")]))
    assert (np.linalg.norm(pixels - yellow, axis=1) > 30).all()


def test_posters_of_one_genre_differ() -> None:
    posters = {drawn_poster(Film("The Same", year, ("Horror",))).tobytes() for year in range(1980, 2000)}
    assert len(posters) == 20


@pytest.mark.parametrize(
    "genres", [("Adventure",), ("Mystery", "Action"), ("Drama", "War", "Western", "Music")]
)
def test_any_genre_can_be_drawn(genres: tuple[str, ...]) -> None:
    assert drawn_poster(Film("Elsewhere", 2001, genres)).shape == (193, 342, 3)


@pytest.mark.parametrize("title", LONG_TITLES)
@pytest.mark.parametrize("genre", ["Comedy", "Drama"])
def test_long_titles_stay_off_the_edges(title: str, genre: str) -> None:
    for year in range(1990, 1998):
        poster = drawn_poster(Film(title, year, (genre,)))
        ink = (poster == readable_on(genre_colour(genre))).all(axis=2)
        assert ink.any()
        ink[8:-8, 8:-8] = False
        assert not ink.any()


@settings(max_examples=60, deadline=None)
@given(title=titles, width=st.integers(60, 400), height=st.integers(40, 160))
def test_fitted_text_fits(title: str, width: int, height: int) -> None:
    setting = fit_text(title, ("Bold", "CondBold"), (40, 30, 20, 12), (width, height))
    assert setting.width_px <= width
    assert setting.height_px <= height


@settings(max_examples=40, deadline=None)
@given(title=titles, width=st.integers(60, 400))
def test_breaking_lines_loses_no_letter(title: str, width: int) -> None:
    lines = set_text(title, "Bold", 24, width).lines
    assert "".join(lines).replace(" ", "") == "".join(title.split())


def test_words_are_not_broken_while_a_smaller_size_holds_them() -> None:
    setting = fit_text("Supercalifragilistic Evening", ("Bold", "CondBold"), (46, 30, 20, 11), (200, 128))
    assert setting.lines == ("Supercalifragilistic", "Evening")


def test_only_a_hopeless_title_ends_in_an_ellipsis() -> None:
    assert not any("…" in line for t in LONG_TITLES[:4] for line in _lines(t))
    assert _lines("endless " * 200)[-1].endswith("…")


def test_details_name_the_film_in_dark_on_light() -> None:
    panel = details_panel(Film("The Long Detail", 1990, ("Crime", "Drama")))
    assert panel.shape == (193, 342, 3)
    assert np.median(panel) > 200
    assert (panel[:80].max(axis=2) < 40).any()
    assert (panel[-50:].max(axis=2) < 110).any()


def _lines(title: str) -> tuple[str, ...]:
    return fit_text(title, ("Bold", "CondBold"), (46, 23, 11), (182, 128)).lines
