from __future__ import annotations

import numpy as np
import pytest

from protocols.errors import NotEnoughExamples
from protocols.stimulus import Film, Page
from tuning.baselines import (
    SMOOTHINGS,
    Looked,
    PositionMap,
    genre_match,
    grid_shares,
    left_out_maps,
    participant_map,
)
from tuning.loglinear import fit_exponents, pooled


def _looked(page: Page, weights: np.ndarray) -> Looked:
    return Looked(page.layout, page.films, weights / weights.sum(), page.screen_id)


def test_an_unscrolled_page_lies_on_the_nodes(pages: list[Page]) -> None:
    assert np.allclose(grid_shares(pages[0].layout), np.eye(15))
    scrolled = grid_shares(pages[3].layout)
    assert scrolled.shape == (len(pages[3].layout), 15)
    assert np.allclose(scrolled.sum(1), 1)


def test_a_uniform_viewer_has_density_one_whatever_was_visible(pages: list[Page]) -> None:
    views = [_looked(p, np.ones(len(p.layout))) for p in pages]
    assert {len(v.layout) for v in views} == {10, 15}
    assert np.allclose(PositionMap.of(views, 1.0).density, 1)
    for page in pages:
        assert np.allclose(PositionMap.uniform().predict(page.layout), 1 / len(page.layout))


def test_a_habit_seen_on_whole_pages_carries_over_to_scrolled_ones(pages: list[Page]) -> None:
    whole = [p for p in pages if len(p.layout) == 15]
    views = [_looked(p, np.tile([5.0, 4, 3, 2, 1], 3)) for p in whole]
    predicted = PositionMap.of(views, 0.0).predict(pages[3].layout)
    assert len(predicted) == 10
    assert np.allclose(predicted, np.tile([5.0, 4, 3, 2, 1], 2) / 30)


def test_smoothing_draws_towards_uniform(pages: list[Page]) -> None:
    views = [_looked(pages[0], np.eye(15)[0])]
    sharp, soft = (PositionMap.of(views, s).predict(pages[0].layout)[0] for s in (0.1, 10.0))
    assert sharp > 0.9 > 0.2 > soft > 1 / 15


def test_the_smoothing_follows_how_constant_the_participant_is(pages: list[Page]) -> None:
    whole = [p for p in pages if len(p.layout) == 15]
    constant = [_looked(p, np.arange(1.0, 16)) for p in whole]
    rng = np.random.default_rng(0)
    erratic = [_looked(p, rng.permutation(np.arange(15.0) ** 3)) for p in whole]
    assert np.allclose(participant_map(constant).density, PositionMap.of(constant, SMOOTHINGS[0]).density)
    assert np.allclose(participant_map(erratic).density, PositionMap.of(erratic, SMOOTHINGS[-1]).density)
    with pytest.raises(NotEnoughExamples):
        participant_map([])


def test_a_left_out_map_knows_nothing_of_its_screen(pages: list[Page]) -> None:
    views = [_looked(p, np.arange(1.0, len(p.layout) + 1)) for p in pages]
    before = left_out_maps(views, lambda rest: PositionMap.of(rest, 1.0))[views[0].screen_id]
    views[0] = _looked(pages[0], np.eye(15)[3] + 1e-9)
    after = left_out_maps(views, lambda rest: PositionMap.of(rest, 1.0))[views[0].screen_id]
    assert np.array_equal(before.density, after.density)


def test_genres_match_by_main_and_by_other_genre() -> None:
    films = [
        Film("a", 2000, ("Drama", "Comedy")),
        Film("b", 2000, ("Comedy", "Drama")),
        Film("c", 2000, ("War",)),
    ]
    assert genre_match(films, ["Drama", "Crime"]).tolist() == [1.0, 0.5, 0.0]


def test_exponents_are_recovered_from_data_that_follows_them() -> None:
    rng = np.random.default_rng(1)
    features = [np.log(rng.dirichlet(np.ones(15), size=2)) for _ in range(200)]
    truth = np.array([0.7, 0.4])
    targets = [pooled(truth, f) for f in features]
    assert np.allclose(fit_exponents(features, targets, np.array([1.0, 0.0]), 0.5), truth, atol=0.01)


def test_without_views_exponents_stay_where_they_were() -> None:
    assert fit_exponents([], [], np.array([0.3, 0.9]), 0.5).tolist() == [0.3, 0.9]


def test_clicks_are_fitted_as_one_hot_targets() -> None:
    rng = np.random.default_rng(2)
    features = [np.log(rng.dirichlet(np.full(6, 0.5), size=1) + 1e-6) for _ in range(400)]
    drawn = [np.eye(6)[rng.choice(6, p=pooled(np.array([0.5]), f))] for f in features]
    assert fit_exponents(features, drawn, np.array([1.0]), 0.5)[0] == pytest.approx(0.5, abs=0.1)
