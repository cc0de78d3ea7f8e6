"""Plays a recorded session again and tells whether the pipeline still gives the same answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from acquisition.marker_stream import MarkerStream
from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
from acquisition.samples import CursorChunk, GazeChunk
from protocols.markers import Marker
from protocols.wire import Progress
from sessions.agreement import fixation_differences, view_differences
from sessions.live import LiveSlots
from sessions.page_check import changed_pages
from sessions.reader import Recording
from sessions.replay import Step, pipeline, steps
from sessions.slots import Slots
from studio.recorded_predictions import predictions, score_differences, scores
from studio.state import Score

ROWS = 12  # samples per chunk: a tenth of a second of most trackers, fine enough to look live
LINGER_S = 2.0

Against = Literal["live", "stored", "derived"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay gave.

    Attributes:
        samples: gaze samples played.
        fixations: fixations found in them.
        views: page views.
        against: ``live``: compared with what was found while recording; else ``stored``: with what was
            derived earlier; else ``derived``: with what is derived from the file now.
        scores: of the predictions made during the session, from what the replay found.
        differences: one sentence each; empty when all is bit-identical.
        changed_pages: digests of pages in the file that are not those that were shown.
    """

    samples: int
    fixations: int
    views: int
    against: Against
    scores: tuple[Score, ...]
    differences: tuple[str, ...]
    changed_pages: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether fixations, attention per poster and prediction scores are the same to the last bit."""
        return not self.differences


class OntoLsl:
    """Sends gaze in the wire format it was recorded from, and the markers beside it.

    Args:
        recording: what will be played.
        speed: as of the replay; stamps are compressed alike.

    Raises:
        ChannelsUnknown: the source was none that can be imitated, for example a mouse.
    """

    def __init__(self, recording: Recording, speed: float) -> None:
        name = f"replay-{recording.session_id}"
        self._gaze = GazeOutlet(format_named(recording.source.profile), name, recording.source.nominal_hz)
        self._markers = MarkerStream(name)
        self._speed = speed
        self._first_s = 0.0
        self._start_s = 0.0

    def begin(self, first_s: float) -> None:
        """Wait until someone listens; ``first_s`` of the recording is now."""
        self._gaze.wait_for_consumer()
        self._first_s, self._start_s = first_s, self._gaze.now_s()

    def take(self, step: Step) -> None:
        """Send gaze and markers; nothing else goes onto the network."""
        if isinstance(step, GazeChunk):
            self._gaze.push(step.raw, self._start_s + (step.t_s - self._first_s) / self._speed)
        elif isinstance(step, Marker):
            t_s = self._start_s + (step.t_s - self._first_s) / self._speed
            self._markers.push(replace(step, t_s=t_s))

    def close(self) -> None:
        """Leave the network, after the last listener or two seconds."""
        self._gaze.linger(LINGER_S)
        self._gaze.close()
        self._markers.close()


def replay(path: Path, speed: float, on_lsl: bool = False) -> Iterator[Progress | Replayed]:
    """Play a session through the live pipeline and compare with what it held.

    Args:
        path: a finished recording.
        speed: 1 for as fast as it was recorded, ``inf`` for as fast as possible.
        on_lsl: also send gaze and markers; waits for a listener first. Needs a finite speed.

    Yields:
        Progress in samples, then one result.

    Raises:
        SessionError: the recording cannot be read.
        ChannelsUnknown: it cannot be sent, see ``OntoLsl``.
    """
    with Recording.open(path) as recording:
        against, expected = reference(recording)
        live = pipeline(recording, expected.parameters)
        outlets = OntoLsl(recording, speed) if on_lsl else None
        with closing(outlets) if outlets else nullcontext():
            yield from _play(recording, live, outlets, speed)
        yield _compared(recording, live.slots(), expected, against)


def _play(recording: Recording, live: LiveSlots, outlets: OntoLsl | None, speed: float) -> Iterator[Progress]:
    ahead = steps(recording, ROWS)
    first = next(ahead, None)
    if first is None:
        return
    first_s, played = moment_s(first), 0
    if outlets is not None:
        outlets.begin(first_s)
    began_s = time.monotonic()
    for step in chain([first], ahead):
        time.sleep(max(began_s + (moment_s(step) - first_s) / speed - time.monotonic(), 0.0))
        live.take(step)
        if outlets is not None:
            outlets.take(step)
        if isinstance(step, GazeChunk):
            played += len(step)
            yield Progress(done=played, total=recording.samples, unit="samples", message="replaying")


def moment_s(step: Step) -> float:
    """Return when a step had come in, session clock in s."""
    if isinstance(step, GazeChunk | CursorChunk):
        return float(np.max(step.t_s))
    return step.t_s


def reference(recording: Recording) -> tuple[Against, Slots]:
    """Return the answers to compare with: the oldest there are that were found in the same way."""
    found_live, derived = recording.live_slots(), recording.slots()
    if found_live is not None and found_live.digest == derived.digest:
        return "live", found_live
    return ("stored" if recording.has_slots() else "derived"), derived


def _compared(recording: Recording, found: Slots, expected: Slots, against: Against) -> Replayed:
    foreseen = predictions(recording.markers())
    judged = scores(foreseen, found.views)
    differences = (
        *fixation_differences(found.fixations, expected.fixations),
        *view_differences(found.views, expected.views),
        *score_differences(judged, scores(foreseen, expected.views)),
    )
    samples, changed = recording.samples, changed_pages(recording)
    return Replayed(samples, len(found.fixations), len(found.views), against, judged, differences, changed)
