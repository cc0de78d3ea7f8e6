"""Judges gaze of recorded and imported sessions; the latter may have fixations only, or be off screen."""

from __future__ import annotations

from collections.abc import Iterator

from acquisition.samples import GazeChunk
from sessions.gaze_check import CheckItem, GazeNumbers, gaze_items, item
from sessions.reader import Recording

_ABOUT_THE_SCREEN = ("lost gaze", "gaze on screen")


def all_gaze_items(recording: Recording, chunk: GazeChunk, gaze: GazeNumbers) -> Iterator[CheckItem]:
    """Yield the verdicts on samples, and on fixations that another program found."""
    fixations = recording.given_fixations()
    if fixations is not None:
        found = f"{len(fixations)}, found by another program; {gaze.samples} gaze samples"
        yield item("fixations", "good" if len(fixations) else "bad", found, "Check the imported file.")
    if recording.off_screen:
        advice = "Import it again with --surface, or use the raw channels only."
        yield item("on the screen", "warning", recording.off_screen, advice)
    if gaze.samples or fixations is None:
        yield from (
            i for i in gaze_items(chunk, gaze) if not (recording.off_screen and i.name in _ABOUT_THE_SCREEN)
        )
