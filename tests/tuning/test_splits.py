from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import NotEnoughExamples
from tuning.splits import split_screens


@given(st.sets(st.text("abc123", min_size=1), min_size=4, max_size=60), st.integers(0, 99))
@settings(max_examples=40)
def test_every_screen_is_in_exactly_one_split_whatever_the_order(screens: set[str], seed: int) -> None:
    shuffled = [*screens, *screens]
    random.Random(seed).shuffle(shuffled)
    splits = split_screens(shuffled, seed)
    assert set(splits) == screens
    assert set(splits.values()) == {"train", "val", "test"}
    assert splits == split_screens(sorted(screens), seed)


def test_shares_are_about_what_was_asked() -> None:
    splits = list(split_screens([str(i) for i in range(40)], 0).values())
    assert (splits.count("test"), splits.count("val")) == (16, 6)


def test_too_few_screens_are_refused() -> None:
    with pytest.raises(NotEnoughExamples, match="2 different screens"):
        split_screens(["a", "b", "a"], 0)
