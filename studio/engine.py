"""Asking the engine program for one piece of work after another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import cast

from protocols.errors import ProgramError
from protocols.wire import Cancelled, Done, Failed, Message
from studio.programs import Program
from tuning.events import Cancel, Event, Load, Shutdown, Warned

log = logging.getLogger(__name__)

_SILENT_S = 300.0
_CANCEL_S = 2.0

NOT_INSTALLED = "This session has no twin: the engine is not installed here (pip install 'gazetwin[tune]')."


def installed() -> bool:
    """Tell whether the engine program can run on this computer, without importing anything."""
    return all(find_spec(name) is not None for name in ("torch", "transformers"))


def engine() -> Program:
    """Return the engine program, not started."""
    return Program("engine", "tuning", ["engine"], Event)


@contextmanager
def loaded(model: Load) -> Iterator[Program]:
    """Start the engine with a model for as long as the context lasts.

    Raises:
        GazeTwinError: the model cannot be loaded.
    """
    with running() as program:
        load(program, model)
        yield program


def load(program: Program, model: Load) -> None:
    """Have a started engine load a model.

    Raises:
        GazeTwinError: the model cannot be loaded.
    """
    for _ in work(program, model):
        pass


@contextmanager
def running(make: Callable[[], Program] = engine) -> Iterator[Program]:
    """Start the engine without a model for as long as the context lasts.

    Args:
        make: returns the program, not started.
    """
    program = make()
    program.start()
    try:
        yield program
    except KeyboardInterrupt:
        # The engine keeps an unfinished fit when it is told to stop; other programs do not listen.
        program.close(Cancel(), patience_s=_CANCEL_S if make is engine else 0.0)
        raise
    finally:
        program.close(Shutdown())


def work(program: Program, request: Message) -> Iterator[Event]:
    """Ask for something and yield what the engine says about it, up to its end.

    Raises:
        GazeTwinError: the engine refused, failed or crashed.
    """
    program.send(request)
    while True:
        said = program.receive(_SILENT_S)
        match said:
            case Done():
                return
            case Failed():
                raise said.error()
            case Cancelled():
                raise ProgramError(
                    "The engine was told to stop.", "The work is not finished.", "Start it again."
                )
            case Warned():
                log.warning("%s %s %s", said.what, said.why, said.fix)
        yield cast(Event, said)
