"""What the room says in words. Qt-free."""

from __future__ import annotations

from studio.report.headline import headline, sentences
from studio.report.names import ROW_WORDS
from studio.rooms.twin.results import PageRow, SplitName, TwinResults
from studio.rooms.twin.state import TwinState
from studio.theme import Mood

_SPLITS: dict[SplitName, tuple[str, Mood]] = {
    "test": ("TEST page, never fitted on: it counts as evidence.", "good"),
    "val": (
        "VALIDATION page: the kept step was chosen on it. No evidence.",
        "warn",
    ),
    "train": ("TRAINING page: the twin was fitted on it. No evidence.", "warn"),
    "": ("This page's screen is not part of the twin's fit: it counts as new.", "quiet"),
}
_FIT = "Choose sessions at the left and press Fit."
_SIMULATED = "SIMULATED DATA: the gaze comes from a computer program, not from a person."
SPLIT_WORDS: dict[SplitName, str] = {"test": "test", "val": "validation", "train": "training", "": "new"}


def split_words(row: PageRow | None) -> tuple[str, Mood]:
    """Say what a page was used for."""
    return ("", "quiet") if row is None else _SPLITS[row.split]


def page_words(row: PageRow, *, several: bool) -> str:
    """Return a page in one line; with the session's name where there are several."""
    score = "not scored" if row.kl is None else f"KL {row.kl:.2f} nats"
    scroll = f", scrolled {row.viewport.scroll_px:.0f} px" if row.viewport.scroll_px else ""
    session = f"{row.session.parent.name or row.session.stem} · " if several else ""
    return f"{session}Trial {row.trial + 1} · {row.screen.id}{scroll} · {SPLIT_WORDS[row.split]} · {score}"


def heading(state: TwinState) -> tuple[str, list[str]]:
    """Return the sentence a reader must not miss, and what explains it."""
    shown = state.shown
    if state.searching:
        return "Looking for sessions and twins …", []
    if not state.participant:
        return "No session has been recorded yet.", [
            "Record one in the rooms before this one, or run the demonstration from the Start room."
        ]
    if state.reading:
        return "Reading the twin …", []
    if shown.twin is None:
        todo = "The model libraries are not installed: see at the left." if state.no_engine else _FIT
        return f"{state.participant} has no twin yet.", [todo]
    if shown.twin.unfinished and shown.twin.provenance is None:
        return "This twin is not finished.", ["Press Go on with the fit at the left."]
    lost = _lost(shown)
    if shown.comparison is None:
        return "This twin has not been compared with the baselines here.", lost or [
            "Press Compare with baselines at the left; nothing is fitted by that."
        ]
    return headline(shown.report), [*_simulated(state), *caution(shown), *lost]


def outcome(shown: TwinResults) -> list[str]:
    """Say in sentences where the twin beats which baseline and where it does not."""
    if shown.comparison is None:
        return []
    return [*sentences(shown.report), *_missing(shown), *shown.comparison.verdicts]


def caution(shown: TwinResults) -> list[str]:
    """Say how far the numbers may be trusted, where they may not."""
    return [words for words in sentences(shown.report) if words.startswith("Only ")]


def _missing(shown: TwinResults) -> list[str]:
    return [f"Not compared with the {ROW_WORDS.get(r, r)}: {why}." for r, why in shown.report.missing.items()]


def _simulated(state: TwinState) -> list[str]:
    own = () if state.shown.twin is None else state.shown.twin.sessions
    return [_SIMULATED] if any(s.simulated for s in state.sessions if s.session_id in own) else []


def _lost(shown: TwinResults) -> list[str]:
    if not shown.lost:
        return []
    return [
        f"{len(shown.lost)} of the sessions it was fitted on cannot be found; their pages are not shown. "
        "Put them back into the sessions folder."
    ]
