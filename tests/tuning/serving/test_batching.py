"""Questions that wait for the model: each gets its own answer, whoever it is answered with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import GazeTwinError, StudyInvalid
from tuning.serving.batching import Answers, Batching
from tuning.serving.limits import Limits
from tuning.serving.refusals import Refused

pytestmark = pytest.mark.engine


@contextmanager
def started(answers: Answers[int, int], limits: Limits) -> Iterator[Batching[int, int]]:
    desk = Batching(answers, limits)
    desk.start()
    try:
        yield desk
    finally:
        desk.stop()
    assert not desk.alive


async def _all(desk: Batching[int, int], questions: Sequence[int]) -> list[int | BaseException]:
    return await asyncio.gather(*(desk.answer(q) for q in questions), return_exceptions=True)


def odd_ones_are_wrong(questions: Sequence[int]) -> list[int | GazeTwinError]:
    return [StudyInvalid(f"{q}", "odd", "even") if q % 2 else q * q for q in questions]


@given(st.lists(st.integers(0, 99), max_size=12), st.integers(1, 5), st.sampled_from([0.0, 0.002]))
@settings(max_examples=25, deadline=None)
def test_everybody_gets_their_own_answer(questions: list[int], batch: int, gather_s: float) -> None:
    sizes = []

    def answers(asked: Sequence[int]) -> list[int | GazeTwinError]:
        sizes.append(len(asked))
        return odd_ones_are_wrong(asked)

    with started(answers, Limits(batch=batch, gather_s=gather_s)) as desk:
        found = asyncio.run(_all(desk, questions))
    for question, answer in zip(questions, found, strict=True):
        if question % 2:
            assert isinstance(answer, StudyInvalid)
            assert answer.what == str(question)
        else:
            assert answer == question**2
    assert sum(sizes) == len(questions)
    assert max(sizes, default=0) <= batch


def test_questions_that_arrive_together_go_together() -> None:
    sizes = []

    def answers(asked: Sequence[int]) -> list[int]:
        sizes.append(len(asked))
        return list(asked)

    with started(answers, Limits(batch=8, gather_s=5.0)) as desk:
        assert asyncio.run(_all(desk, range(8))) == list(range(8))
    assert sizes == [8]


def test_too_many_are_sent_away_and_those_who_left_are_not_computed_for() -> None:
    free, seen = threading.Event(), []

    def answers(asked: Sequence[int]) -> list[int]:
        free.wait(20)
        seen.extend(asked)
        return list(asked)

    limits = Limits(waiting=2, batch=1, answer_s=0.2)
    with started(answers, limits) as desk:
        found = asyncio.run(_all(desk, range(8)))
        free.set()
        assert asyncio.run(_all(desk, [100])) == [100]
    statuses = [answer.status for answer in found if isinstance(answer, Refused)]
    assert sorted(set(statuses)) == [503, 504]
    assert len(statuses) == 8
    assert statuses.count(504) in (2, 3)  # two that waited, and one with the model if it was quick
    assert [q for q in seen if q != 100] in ([], [0])  # who was with the model, and nobody who left


def test_a_mistake_of_ours_is_nobody_elses() -> None:
    def answers(asked: Sequence[int]) -> list[int]:
        if 13 in asked:
            raise ZeroDivisionError
        return list(asked)

    with started(answers, Limits(batch=1)) as desk:
        found = asyncio.run(_all(desk, [1, 13, 2]))
    assert (found[0], found[2]) == (1, 2)
    assert isinstance(found[1], ZeroDivisionError)


def test_who_waits_at_the_end_is_told() -> None:
    begun, free = threading.Event(), threading.Event()

    def answers(asked: Sequence[int]) -> list[int]:
        begun.set()
        free.wait(20)
        return list(asked)

    desk: Batching[int, int] = Batching(answers, Limits(batch=1))
    desk.start()

    def end() -> None:
        begun.wait(20)
        threading.Timer(0.05, free.set).start()
        desk.stop()

    ender = threading.Thread(target=end)
    ender.start()
    first, second = asyncio.run(_all(desk, [1, 2]))
    ender.join()
    assert first == 1
    assert isinstance(second, Refused)
    assert second.status == 503
