from __future__ import annotations

import numpy as np
import pytest

from protocols.carousel import GENRES
from protocols.invented import Kind, invented_pool, invented_screen


@pytest.mark.parametrize("kind", ["rows", "mixed"])
def test_a_screen_has_ten_rows_of_fifteen_films_and_none_twice(kind: Kind) -> None:
    for seed in range(30):
        screen = invented_screen(np.random.default_rng(seed), f"s{seed}", kind, pool_seed=seed % 3)
        assert sorted(row.genre for row in screen.rows) == list(GENRES)
        assert [len(row.films) for row in screen.rows] == [15] * 10
        assert len({film.key for row in screen.rows for film in row.films}) == 150


def test_films_belong_to_their_row() -> None:
    rng = np.random.default_rng(0)
    rows = [row for _ in range(20) for row in invented_screen(rng, "s", "rows").rows]
    main = [film.genres[0] == row.genre for row in rows for film in row.films]
    assert all(row.genre in film.genres for row in rows for film in row.films)
    assert np.mean(main) == pytest.approx(0.85, abs=0.02)


def test_films_of_mixed_rows_are_of_any_genre() -> None:
    rng = np.random.default_rng(0)
    rows = [row for _ in range(20) for row in invented_screen(rng, "s", "mixed").rows]
    assert np.mean([film.genres[0] == row.genre for row in rows for film in row.films]) < 0.15


def test_the_same_seed_invents_the_same_screen() -> None:
    first, again = (invented_screen(np.random.default_rng(4), "s", "rows") for _ in range(2))
    assert first == again
    assert first != invented_screen(np.random.default_rng(5), "s", "rows")


def test_a_pool_is_balanced_and_plausible() -> None:
    pool = invented_pool(0)
    assert len({film.title for film in pool}) == len(pool) == 600
    assert [sum(film.genres[0] == g for film in pool) for g in GENRES] == [60] * 10
    assert all(1 <= len(film.genres) <= 3 and len(set(film.genres)) == len(film.genres) for film in pool)
    assert all(1950 <= film.year <= 2025 for film in pool)


def test_pools_of_different_seeds_share_hardly_any_film() -> None:
    assert len(set(invented_pool(0)) & set(invented_pool(1))) < 6
