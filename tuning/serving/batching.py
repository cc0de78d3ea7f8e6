"""Questions that arrive together go through the model together.

One thread owns the model. It takes the question that waits longest, gives others a few milliseconds to join
it, and answers them all at once. Who stops waiting is not computed for.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from protocols.errors import GazeTwinError
from tuning.serving.limits import Limits
from tuning.serving.refusals import Refused

log = logging.getLogger(__name__)

Q = TypeVar("Q")
A = TypeVar("A")
Answers = Callable[[Sequence[Q]], Sequence[A | GazeTwinError]]


class Batching(Generic[Q, A]):
    """The thread, and the questions that wait for it.

    Args:
        answers: returns an answer, or why there is none, for each question.
        limits: how many wait, how many go together, and how long.
    """

    def __init__(self, answers: Answers[Q, A], limits: Limits) -> None:
        self._answers, self._limits = answers, limits
        self._waiting: queue.Queue[tuple[Q, Future[A]] | None] = queue.Queue(limits.waiting)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, patience_s: float = 5.0) -> None:
        """End the thread, after what it computes now; who still waits is told that the server ends."""
        self._stopping.set()
        try:
            self._waiting.put_nowait(None)  # wakes it when nobody waits
        except queue.Full:
            log.debug("the model is awake")
        self._thread.join(patience_s)

    @property
    def alive(self) -> bool:
        """Whether questions are being answered."""
        return self._thread.is_alive() and not self._stopping.is_set()

    @property
    def waiting(self) -> int:
        """Questions that wait now."""
        return self._waiting.qsize()

    async def answer(self, question: Q) -> A:
        """Return the answer to a question.

        Raises:
            Refused: too many wait (503), or it takes too long (504).
            GazeTwinError: there is no answer to this question.
        """
        future: Future[A] = Future()
        try:
            self._waiting.put_nowait((question, future))
        except queue.Full:
            raise busy(f"{self._limits.waiting} questions wait already.") from None
        try:
            async with asyncio.timeout(self._limits.answer_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise _late(self._limits.answer_s) from None

    def _work(self) -> None:
        while not self._stopping.is_set():
            batch = self._gathered()
            asked = [(q, future) for q, future in batch if future.set_running_or_notify_cancel()]
            if asked:
                self._tell(asked)
        self._send_away()

    def _gathered(self) -> list[tuple[Q, Future[A]]]:
        """Wait for a question, and a moment for more."""
        found: list[tuple[Q, Future[A]]] = []
        until_s = float("inf")
        while len(found) < self._limits.batch and not self._stopping.is_set():
            left_s = until_s - time.monotonic()
            try:
                asked = self._waiting.get(timeout=max(left_s, 0.0)) if found else self._waiting.get()
            except queue.Empty:
                break
            if asked is None:
                break
            found.append(asked)
            until_s = min(until_s, time.monotonic() + self._limits.gather_s)
        return found

    def _tell(self, asked: Sequence[tuple[Q, Future[A]]]) -> None:
        try:
            answers = self._answers([question for question, _ in asked])
        except Exception as error:
            log.exception("The model failed on %d questions", len(asked))
            for _, future in asked:
                future.set_exception(error)
            return
        for (_, future), answer in zip(asked, answers, strict=True):
            if isinstance(answer, GazeTwinError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _send_away(self) -> None:
        while not self._waiting.empty():
            asked = self._waiting.get_nowait()
            if asked is not None and asked[1].set_running_or_notify_cancel():
                asked[1].set_exception(busy("The server is ending."))


def busy(what: str) -> Refused:
    """Return the refusal of a server that has too much to do."""
    return Refused(
        503,
        "Busy",
        what,
        "More would only wait, and take memory.",
        "Ask again later, with fewer requests at a time.",
        {"Retry-After": "1"},
    )


def _late(answer_s: float) -> Refused:
    return Refused(
        504,
        "Late",
        f"There was no answer within {answer_s:g} s.",
        "The model is slow, or many others asked before.",
        "Ask again with fewer requests at a time, or serve on a faster machine.",
    )
