"""CLAX clicks as often as the participants did, per position and genre."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from chance import bound, click_rates, furthest
from clax import MixtureModel
from documented import run
from flax import nnx

from tuning.exporting.clax import Clax

pytestmark = pytest.mark.interop
PAGES = 20_000


@pytest.fixture(scope="module")
def load_clax(exports: Path):
    """Import the program that comes with the export, from the export."""
    sys.path.insert(0, str(exports / "clax"))
    try:
        import load_clax
    finally:
        sys.path.pop(0)
    assert Path(load_clax.__file__).parent == exports / "clax"
    return load_clax


@pytest.fixture(scope="module")
def clicked(load_clax, exports: Path, truth: dict) -> dict[str, np.ndarray]:
    """Return what CLAX clicks on 20,000 pages of each genre, (genres, positions), per participant."""
    found = {}
    for name, person in truth.items():
        model = load_clax.position_based_model(exports / "clax", name)
        rows = []
        for seed, genre in enumerate(person["genres"]):
            batch = load_clax.batch(exports / "clax", [[genre] * len(person["shown"])] * PAGES)
            rows.append(np.asarray(model.sample(batch, rngs=nnx.Rngs(seed)).clicks).sum(axis=0))
        found[name] = np.array(rows)
    return found


def test_clicks_are_the_participants_at_every_position_and_genre(clicked: dict, truth: dict) -> None:
    for name, person in truth.items():
        rates = click_rates(person)
        trials = np.full(rates.shape, PAGES)
        assert furthest(clicked[name], trials, rates) < bound(rates.size)


def test_the_clicks_of_others_are_told_apart(clicked: dict, truth: dict) -> None:
    rates = {name: click_rates(person) for name, person in truth.items()}
    trials = np.full(rates["P01"].shape, PAGES)
    limit = bound(rates["P01"].size)
    assert furthest(clicked["P01"], trials, rates["P02"]) > limit
    assert furthest(clicked["P01"], trials, rates["P01"][:, ::-1]) > limit
    assert furthest(clicked["P01"], trials, np.roll(rates["P01"], 1, axis=0)) > limit


def test_clicks_per_slot_on_the_pages_that_were_shown_are_those_of_the_study(
    load_clax, exports: Path, truth: dict
) -> None:
    for name, person in truth.items():
        model = load_clax.position_based_model(exports / "clax", name)
        pages, times = zip(*person["pages"], strict=True)
        predicted = np.exp(np.asarray(model.predict_clicks(load_clax.batch(exports / "clax", pages))))
        rates = np.average(predicted, axis=0, weights=times)
        clicks, shown = np.array(person["clicked"]), np.array(person["shown"])
        assert furthest(clicks, shown, rates) < bound(len(shown))
        assert furthest(clicks, shown, rates[::-1]) > bound(len(shown))


def test_participants_make_a_population(load_clax, exports: Path, truth: dict) -> None:
    folder = exports / "clax"
    models = [load_clax.position_based_model(folder, name) for name in load_clax.personas(folder)]
    genres = truth["P01"]["genres"]
    batch = load_clax.batch(folder, [[genre] * len(truth["P01"]["shown"]) for genre in genres])
    mixed = np.exp(np.asarray(MixtureModel(models=models).predict_clicks(batch)))
    assert np.allclose(mixed, np.mean([click_rates(p) for p in truth.values()], axis=0), atol=1e-6)


def test_our_own_check_uses_the_package(exports: Path) -> None:
    found = Clax().verify(exports / "clax")
    assert (found.by, found.version, found.problems) == ("package", "0.1.1", ())
    assert any("CLAX predicts" in sentence for sentence in found.checks)


def test_the_documented_example_runs(exports: Path) -> None:
    printed = run("CLAX", exports)
    assert "['P01', 'P02']" in printed
    assert "-inf" in printed
    assert "False" in printed
