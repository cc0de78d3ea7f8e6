"""The synthetic cohort: documented distributions, leak-free, and participants without a pattern."""

from __future__ import annotations

import numpy as np
import pytest

from protocols.invented import invented_pool
from tuning.drawn_viewers import POOL_SEED
from tuning.experiments import synthetic
from tuning.experiments.synthetic import ScreenPlan, draw_policy, synthetic_page, synthetic_views
from tuning.pretraining.__main__ import TRAINING_POOLS, UNSEEN_POOL

PLAN = ScreenPlan(training=6, validation=2, heldout=3, seed=3)


def examples(plan, number, pseudonym, *, stable):
    return [view.example for view in synthetic_views(plan, number, pseudonym, stable=stable)]


@pytest.fixture(scope="module")
def stable():
    return examples(PLAN, 0, "P01", stable=True)


def test_no_screen_and_no_film_is_on_both_sides(stable):
    sides = {
        split: {e.page.screen_id for e in stable if e.split == split} for split in ("train", "val", "test")
    }
    assert {name: len(s) for name, s in sides.items()} == {"train": 4, "val": 2, "test": 3}
    assert not sides["train"] & sides["test"]
    fitted = {f for e in stable if e.split != "test" for f in e.page.films}
    assert fitted.isdisjoint(f for e in stable if e.split == "test" for f in e.page.films)


def test_pools_are_those_of_no_model_and_no_shipped_cohort():
    taken = {*TRAINING_POOLS, UNSEEN_POOL, POOL_SEED, 0, 1}
    assert {synthetic.TRAINING_POOL, synthetic.HELD_OUT_POOL}.isdisjoint(taken)
    shown = {f for row in _screen_films() for f in row}
    assert shown <= set(invented_pool(synthetic.TRAINING_POOL))


def _screen_films():
    return [synthetic_page(PLAN.seed, index, held_out=False).films for index in range(3)]


def test_the_same_number_gives_the_same_participant_whatever_else_is_drawn(stable):
    examples(PLAN, 5, "P06", stable=True)
    again = examples(PLAN, 0, "P01", stable=True)
    assert [e.page.digest for e in again] == [e.page.digest for e in stable]
    assert all(np.array_equal(a.gaze.weights, b.gaze.weights) for a, b in zip(again, stable, strict=True))
    assert [e.click for e in again] == [e.click for e in stable]


def test_attention_follows_habit_genre_and_salience():
    page = synthetic_page(3, 0, held_out=False)
    policy = draw_policy(np.random.default_rng(1))
    blind = synthetic.Policy(policy.viewer, 0.0, policy.persistence)
    drawn = synthetic.Policy(policy.viewer, 0.8, policy.persistence)
    change = np.log(drawn.attention(page) / blind.attention(page))
    assert np.corrcoef(change, synthetic.salience(page))[0, 1] == pytest.approx(1.0)
    assert synthetic.salience(page).mean() == pytest.approx(0.0, abs=1e-12)
    assert synthetic.salience(page).std() == pytest.approx(1.0)


def test_persistence_makes_dwell_patchier_without_moving_it():
    rng, expected = np.random.default_rng(2), np.array([0.5, 0.3, 0.2])

    def shares(persistence: float) -> np.ndarray:
        drawn = [synthetic._persistent(rng, expected, 20, persistence) for _ in range(3000)]
        return np.array([np.bincount(d, minlength=3) / 20 for d in drawn])

    free, sticky = shares(0.0), shares(0.5)
    assert free.mean(0) == pytest.approx(expected, abs=0.01)
    assert sticky.mean(0) == pytest.approx(expected, abs=0.015)
    assert sticky.std(0)[0] > 1.4 * free.std(0)[0]


def test_policies_are_drawn_from_the_documented_distributions():
    drawn = [draw_policy(np.random.default_rng([9, i])) for i in range(400)]
    pulls = np.array([[p.salience_pull, p.persistence] for p in drawn])
    assert (pulls >= 0).all()
    assert (pulls <= [0.8, 0.5]).all()
    assert pulls.mean(0) == pytest.approx([0.4, 0.25], abs=0.03)
    assert len({p.viewer.habit for p in drawn}) == 8


def test_without_a_pattern_one_page_says_nothing_about_the_next():
    """Left-out agreement of gaze with the participant's own mean by slot: none, against plenty."""
    plan = ScreenPlan(training=24, validation=2, heldout=3, fixations=(30, 30), seed=3)

    def agreement(stable: bool) -> float:
        found = []
        for number in range(6):
            seen = examples(plan, number, "P", stable=stable)
            full = np.array([e.gaze.weights for e in seen if len(e.gaze.weights) == 15])
            rest = (full.sum(0) - full) / (len(full) - 1)
            found += [np.corrcoef(a, b)[0, 1] for a, b in zip(full, rest, strict=True)]
        return float(np.mean(found))

    assert agreement(stable=True) > agreement(stable=False) + 0.2
