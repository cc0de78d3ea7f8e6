"""Which screens are for fitting, for choosing, and for judging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from protocols.errors import NotEnoughExamples
from tuning.examples import Example, Split

TEST_SHARE = 0.4
"""A participant's session is short and a page holds few fixations: with a quarter of 30 screens held out,
even the true policy of a simulated viewer lost to its mean map in one session of five, by chance alone."""
VAL_SHARE = 0.15


def split_screens(
    screens: Iterable[str], seed: int, *, test_share: float = TEST_SHARE, val_share: float = VAL_SHARE
) -> Mapping[str, Split]:
    """Assign every screen to exactly one split, whatever order they come in.

    Args:
        screens: screen ids; repeated ids count once.
        seed: of the draw.
        test_share: share of screens for judging, at least one screen.
        val_share: share of screens for choosing the epoch, at least one screen.

    Raises:
        NotEnoughExamples: fewer than three screens, or shares that leave none for fitting.
    """
    ids = sorted(set(screens))
    n_test = max(1, round(test_share * len(ids)))
    n_val = max(1, round(val_share * len(ids)))
    if n_test + n_val >= len(ids):
        raise NotEnoughExamples(
            f"{len(ids)} different screens are too few for {n_test} test and {n_val} validation screens.",
            "A twin is judged on screens it was not fitted on.",
            "Record more screens, or pool several sessions of the participant.",
        )
    drawn = [ids[i] for i in np.random.default_rng([seed, len(ids)]).permutation(len(ids))]
    return {screen: _name(place, n_test, n_val) for place, screen in enumerate(drawn)}


def _name(place: int, n_test: int, n_val: int) -> Split:
    if place < n_test:
        return "test"
    return "val" if place < n_test + n_val else "train"


def without_films_of_test(examples: Sequence[Example], test: Sequence[Example]) -> list[Example]:
    """Return examples without those for fitting or choosing that show a film of a held-out page.

    Screens can differ and still show the same film; a twin that remembers a film is not judged on new ones.

    Args:
        examples: of any split.
        test: page views that are held out; their visible films count.
    """
    judged = {film for e in test if e.split == "test" for film in e.page.films}
    return [e for e in examples if e.split == "test" or judged.isdisjoint(e.page.films)]
