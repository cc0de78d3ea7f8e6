"""One simulated participant in time: sees what is shown, moves its eyes, acts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np

from acquisition.truth import TrueFixations
from acquisition.viewer.browsing import Browsing, Step, layout_of
from acquisition.viewer.messages import Action, Shown
from acquisition.viewer.oculomotor import EyeHabits, Scanpath, true_fixations
from acquisition.viewer.policy import Viewer
from acquisition.viewer.settings import ViewerSettings
from acquisition.viewer.tracker_error import (
    SampleStamps,
    SimulatedTracker,
    TrackerError,
    draw_distortion,
)
from protocols.geometry import FloatArray
from protocols.slots import SlotLayout

_AHEAD_S = 0.1


class SimulatedParticipant:
    """A participant in front of a tracker, driven by a clock from outside.

    Args:
        settings: who, and through which tracker.
        start_s: when the tracker takes its first sample.
    """

    def __init__(self, settings: ViewerSettings, start_s: float) -> None:
        screen = settings.screen.screen()
        blinks, stamps, samples, error = np.random.default_rng([settings.seed, 0]).spawn(4)
        self._habits = EyeHabits(blink_every_s=settings.blink_every_s)
        self._browsing = Browsing(settings, screen, self._habits)
        self._eye = Scanpath(screen, start_s, screen.rect.centre, self._habits, blinks)
        wire = TrackerError(
            settings.rate_hz,
            noise_rms_deg=settings.noise_rms_deg,
            loss_every_s=settings.loss_every_s,
            drift_deg_per_min=settings.drift_deg_per_min,
        )
        self._stamps = SampleStamps(wire, start_s, stamps)
        self.distortion = draw_distortion(error, float(error.uniform(*settings.distortion_deg)), screen)
        self._tracker = SimulatedTracker(screen, wire, self.distortion, samples)
        self._steps: Iterator[Step] = self._browsing.steps(None)
        self._deeds: list[tuple[float, int, Action]] = []
        self._planned = 0
        self._sampled_s = start_s
        self._pages: list[tuple[float, SlotLayout | None]] = [(start_s, None)]

    @property
    def viewer(self) -> Viewer:
        """Return who looks."""
        return self._browsing.viewer

    def see(self, shown: Shown) -> None:
        """Notice what is on the screen now; the eyes follow after a latency, older plans are forgotten."""
        self._pages.append((max(shown.t_s, self._pages[-1][0]), layout_of(shown)))
        self._deeds.clear()
        self._eye.interrupt(max(shown.t_s + self._habits.latency_s, self._sampled_s))
        self._steps = self._browsing.steps(shown)

    def advance(self, now_s: float) -> tuple[FloatArray, FloatArray, list[Action]]:
        """Live until ``now_s``.

        Returns:
            Stamps (n,) in s and samples (n, 8) since the last call, and the actions now due.
        """
        while self._eye.end_s < now_s + _AHEAD_S:
            self._plan(next(self._steps))
        t = self._stamps.until(now_s)
        eye_px, open_lid = self._eye.sample(t)
        self._sampled_s = now_s
        return t, self._tracker.measure(t, eye_px, open_lid), self._due(now_s)

    def truth(self, from_s: float, until_s: float) -> TrueFixations:
        """Return the fixations the eyes made between two times."""
        return true_fixations(self._eye.fixations_until(until_s), self._pages).during(from_s, until_s)

    def _plan(self, step: Step) -> None:
        onset_s = self._eye.fixate(step.xy_px, step.duration_s)
        for deed in step.deeds:
            self._planned += 1
            heapq.heappush(self._deeds, (onset_s + deed.t_s, self._planned, deed))

    def _due(self, now_s: float) -> list[Action]:
        due: list[Action] = []
        while self._deeds and self._deeds[0][0] <= now_s:
            due.append(heapq.heappop(self._deeds)[2].model_copy(update={"t_s": now_s}))
        return due
