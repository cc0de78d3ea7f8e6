"""The only thing tuning ever sees of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from protocols.slots import SlotDistribution
from protocols.stimulus import Page

Split = Literal["train", "val", "test"]


@dataclass(frozen=True, eq=False)
class Example:
    """One page view of one participant.

    Attributes:
        page: what was on the screen (the participant's variant; backbones add letters themselves).
        gaze: attention by fixation dwell; None when there was none on any slot.
        cursor: attention by cursor dwell; None when there was none on any slot.
        click: slot clicked on this view, None when the view ended without a click.
        participant: pseudonym.
        preferred: the participant's preferred genres from the questionnaire, top genre first.
        trial: trial number in order of presentation, from 0.
        split: decided by screen, so that no screen is in two splits.
    """

    page: Page
    gaze: SlotDistribution | None
    cursor: SlotDistribution | None
    click: int | None
    participant: str
    preferred: tuple[str, ...]
    trial: int
    split: Split
