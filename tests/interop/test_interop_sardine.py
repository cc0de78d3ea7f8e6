"""The participant in SARDINE clicks as often as they did, per position and genre."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from chance import bound, click_rates, furthest
from documented import run

from tuning.exporting.sardine import SardineTarget

pytestmark = pytest.mark.interop
SLATES = 20_000


@pytest.fixture(scope="module")
def load_sardine(exports: Path):
    """Import the program that comes with the export, from the export."""
    sys.path.insert(0, str(exports / "sardine"))
    try:
        import load_sardine
    finally:
        sys.path.pop(0)
    assert Path(load_sardine.__file__).parent == exports / "sardine"
    return load_sardine


@pytest.fixture(scope="module")
def played(load_sardine, exports: Path, truth: dict) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return clicks and how often it was shown, (genres, positions) each, on random slates."""
    found = {}
    for name, person in truth.items():
        shape = (len(person["genres"]), len(person["shown"]))
        assert load_sardine.genres(exports / "sardine") == person["genres"]
        env = load_sardine.environment(exports / "sardine", name, episode_length=SLATES)
        env.reset(seed=5)
        rng, place = np.random.default_rng(7), np.arange(shape[1])
        clicks, trials = np.zeros(shape), np.zeros(shape)
        for _ in range(SLATES):
            slate = rng.integers(shape[0], size=shape[1])
            observation, *_ = env.step(slate)
            trials[slate, place] += 1
            clicks[slate, place] += observation["clicks"]
        found[name] = clicks, trials
    return found


def test_clicks_are_the_participants_at_every_position_and_genre(played: dict, truth: dict) -> None:
    for name, person in truth.items():
        rates = click_rates(person)
        assert furthest(*played[name], rates) < bound(rates.size)


def test_the_clicks_of_others_are_told_apart(played: dict, truth: dict) -> None:
    rates = {name: click_rates(person) for name, person in truth.items()}
    limit = bound(rates["P01"].size)
    assert furthest(*played["P01"], rates["P02"]) > limit
    assert furthest(*played["P01"], rates["P01"][:, ::-1]) > limit
    assert furthest(*played["P01"], np.roll(rates["P01"], 1, axis=0)) > limit


def test_clicks_per_slot_on_the_pages_that_were_shown_are_those_of_the_study(
    load_sardine, exports: Path, truth: dict
) -> None:
    for name, person in truth.items():
        env = load_sardine.environment(exports / "sardine", name)
        env.reset(seed=0)
        number = {genre: i for i, genre in enumerate(load_sardine.genres(exports / "sardine"))}
        rates = np.zeros(len(person["shown"]))
        for page, times in person["pages"]:
            relevance = env.step(np.array([number[genre] for genre in page]))[4]["relevances"]
            rates += times / person["views"] * relevance * np.asarray(env.propensities)
        clicks, shown = np.array(person["clicked"]), np.array(person["shown"])
        assert furthest(clicks, shown, rates) < bound(len(shown))
        assert furthest(clicks, shown, rates[::-1]) > bound(len(shown))


def test_nothing_changes_while_the_participant_clicks(load_sardine, exports: Path) -> None:
    env = load_sardine.environment(exports / "sardine", "P01")
    env.reset(seed=1)
    before = env.step(np.arange(15) % 10)[4]["relevances"].copy()
    for _ in range(300):
        env.step(np.zeros(15, dtype=int))
    assert np.allclose(env.step(np.arange(15) % 10)[4]["relevances"], before, atol=1e-12)


def test_the_same_seed_gives_the_same_clicks(load_sardine, exports: Path) -> None:
    def clicks(seed: int) -> list[np.ndarray]:
        env = load_sardine.environment(exports / "sardine", "P02")
        env.reset(seed=seed)
        return [env.step(np.arange(15) % 10)[0]["clicks"] for _ in range(20)]

    assert np.array_equal(clicks(3), clicks(3))
    assert not np.array_equal(clicks(3), clicks(4))


def test_our_own_check_uses_the_package(exports: Path) -> None:
    found = SardineTarget().verify(exports / "sardine")
    assert (found.by, found.version, found.problems) == ("package", "1.0.8", ())
    assert any("SARDINE finds" in sentence for sentence in found.checks)


def test_the_documented_example_runs(exports: Path) -> None:
    printed = run("SARDINE", exports)
    assert printed.startswith("[")
