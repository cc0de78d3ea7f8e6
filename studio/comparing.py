"""Having the engine program compare a persona with every baseline on a session."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from protocols.errors import ProgramError, SessionMissing
from protocols.wire import Progress, decode
from sessions.reader import Recording
from studio.engine import loaded, work
from tuning.events import Compare, Comparison, Load, Saved

Tell = Callable[[Progress], None]


def compared(persona: Path, session: Path, tell: Tell, model: Load | None = None) -> Comparison:
    """Compare a persona with every baseline, on screens of a session that it was not fitted on.

    Args:
        persona: a fitted persona.
        session: a finished recording.
        tell: told about progress.
        model: the backbone; None for the one that is shipped.

    Raises:
        GazeTwinError: the persona or the session cannot be used.
    """
    if not persona.is_file():
        raise no_persona(persona)
    Recording.open(session).close()  # refused here at once, not by the engine after loading its model
    with tempfile.TemporaryDirectory(prefix="gazetwin-compare-") as folder:
        out = Path(folder) / "comparison.json"
        request = Compare(persona=str(persona.resolve()), sessions=(str(session.resolve()),), out=str(out))
        tell(Progress(done=0, message="Loading the model"))
        with loaded(model or Load()) as program:
            tell(Progress(done=0, message="Comparing"))
            saved = False
            for event in work(program, request):
                saved = saved or isinstance(event, Saved)
                if isinstance(event, Progress):
                    tell(event)
        if not saved:
            raise ProgramError(
                "The engine ended without a comparison.",
                "There is nothing to show.",
                "Use the studio and the engine of the same installation.",
            )
        return decode(out.read_text(encoding="utf-8"), Comparison)


def no_persona(persona: Path) -> SessionMissing:
    """Return the refusal of a persona that is not there."""
    return SessionMissing(
        f"There is no persona {persona}.",
        "There is no twin to ask.",
        "Check the name, or run gazetwin fit.",
    )
