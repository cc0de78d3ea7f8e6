"""How much anybody may ask of the server at once."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.carousel import PAGE_SIZE_PX

MAX_ROWS, MAX_FILMS_PER_ROW, MAX_GENRES, MAX_TEXT = 40, 60, 10, 200
MAX_SLOTS = 15
MAX_PNG_BYTES = 4 * 1024 * 1024
MAX_PIXELS = PAGE_SIZE_PX[0] * PAGE_SIZE_PX[1]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server; together they bound its memory.

    Attributes:
        body_bytes: of one request; a picture of `MAX_PNG_BYTES` fits in as base64.
        body_s: in which a request must have arrived.
        requests: that are read or answered at the same time.
        waiting: questions that wait for the model.
        batch: questions that go through the model together.
        gather_s: how long the first of them waits for others.
        answer_s: in which a question is answered, from the moment it has arrived.
    """

    body_bytes: int = 6 * 1024 * 1024
    body_s: float = 10.0
    requests: int = 48
    waiting: int = 32
    batch: int = 16
    gather_s: float = 0.004
    answer_s: float = 30.0
