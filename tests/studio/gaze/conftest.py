"""A session whose time is driven by hand: a simulated viewer, a real session file, no window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.eyes import eyes_px
from acquisition.profiles import Profile, format_named
from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from acquisition.viewer.messages import ShowTarget
from acquisition.viewer.participant import SimulatedParticipant
from acquisition.viewer.settings import ViewerSettings
from protocols.blocks import CalibrationPlan
from protocols.geometry import FloatArray, Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.study import StudyProtocol, load_study
from sessions.agreement import fixation_differences
from sessions.calibrations import CalibrationAttempt, calibrated_xy
from sessions.check import CheckReport, check
from sessions.live import LiveSlots
from sessions.reader import Recording
from sessions.writer import SessionWriter
from studio.calibrating import Verdict
from studio.calibration_state import CalibrationState, Step
from studio.gaze_care import GazeCare
from studio.journal import GazeTap, Journal
from studio.motion import Motion
from studio.script import Script
from studio.stage import Picture
from studio.wishes import NextTarget, Wish

SCREEN = Screen()
DEG = SCREEN.px_per_deg()
WIRE = format_named("gazetwin")
CHANNELS, UNITS = tuple(c.label for c in WIRE.channels), tuple(c.unit for c in WIRE.channels)
PROFILE = Profile(WIRE, CHANNELS, UNITS)
SOURCE = SourceInfo("viewer", "lsl", "gazetwin", "1", 120.0, CHANNELS, UNITS)

Spoil = Callable[[FloatArray, FloatArray], None]
"""Changes what the tracker reports: given stamps (n,) and eyes (n, 2, 2) in fractions of the display."""


Answer = tuple[Step, Callable[[CalibrationState], Wish]]
"""What the operator does when a step is reached."""


class Room:
    """A participant in front of a display, a tracker, a session file, and a clock that waits for nobody."""

    def __init__(
        self, path: Path, study: StudyProtocol, spoil: Spoil | None, drift: float, operated: bool = False
    ) -> None:
        self.path, self.now_s, self._spoil = path, 100.0, spoil
        self.study = study
        self.participant = SimulatedParticipant(ViewerSettings(seed=4, drift_deg_per_min=drift), self.now_s)
        self.writer = SessionWriter.create(
            path,
            study=study,
            participant=Participant(pseudonym="P01"),
            screen=SCREEN,
            source=SOURCE,
            clock_pair=(0.0, 1.7e9),
            software="test",
        )
        self.tap, self.targets, self.markers = GazeTap(), [], []  # type: ignore[var-annotated] # lists of the test
        self.motions: list[Motion] = []
        self.shown_s = self.finger_s = 0.0
        self.messages = 0
        self.live = LiveSlots(SCREEN)
        self.journal = Journal(self, self.tap, self.live, 120.0)  # type: ignore[arg-type] # this is the recorder
        script = Script(study, (), calibrate=True, reads_by_itself=True, seed=(5, 0), operated=operated)
        self.states: list[CalibrationState] = []
        self.operator: deque[Answer] = deque()
        self.care = GazeCare(script, self, self.journal, self.states.append)  # type: ignore[arg-type] # this is the stage, too

    # ---- as a recorder

    def mark(self, marker: Marker) -> None:
        self.markers.append(marker)
        self.writer.marker(marker)

    def put(self, entry: Any) -> None:
        entry.write(self.writer)

    # ---- as a stage

    def target(self, xy_px: tuple[float, float], picture: Picture) -> float:
        assert picture().shape == (1080, 1920, 3)
        self.targets.append(xy_px)
        self.shown_s = self.now_s
        self.participant.see(ShowTarget(t_s=self.now_s, xy_px=xy_px))
        return self.now_s

    def move(self, motion: Motion) -> None:
        self.motions.append(motion)

    def message(self, picture: Picture) -> float:
        assert picture().shape == (1080, 1920, 3)
        self.messages += 1
        return self.now_s

    def details(self, picture: Picture) -> float:  # noqa: ARG002 (drawn by the other method already)
        return self.now_s

    # ---- time

    def wait_until(self, t_s: float) -> float:
        if t_s > self.now_s:
            self._operate()
        while self.now_s < t_s:
            self.now_s = min(self.now_s + 0.05, t_s)
            stamps, values, _ = self.participant.advance(self.now_s)
            if len(stamps):
                self._take(stamps, values)
        self.journal.catch_up()
        return self.now_s

    def _operate(self) -> None:
        """Let the operator do what comes next, once the phase has come to the step it is meant for."""
        state = self.states[-1] if self.states else None
        if state is not None and state.by_key and state.target_px is not None:
            if not self.targets or self.targets[-1] != state.target_px:
                self.care.wish(NextTarget())  # too early: the target is not there yet
            elif self.now_s > self.shown_s + self.finger_s:
                self.care.wish(NextTarget())
        if self.operator and state is not None:
            step, answer = self.operator[0]
            if step == state.step:
                self.operator.popleft()
                self.care.wish(answer(state))

    def _take(self, t_s: FloatArray, values: FloatArray) -> None:
        if self._spoil is not None:
            eyes = values.reshape(len(t_s), 2, 4)
            self._spoil(t_s, eyes[..., :2])
            eyes[np.isnan(eyes[..., 0]), 3] = 0.0
        xy, valid, pupil = PROFILE.decode(values, SCREEN)
        chunk = GazeChunk(t_s, t_s, xy, valid, pupil, values, eyes_px(PROFILE, values, SCREEN))
        self.writer.gaze(chunk)
        self.tap.append(chunk)

    def calibrate(self) -> Verdict:
        return self.care.calibrate(self.wait_until)

    def drifted_away(self) -> bool:
        return self.care.drifted_away(self.wait_until)

    def payloads(self, code: Code) -> list[dict[str, Any]]:
        return [dict(m.payload) for m in self.markers if m.code is code]

    def end(self) -> tuple[CalibrationAttempt, ...]:
        """Seal the file; gaze mapped from it must be what the session saw, to the last bit."""
        self.wait_until(self.now_s + 0.5)
        live, slots = self.journal.trail(60.0)[1], self.journal.finished()
        self.writer.close("complete")
        assert slots is not None
        with Recording.open(self.path) as recording:
            assert fixation_differences(slots.fixations, recording.slots().fixations) == []
            attempts, gaze = recording.calibrations(), recording.gaze()
            recent = gaze.t_s >= gaze.t_s[-1] - 60.0
            mapped = np.where(gaze.valid[:, None], calibrated_xy(gaze, attempts), np.nan)
        np.testing.assert_array_equal(mapped[recent], live[-recent.sum() :])
        return attempts

    def checked(self) -> CheckReport:
        return check(self.path)

    @staticmethod
    def verdicts(report: CheckReport) -> dict[str, str]:
        return {i.name: i.verdict for i in report.items}

    @staticmethod
    def found(report: CheckReport) -> dict[str, str]:
        return {i.name: i.found for i in report.items}


@pytest.fixture
def room(tmp_path):
    """Make a room: ``room(spoil, targets=5)``, any field of CalibrationPlan."""
    made: list[Room] = []

    def make(
        spoil: Spoil | None = None, drift: float = 0.0, operated: bool = False, **fields: object
    ) -> Room:
        plan = CalibrationPlan(**{"targets": 5, "validation": 4, **fields})
        study = load_study("demo").model_copy(update={"calibration": plan})
        made.append(Room(tmp_path / f"{len(made)}.h5", study, spoil, drift, operated))
        return made[-1]

    yield make
    for one in made:
        one.writer.close("complete")
