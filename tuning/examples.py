"""The only thing tuning ever sees of a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from protocols.errors import NotEnoughExamples
from protocols.geometry import FloatArray
from protocols.raster import with_letters
from protocols.slots import Origin, SlotDistribution
from protocols.stimulus import Page

if TYPE_CHECKING:
    from sessions.reader import Recording

Split = Literal["train", "val", "test"]
Signal = Literal["fixation", "cursor"]
Drawn = MutableMapping[tuple[str, str, str], Page]
"""Pages by study digest, screen id and digest as shown."""


@dataclass(frozen=True, eq=False)
class Example:
    """One page view of one participant.

    Attributes:
        page: the model's variant of what was on the screen, with answer letters.
        gaze: attention by fixation dwell; None when there was none on any slot.
        cursor: attention by cursor dwell; None when there was none on any slot.
        click: slot clicked on this view, None when the view ended without a click.
        participant: pseudonym.
        preferred: the participant's preferred genres from the questionnaire, top genre first.
        trial: trial number in order of presentation, from 0.
        split: decided by screen, so that no screen is in two splits.
        shown: digest of the page as the recording keeps it, without letters; empty when there is none.
    """

    page: Page
    gaze: SlotDistribution | None
    cursor: SlotDistribution | None
    click: int | None
    participant: str
    preferred: tuple[str, ...]
    trial: int
    split: Split
    shown: str = ""

    def attention(self, signal: Signal) -> SlotDistribution | None:
        """Return attention by the chosen signal."""
        return self.gaze if signal == "fixation" else self.cursor


def examples_of(
    recording: Recording,
    splits: Mapping[str, Split],
    variant: Callable[[Page], Page] = with_letters,
    drawn: Drawn | None = None,
) -> list[Example]:
    """Turn every page view of a recording into an example.

    Args:
        recording: a sealed recording.
        splits: split of each screen id, from `tuning.splits.split_screens`.
        variant: how the model sees a page that was shown.
        drawn: pages in that variant that are at hand; others are read, drawn and added.

    Raises:
        NotEnoughExamples: a screen has no split.
    """
    participant = recording.participant
    examples = []
    drawn = {} if drawn is None else drawn
    for view in recording.views():
        key = recording.study_digest, view.screen.id, view.digest
        if key not in drawn:
            drawn[key] = variant(view.page)
        examples.append(
            Example(
                page=drawn[key],
                gaze=_distribution(view.fixation_ms, "fixation"),
                cursor=_distribution(view.cursor_ms, "cursor"),
                click=view.click,
                participant=participant.pseudonym,
                preferred=participant.preferred,
                trial=view.trial,
                split=_split(view.screen.id, splits),
                shown=view.digest,
            )
        )
    return examples


def _split(screen_id: str, splits: Mapping[str, Split]) -> Split:
    if screen_id not in splits:
        raise NotEnoughExamples(
            f"Screen {screen_id} was shown but is in no split.",
            "It could be used for fitting and for judging at once.",
            "Split all screens of all sessions together.",
        )
    return splits[screen_id]


def _distribution(dwell_ms: FloatArray, origin: Origin) -> SlotDistribution | None:
    return SlotDistribution.of(dwell_ms, origin) if np.asarray(dwell_ms).sum() > 0 else None
