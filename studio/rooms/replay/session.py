"""One recorded session as the replay room holds it: all in memory but the pages' pixels. Qt-free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from acquisition.fixations import Losses, detect_events
from acquisition.samples import CursorChunk, GazeChunk
from protocols.errors import SessionError
from protocols.geometry import FloatArray
from protocols.markers import Code, Marker
from protocols.slots import SlotLayout
from protocols.stimulus import Film
from protocols.study import Trial
from protocols.wire import Progress
from sessions.calibrations import calibrated_xy
from sessions.reader import Recording
from sessions.slots import Slots
from sessions.timeline import ViewportChange, cuts_s, ordered
from studio.recorded_predictions import predictions, scores
from studio.replay import Against, reference
from studio.state import Score

Tell = Callable[[Progress], None]

_PARTS = 5
_ROWS = 65_536
_ENDS = {Code.TRIAL_END, Code.ABORT, Code.SESSION_END}


@dataclass(frozen=True, slots=True)
class TrialSpan:
    """One trial as it was run.

    Attributes:
        index: trial number from 0.
        task: in words.
        screen_id: which screen was shown.
        on_s: when it began, session clock.
        off_s: when it ended; the end of the data when nothing ended it.
        reason: why it ended.
    """

    index: int
    task: str
    screen_id: str
    on_s: float
    off_s: float
    reason: str


@dataclass(frozen=True, eq=False)
class ReplaySession:
    """A session that can be played.

    Attributes:
        path: the file.
        title: of the study.
        participant: pseudonym.
        simulated: the gaze comes from a simulated viewer.
        size_px: of the participant's page.
        begin_s: first moment of the session, session clock in s.
        end_s: last moment.
        t_s: gaze stamps in order, shape (n,), session clock.
        xy_px: calibrated gaze, shape (n, 2); NaN where it was invalid.
        cursor: all of it.
        slots: fixations and attention per view, as found live where they were kept.
        against: where ``slots`` comes from.
        losses: blinks and longer losses.
        trials: in order of time.
        changes: what was visible when, in order of time.
        markers: in order of time.
        layouts: by digest of the page.
        films: likewise, one per slot.
        predictions: per trial and row, the share per slot foreseen before the page appeared.
        scores: of these predictions.
    """

    path: Path
    title: str
    participant: str
    simulated: bool
    size_px: tuple[int, int]
    begin_s: float
    end_s: float
    t_s: FloatArray
    xy_px: FloatArray
    cursor: CursorChunk
    slots: Slots
    against: Against
    losses: Losses
    trials: tuple[TrialSpan, ...]
    changes: tuple[ViewportChange, ...]
    markers: tuple[Marker, ...]
    layouts: dict[str, SlotLayout]
    films: dict[str, tuple[Film, ...]]
    predictions: dict[int, dict[str, FloatArray]]
    scores: tuple[Score, ...]

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.end_s - self.begin_s

    @cached_property
    def view_s(self) -> FloatArray:
        """When each view began, shape (views,)."""
        return np.asarray([view.view.t_on_s for view in self.slots.views])

    @cached_property
    def trial_s(self) -> FloatArray:
        """When each trial began, shape (trials,)."""
        return np.asarray([trial.on_s for trial in self.trials])

    @cached_property
    def change_s(self) -> FloatArray:
        """When each change of what was visible came, shape (changes,)."""
        return np.asarray([change.t_s for change in self.changes])

    @cached_property
    def marker_s(self) -> FloatArray:
        """When each marker was, shape (markers,)."""
        return np.asarray([marker.t_s for marker in self.markers])


def load(path: Path, tell: Tell) -> ReplaySession:
    """Read a session; takes seconds for a long one.

    Args:
        path: a finished recording.
        tell: told about progress.

    Raises:
        SessionError: it cannot be read, is empty, or its gaze is no gaze on the screen.
    """
    with Recording.open(path) as recording:
        _tell(tell, 0, "Reading gaze")
        recording.refuse_off_screen()
        chunk = _gaze(recording).by_time()
        xy_px = calibrated_xy(chunk, recording.calibrations())
        _tell(tell, 1, "Reading markers and pages")
        markers = tuple(sorted(recording.markers(), key=lambda m: m.t_s))
        changes = tuple(sorted(recording.viewports(), key=lambda c: c.t_s))
        pages = {digest: recording.page_description(digest) for digest in recording.page_digests()}
        cursor = recording.cursor()
        begin_s, end_s = _span_s(path, chunk.t_s, markers)
        _tell(tell, 2, "Finding fixations")
        against, slots = reference(recording)
        _tell(tell, 3, "Finding blinks and losses")
        events = ordered(changes, markers)
        found = detect_events(
            chunk.t_s, xy_px, chunk.valid, recording.screen, slots.parameters.ivt, cuts_s(events)
        )
        foreseen = predictions(markers)
        _tell(tell, 4, "Preparing the time line")
        return ReplaySession(
            path=path,
            title=recording.study_name,
            participant=recording.participant.pseudonym,
            simulated=recording.source.profile == "gazetwin",
            size_px=recording.screen.size_px,
            begin_s=begin_s,
            end_s=end_s,
            t_s=chunk.t_s,
            xy_px=np.where(chunk.valid[:, None], xy_px, np.nan),
            cursor=cursor,
            slots=slots,
            against=against,
            losses=found.losses,
            trials=tuple(_trials(markers, recording.trials(), end_s)),
            changes=changes,
            markers=markers,
            layouts={digest: page.layout for digest, page in pages.items()},
            films={digest: page.films for digest, page in pages.items()},
            predictions=foreseen,
            scores=scores(foreseen, slots.views),
        )


def _gaze(recording: Recording) -> GazeChunk:
    """Read in small pieces: nothing else runs in this process while a piece is read."""
    starts = range(0, recording.samples, _ROWS)
    return GazeChunk.joined([recording.gaze(start, start + _ROWS) for start in starts])


def _tell(tell: Tell, done: int, words: str) -> None:
    tell(Progress(done=done, total=_PARTS, unit="parts", message=words))


def _span_s(path: Path, t_s: FloatArray, markers: tuple[Marker, ...]) -> tuple[float, float]:
    moments = [*t_s[[0, -1]].tolist(), *(m.t_s for m in markers)] if len(t_s) else [m.t_s for m in markers]
    if not moments or max(moments) <= min(moments):
        raise SessionError(
            f"{path} holds {len(t_s)} gaze samples and {len(markers)} markers, no stretch of time.",
            "There is nothing to play.",
            "Choose another session; `gazetwin check` tells more about this one.",
        )
    return min(moments), max(moments)


def _trials(markers: tuple[Marker, ...], asked: tuple[Trial, ...], end_s: float) -> Iterator[TrialSpan]:
    known = {trial.index: trial for trial in asked}
    starts = [i for i, m in enumerate(markers) if m.code is Code.TRIAL_START and m.trial in known]
    for i in starts:
        begun, trial = markers[i], known[markers[i].trial]
        end = next((m for m in markers[i + 1 :] if m.code in _ENDS or m.code is Code.TRIAL_START), None)
        off_s = end_s if end is None else end.t_s
        reason = "" if end is None else str(end.payload.get("reason", end.code.value))
        yield TrialSpan(
            trial.index, trial.task.value.replace("_", " "), trial.screen.id, begun.t_s, off_s, reason
        )
