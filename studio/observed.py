"""A value that tells those who look at it when it changes. Qt-free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

S = TypeVar("S")


class Observed(Generic[S]):
    """Holds one frozen value; belongs to one thread.

    Args:
        value: at the beginning.
    """

    def __init__(self, value: S) -> None:
        self._value = value
        self._watchers: list[Callable[[S], None]] = []

    @property
    def value(self) -> S:
        """The value now."""
        return self._value

    def put(self, value: S) -> None:
        """Replace the value and tell everyone who watches, unless it is equal."""
        if value == self._value:
            return
        self._value = value
        for watcher in tuple(self._watchers):
            watcher(value)

    def watch(self, watcher: Callable[[S], None]) -> Callable[[], None]:
        """Tell ``watcher`` the value now and at each change; returns what ends that."""
        self._watchers.append(watcher)
        watcher(self._value)
        return lambda: self._watchers.remove(watcher)
