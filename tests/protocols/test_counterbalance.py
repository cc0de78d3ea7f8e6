from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.counterbalance import balanced_order, shuffled

sizes = st.integers(1, 9)


def _square(n: int) -> list[tuple[int, ...]]:
    return [balanced_order(n, i) for i in range(n if n % 2 == 0 else 2 * n)]


@settings(max_examples=20, deadline=None)
@given(sizes)
def test_every_condition_stands_in_every_position_equally_often(n: int) -> None:
    places = Counter((place, c) for row in _square(n) for place, c in enumerate(row))
    assert len(places) == n * n
    assert len(set(places.values())) == 1


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9))
def test_every_condition_follows_every_other_equally_often(n: int) -> None:
    pairs = Counter(pair for row in _square(n) for pair in pairwise(row))
    assert len(pairs) == n * (n - 1)
    assert len(set(pairs.values())) == 1


@settings(max_examples=20, deadline=None)
@given(sizes, st.integers(0, 10_000))
def test_every_participant_gets_every_condition_once(n: int, participant: int) -> None:
    assert sorted(balanced_order(n, participant)) == list(range(n))


def test_two_conditions_are_swapped() -> None:
    assert [balanced_order(2, i) for i in range(4)] == [(0, 1), (1, 0), (0, 1), (1, 0)]


def test_shuffling_keeps_every_item_and_never_changes() -> None:
    assert sorted(shuffled(tuple("abcdef"), 1, "x")) == list("abcdef")
    assert shuffled(tuple("abcdef"), 7, 0, "browse") == tuple("ebdfca")


def test_shuffling_is_even() -> None:
    first = Counter(shuffled((0, 1, 2, 3), seed)[0] for seed in range(2000))
    assert all(400 < count < 600 for count in first.values())
