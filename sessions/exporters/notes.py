"""What whoever analyses an export should know about the recording, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sessions.calibrations import in_force, validated
from sessions.exporters.blocks import chunks
from sessions.reader import Recording
from sessions.schema import State
from sessions.slots import Slots


def notes(recording: Recording, slots: Slots | None = None) -> tuple[str, ...]:
    """Return one sentence for everything that is not as in a complete, calibrated, binocular recording.

    Args:
        recording: to judge.
        slots: its fixations and views, when the export has them.
    """
    derived = _derived(recording, slots) if slots is not None else ()
    return (*_whole(recording), *_gaze(recording), *_calibration(recording), *derived)


def eyes_told_apart(recording: Recording) -> tuple[bool, bool]:
    """Tell for the left and the right eye whether any sample has a position of its own."""
    left = right = False
    for gaze in chunks(recording):
        found = ~np.isnan(gaze.eyes_px)
        left, right = left or bool(found[:, 0].any()), right or bool(found[:, 1].any())
        if left and right:
            break
    return left, right


def _whole(recording: Recording) -> Iterator[str]:
    if recording.provenance:
        yield "The recording was imported; tables of the original that it keeps are not exported."
    if recording.state is State.ABORTED:
        yield "The recording was stopped before its end; its last trial may be partial."
    if recording.state is State.RECOVERED:
        yield "The recording program died; the file was recovered and may lack its last half second."


def _gaze(recording: Recording) -> Iterator[str]:
    if not recording.samples:
        yield "There is no gaze sample."
        return
    if not recording.source.channels:
        yield "The device's raw channels are not in the recording; gaze is in screen pixels only."
    if not any(eyes_told_apart(recording)):
        yield "The eyes are not told apart on the screen; there is one gaze position per sample."
    if not len(recording.offsets()) and not recording.provenance:
        yield "The device's clock was never measured; session times are those given by the recorder."
    if recording.off_screen:
        yield f"Gaze is no gaze on the screen, so there are no fixations on it: {recording.off_screen}"
    if recording.source.kind == "mouse":
        yield "The mouse cursor stood in for gaze."


def _calibration(recording: Recording) -> Iterator[str]:
    attempts = recording.calibrations()
    used = in_force(attempts)
    if not used and recording.samples:
        tried = f" (attempts that were not used: {len(attempts)})" if attempts else ""
        yield f"No calibration was applied{tried}: calibrated gaze equals gaze as delivered."
    elif used and validated(attempts) is None:
        yield "The calibration was not validated: the accuracy of gaze is unknown."
    for eye in sorted({attempt.calibration.eye for attempt in used} - {"both"}):
        yield f"A calibration of the {eye} eye alone was used; under it calibrated gaze is that eye's."


def _derived(recording: Recording, slots: Slots) -> Iterator[str]:
    if recording.fixations_by:
        yield f"Fixations were found by {recording.fixations_by}; saccades and losses are not told."
    if not len(slots.fixations):
        yield "No fixation was found."
    if not slots.views:
        yield "No page was shown, so there is no attention on posters."
