"""Who sees what in which order: balanced by participant index, the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def balanced_order(n: int, participant_index: int) -> tuple[int, ...]:
    """Return one row of a balanced Latin square of the conditions 0 to n-1.

    Over one full square (n participants when n is even, 2n when odd) every condition stands in every position
    equally often and follows every other equally often. Two conditions are simply swapped. Construction:
    E. J. Williams (1949), Australian Journal of Scientific Research 2, 149-168.

    Args:
        n: number of conditions, >= 1.
        participant_index: 0 for the first participant, >= 0.
    """
    zigzag = [(i + 1) // 2 if i % 2 else (n - i // 2) % n for i in range(n)]
    row = tuple((condition + participant_index) % n for condition in zigzag)
    mirrored = n % 2 == 1 and (participant_index // n) % 2 == 1
    return row[::-1] if mirrored else row


def shuffled(items: Sequence[T], *key: object) -> tuple[T, ...]:
    """Return the items in an order decided by the key alone, for ever the same.

    Sorting by SHA-256 instead of a random generator: generators may change between library versions.
    """
    prefix = "/".join(str(part) for part in key)

    def rank(i: int) -> str:
        return hashlib.sha256(f"{prefix}/{i}".encode()).hexdigest()

    return tuple(items[i] for i in sorted(range(len(items)), key=rank))
