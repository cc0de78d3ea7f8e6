"""Having the engine program fit, judge and look, while the room stays usable. Qt-free."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from protocols.errors import GazeTwinError, ProgramError
from protocols.wire import Cancelled, Failed, Message
from studio.background import Later
from studio.observed import Observed
from studio.programs import Program
from studio.rooms.twin.fold import FitView, Line, Said, fold, folded
from studio.rooms.twin.log_file import LogFile, read_log
from tuning.events import Cancel, Shutdown, Warned

log = logging.getLogger(__name__)

CANCEL_S = 0.7
"""How long the engine may take to end by itself; in the middle of a long step it is ended, and the savepoint,
at most some seconds old, stays."""
_MOST_AT_ONCE = 40


class FitRun:
    """One engine program at a time, its events folded into a view and kept in a log. Belongs to one thread.

    Args:
        engine: returns the engine program, not started.
        now_s: session clock.
        later: runs slow work.
        ended: told when the engine has nothing more to do, with the last view.

    Attributes:
        view: what the fit has come to.
    """

    def __init__(
        self,
        engine: Callable[[], Program],
        now_s: Callable[[], float],
        later: Later,
        ended: Callable[[FitView], None],
    ) -> None:
        self._engine, self._now_s, self._later, self._ended = engine, now_s, later, ended
        self.view: Observed[FitView] = Observed(FitView())
        self._program: Program | None = None
        self._log: LogFile | None = None
        self._cancel_by_s: float | None = None

    def show(self, view: FitView) -> None:
        """Show what an earlier fit came to, unless one is running."""
        if not self.view.value.running:
            self.view.put(view)

    def prepare(self) -> None:
        """Show that something is about to be asked; it can be cancelled from now on."""
        self._cancel_by_s = None
        self.view.put(FitView(phase="loading"))

    def abandon(self) -> None:
        """Nothing will be asked after all."""
        self.view.put(FitView())

    def start(self, requests: Sequence[Said], log_path: Path, *, go_on: bool) -> None:
        """Start the engine and ask for everything at once; the first that fails ends it all.

        Args:
            requests: in order, the first loads a model.
            log_path: where the log is kept.
            go_on: add to the log that is there, instead of beginning anew.
        """
        if not self.view.value.running:
            return  # cancelled while it was prepared
        program = self._engine()

        def job() -> tuple[FitView, LogFile]:
            # Requests can be long; even their log is written beside the main thread.
            earlier = read_log(log_path) if go_on else []
            asked = [Line(t_s=self._now_s(), said=request) for request in requests]
            kept = _opened(log_path, [*earlier, *asked])
            program.start()
            for request in requests:
                program.send(request)
            return folded([*earlier, *asked]), kept

        def then(begun: tuple[FitView, LogFile]) -> None:
            view, kept = begun
            if not self.view.value.running:
                kept.close()
                self._end_program(program)
                return
            self._program, self._log = program, kept
            self.view.put(view)

        self._later(job, then, lambda error: self._hear(Failed.of(error)))

    def tick(self) -> None:
        """Hear what the engine has said since; call it some times a second."""
        if self._program is not None and self.view.value.running:
            self._listen(self._program)
        if self.view.value.running and self._cancel_by_s is not None and self._now_s() > self._cancel_by_s:
            log.info("the engine is in the middle of something and is ended")
            self._hear(Cancelled())

    def _listen(self, program: Program) -> None:
        try:
            for _ in range(_MOST_AT_ONCE):
                said = program.poll() if self.view.value.running else None
                if said is None:
                    return
                self._hear(said)
        except GazeTwinError as error:
            self._hear(Failed.of(_in_words(error)))

    @property
    def cancelling(self) -> bool:
        """Whether the end has been asked for."""
        return self._cancel_by_s is not None and self.view.value.running

    def cancel(self) -> None:
        """End the running work; what a fit has learned so far is kept."""
        if not self.view.value.running or self._cancel_by_s is not None:
            return
        self._cancel_by_s = self._now_s() + CANCEL_S
        if self._program is not None and self._program.running:
            try:
                self._program.send(Cancel())
            except GazeTwinError as error:
                log.info("%s", error)  # it has ended already: the next tick says how

    def close(self) -> None:
        """End the engine at once, for good."""
        if self._program is not None and self._program.running:
            self._program.close(patience_s=0.0)
        self._program = None
        if self._log is not None:
            self._log.close()

    def _hear(self, said: Message) -> None:
        line = Line.model_validate({"t_s": self._now_s(), "said": said})
        self._write(line)
        view = fold(self.view.value, line)
        if view.running:
            self.view.put(view)
            return
        program, self._program = self._program, None
        if program is not None:
            self._end_program(program)
        if self._log is not None:
            self._log.close()
            self._log = None
        self.view.put(view)
        self._ended(view)

    def _end_program(self, program: Program) -> None:
        patience_s = 0.0 if self._cancel_by_s is not None else 5.0
        self._later(lambda: program.close(Shutdown(), patience_s), lambda _: None, _told)

    def _write(self, line: Line) -> None:
        if self._log is None:
            return
        try:
            self._log.write(line)
        except OSError as error:
            self._log = None
            self.view.put(fold(self.view.value, Line(t_s=line.t_s, said=_unlogged(error))))


def _opened(path: Path, earlier: list[Line]) -> LogFile:
    try:
        return LogFile(path, earlier)
    except OSError as error:
        raise ProgramError(
            f"Nothing can be written into {path.parent}: {error.strerror or error}.",
            "The twin would have no place.",
            "Make room there, or choose another data folder in the settings.",
        ) from error


def _unlogged(error: OSError) -> Warned:
    return Warned(
        what=f"The log of the fit cannot be written: {error.strerror or error}.",
        why="The learning curve of this fit cannot be shown again later.",
        fix="Make room on the disk.",
    )


def _in_words(error: GazeTwinError) -> GazeTwinError:
    """A crash is told as what the operator can do about it: press the button again."""
    if type(error).__name__ != "ProgramCrashed":
        return error
    return type(error)(
        error.what,
        "The fit is not finished; what it had learned until some seconds before is kept.",
        "Press Fit again: it goes on from there. If it happens again, please report the message.",
    )


def _told(error: GazeTwinError) -> None:
    log.warning("%s", error)
