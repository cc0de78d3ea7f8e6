"""Child programs: JSON lines both ways, plain threads, and an end that always comes.

Every child of the Studio is started, told and ended here. A child is asked to end (its last message, then the
end of its input), then terminated, then killed, and always reaped.
"""

from __future__ import annotations

import collections
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from protocols.errors import GazeTwinError, ProgramCrashed, ProgramTimeout
from protocols.wire import Message, decode, encode

log = logging.getLogger(__name__)

_TOLD_LINES = 12
_TERMINATE_S = 2.0
_ERRORS_S = 1.0

Said = Message | GazeTwinError
"""What comes from a program: a message, or why no further message comes."""


class Program:
    """A child program that speaks one JSON object a line.

    Args:
        name: for people, for example ``engine``.
        module: run as ``python -P -m module``.
        arguments: of the program.
        answers: union of the messages it may send.

    Attributes:
        listener: when set, called from a reading thread with every message, and at last once with the error
            that ended the program; while it is None, messages wait for ``receive`` and ``poll``.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        answers: object,
    ) -> None:
        self.name = name
        self.listener: Callable[[Said], None] | None = None
        self._command = [sys.executable, "-P", "-m", module, *arguments]
        self._answers = answers
        self._said: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self._errors: collections.deque[str] = collections.deque(maxlen=_TOLD_LINES)
        self._process: subprocess.Popen[str] | None = None
        self._threads: list[threading.Thread] = []
        self._sending = threading.Lock()

    def start(self) -> None:
        """Start the program and the threads that read what it says."""
        # A session of its own: Ctrl-C at the terminal reaches us only, and we end our children in order.
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        jobs = ((self._read_errors, "errors"), (self._read_answers, "answers"))
        self._threads = [
            threading.Thread(target=job, name=f"{self.name}-{what}", daemon=True) for job, what in jobs
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child().pid

    @property
    def running(self) -> bool:
        """Whether the program has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def send(self, message: Message) -> None:
        """Tell the program something; callable from any thread.

        Raises:
            ProgramCrashed: it does not listen any more.
        """
        stdin = self._child().stdin
        try:
            with self._sending:
                assert stdin is not None
                stdin.write(encode(message) + "\n")
                stdin.flush()
        except (OSError, ValueError) as error:
            raise self._crashed() from error

    def receive(self, timeout_s: float) -> Message:
        """Return the next message, waiting for it.

        Raises:
            ProgramTimeout: none came in time.
            ProgramCrashed: the program ended.
            ProgramError: it said something that is no message of ours.
        """
        try:
            said = self._said.get(timeout=timeout_s)
        except queue.Empty:
            raise ProgramTimeout(
                f"The {self.name} program has not answered for {timeout_s:g} s.{self._told()}",
                "Waiting longer would leave everything else waiting too.",
                "Try again on a less busy machine.",
            ) from None
        if isinstance(said, GazeTwinError):
            self._said.put(said)  # whoever asks next gets the same answer
            raise said
        return said

    def poll(self) -> Message | None:
        """Return the next message that has come already, None when there is none.

        Raises:
            ProgramCrashed: the program ended.
            ProgramError: it said something that is no message of ours.
        """
        return None if self._said.empty() else self.receive(0.0)

    def close(self, last: Message | None = None, patience_s: float = 5.0) -> int:
        """End the program and return its exit status; idempotent.

        Args:
            last: told before its input ends, None for nothing.
            patience_s: how long it may take to end by itself before it is terminated, and at last killed.
        """
        process = self._child()
        if last is not None and self.running:
            self._say_last(last)
        self._close_input()
        self._wait(process, patience_s)
        for thread in self._threads:
            thread.join(_TERMINATE_S)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        return process.returncode

    def _wait(self, process: subprocess.Popen[str], patience_s: float) -> None:
        for end, wait_s in ((None, patience_s), (process.terminate, _TERMINATE_S), (process.kill, None)):
            if end is not None:
                log.info("the %s program does not end by itself: %s", self.name, end.__name__)
                end()
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                continue
            return

    def _say_last(self, last: Message) -> None:
        try:
            self.send(last)
        except ProgramCrashed as gone:
            log.info("%s", gone)

    def _close_input(self) -> None:
        stdin = self._child().stdin
        try:
            if stdin is not None:
                stdin.close()
        except BrokenPipeError:
            log.info("the %s program had closed its input", self.name)

    def _child(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise ProgramCrashed(
                f"The {self.name} program was not started.",
                "Nobody is there to answer.",
                "Start it first.",
            )
        return self._process

    def _read_errors(self) -> None:
        for line in _lines(self._child().stderr):
            self._errors.append(line)
            log.debug("%s: %s", self.name, line)

    def _read_answers(self) -> None:
        try:
            for line in _lines(self._child().stdout):
                (self.listener or self._said.put)(decode(line, self._answers))
        except GazeTwinError as error:
            self._end(error)
            self._swallow()
        else:
            self._end(self._crashed())

    def _end(self, error: GazeTwinError) -> None:
        self._said.put(error)
        if self.listener is not None:
            self.listener(error)

    def _swallow(self) -> None:
        """Read on without listening, so that the program does not block on a full pipe."""
        for _ in _lines(self._child().stdout):
            pass

    def _crashed(self) -> ProgramCrashed:
        status = self._status()
        how = "has closed its output" if status is None else f"has ended with exit status {status}"
        return ProgramCrashed(
            f"The {self.name} program {how}.{self._told()}",
            "What it was doing is not finished.",
            "Run the command again; with the same message, please report it.",
        )

    def _status(self) -> int | None:
        """Return the exit status, giving a program that has just closed its output a moment to end."""
        try:
            return self._child().wait(_ERRORS_S)
        except subprocess.TimeoutExpired:
            return None

    def _told(self) -> str:
        """Return the program's last words on its error stream, empty when there were none."""
        if self._threads and not self.running:
            self._threads[0].join(_ERRORS_S)
        lines = list(self._errors)
        return f" It said: {' | '.join(lines)}" if lines else ""


def _lines(stream: IO[str] | None) -> Iterator[str]:
    """Yield non-empty lines without their breaks."""
    return (line.rstrip("\n") for line in stream or () if line.strip())
