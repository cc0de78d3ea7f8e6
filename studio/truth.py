"""How well a session found what the simulated eyes really did. The only reader of the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acquisition.dwell import ViewSpan
from acquisition.truth import TrueFixations, match_fixations, slot_accuracy
from sessions.reader import Recording
from sessions.slots import Slots
from sessions.timeline import cuts_s, ordered


@dataclass(frozen=True, slots=True)
class TruthScore:
    """Found against true fixations of a whole session.

    Attributes:
        precision: share of the found fixations that are true ones.
        recall: share of the true fixations that were found.
        slot_accuracy: share of the matched true fixation time on posters whose poster was found.
    """

    precision: float
    recall: float
    slot_accuracy: float


def score(session: Path, slots: Slots, truth: Path) -> TruthScore:
    """Compare the fixations of a session with those the simulated eyes made.

    Args:
        session: the recording.
        slots: as derived from it.
        truth: what the viewer program wrote.
    """
    with Recording.open(session) as recording:
        events = ordered(recording.viewports(), recording.markers())
        screen = recording.screen
        layouts = {d: recording.page_description(d).layout for d in recording.page_digests()}
    true = TrueFixations.load(truth).split(cuts_s(events))
    match = match_fixations(slots.fixations, true, screen)
    views = [
        ViewSpan(on_s, off_s, layouts[s.view.change.page])
        for s in slots.views
        for on_s, off_s in s.view.showings
    ]
    accuracy = slot_accuracy(slots.fixations, true, match, views, slots.parameters.within_px)
    return TruthScore(match.precision, match.recall, accuracy)
