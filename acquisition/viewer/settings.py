"""Settings of the simulated viewer's program."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from acquisition.viewer.messages import ScreenSettings
from acquisition.viewer.policy import HABITS, Viewer, draw_viewer
from protocols.carousel import GENRES
from protocols.errors import StudyInvalid
from protocols.wire import Message


class ViewerSettings(Message):
    """Who looks, at what, through which tracker.

    Attributes:
        seed: draws everything random; the same seed looks and clicks alike on the same pages.
        viewer: the simulated participant; None to draw one from the seed.
        screen: the display.
        rate_hz: sampling rate of the simulated tracker.
        noise_rms_deg: its sample-to-sample noise.
        distortion_deg: mean error of its own calibration, drawn from this range; (0, 0) for a perfect one.
        drift_deg_per_min: how fast reported gaze then drifts to the right, as when a head slowly moves.
        blink_every_s: mean time between blinks.
        loss_every_s: mean time between losses of an eye.
        fixations: how many fixations a trial has before the click, drawn from this range.
        scroll_probability: how likely a trial holds one scroll.
        swipe_probability: how likely a trial holds one swipe.
        stay_probability: how likely the next fixation is on the same poster again.
        stray_probability: how likely a fixation is beside the posters, on a heading.
    """

    kind: Literal["viewer-settings"] = "viewer-settings"
    seed: int = Field(default=0, ge=0)
    viewer: ViewerTraits | None = None
    screen: ScreenSettings = ScreenSettings()
    rate_hz: float = Field(default=120.0, gt=0, le=2000)
    noise_rms_deg: float = Field(default=0.1, ge=0)
    distortion_deg: tuple[float, float] = (0.6, 1.2)
    drift_deg_per_min: float = Field(default=0.0, ge=-10, le=10)
    blink_every_s: float = Field(default=5.0, gt=0)
    loss_every_s: float = Field(default=30.0, gt=0)
    fixations: tuple[int, int] = (14, 18)
    scroll_probability: float = Field(default=0.15, ge=0, le=1)
    swipe_probability: float = Field(default=0.1, ge=0, le=1)
    stay_probability: float = Field(default=0.25, ge=0, lt=1)
    stray_probability: float = Field(default=0.03, ge=0, lt=1)

    def person(self) -> Viewer:
        """Return the simulated participant."""
        if self.viewer is not None:
            return self.viewer.person()
        return draw_viewer(np.random.default_rng(self.seed), GENRES)


class ViewerTraits(Message):
    """A simulated participant, as in `acquisition.viewer.policy.Viewer`."""

    kind: Literal["viewer"] = "viewer"
    habit: str
    habit_strength: float
    genre_pull: float
    click_pull: float
    click_gaze: float
    preferred: tuple[str, ...]

    @classmethod
    def of(cls, viewer: Viewer) -> ViewerTraits:
        """Describe a viewer."""
        return cls(
            habit=viewer.habit,
            habit_strength=viewer.habit_strength,
            genre_pull=viewer.genre_pull,
            click_pull=viewer.click_pull,
            click_gaze=viewer.click_gaze,
            preferred=viewer.preferred,
        )

    def person(self) -> Viewer:
        """Return the viewer.

        Raises:
            StudyInvalid: there is no such habit.
        """
        if self.habit not in HABITS:
            raise StudyInvalid(
                f"There is no viewing habit {self.habit!r}.",
                "The simulated viewer would not know where to look.",
                f"Choose one of: {', '.join(HABITS)}.",
            )
        return Viewer(
            self.habit,
            self.habit_strength,
            self.genre_pull,
            self.click_pull,
            self.click_gaze,
            self.preferred,
        )


ViewerSettings.model_rebuild()
