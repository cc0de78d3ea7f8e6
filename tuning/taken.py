"""The value of a job whose events nobody listens to."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")


def last(job: Generator[object, None, T]) -> T:
    """Run a generator of events to its end and return its value."""
    while True:
        try:
            next(job)
        except StopIteration as end:
            value: T = end.value
            return value
