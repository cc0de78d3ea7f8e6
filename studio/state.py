"""What the operator's window shows at one moment: frozen values, made by the conductor. Qt-free.

Everything is optional in the way a session is: before the first page there is no page, before the twin has
been fitted there is no prediction, before gaze arrives rates are NaN. Views show such gaps in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from protocols.geometry import FloatArray
from protocols.slots import SlotDistribution
from protocols.stimulus import Page
from protocols.words import counted
from studio.calibration_state import CalibrationState, EyesSeen
from studio.theme import Mood

Phase = Literal["waiting", "calibrating", "running", "paused", "fitting", "finished", "aborted", "failed"]
TrialStatus = Literal["waiting", "running", "done", "skipped"]

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """The last second or so of gaze, calibrated, in page px.

    Attributes:
        xy_px: shape (n, 2), oldest first; NaN where gaze was lost.
        age_s: age of each sample in s, shape (n,).
    """

    xy_px: FloatArray
    age_s: FloatArray

    @classmethod
    def none(cls) -> Trail:
        """Return a trail without samples."""
        return cls(np.empty((0, 2)), np.empty(0))


@dataclass(frozen=True, slots=True)
class Meter:
    """One line of the quality panel.

    Attributes:
        label: what is measured, for example ``Data loss``.
        value: with its unit, for example ``1.2 %``; ``–`` when it is not known yet.
        verdict: whether that is well.
        note: what it is compared with, for example ``nominal 120 Hz``.
    """

    label: str
    value: str
    verdict: Mood = "quiet"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the signal is right now; NaN where it is not known.

    Attributes:
        measured_hz: samples per second, from their own time stamps.
        nominal_hz: what the device claims; 0 when it claims nothing.
        loss: share of expected samples that are missing or invalid, 0 to 1.
        accuracy_deg: mean offset at the validation targets, in deg.
        samples: recorded so far.
    """

    measured_hz: float = NAN
    nominal_hz: float = 0.0
    loss: float = NAN
    accuracy_deg: float = NAN
    samples: int = 0

    @property
    def blind(self) -> bool:
        """Whether samples come and none of them holds gaze, as when nobody has calibrated the tracker."""
        return self.loss >= 1.0 and self.samples > 0

    def meters(self) -> tuple[Meter, ...]:
        """Return the panel's lines, judged at 0.5 and 1 deg, 10 and 20 % loss, 2 and 10 % off the rate."""
        rate_off = abs(self.measured_hz - self.nominal_hz) / self.nominal_hz if self.nominal_hz else NAN
        nominal = f"nominal {self.nominal_hz:g} Hz" if self.nominal_hz else "no nominal rate known"
        return (
            Meter("Rate", _number(self.measured_hz, "{:.1f} Hz"), _verdict(rate_off, 0.02, 0.1), nominal),
            Meter(
                "Data loss",
                _number(100 * self.loss, "{:.1f} %"),
                _verdict(self.loss, 0.1, 0.2),
                "keep below 10 %",
            ),
            Meter(
                "Accuracy",
                _number(self.accuracy_deg, "{:.2f}°"),
                _verdict(self.accuracy_deg, 0.5, 1.0),
                "not validated" if np.isnan(self.accuracy_deg) else "at validation",
            ),
            Meter("Samples", f"{self.samples:,}".replace(",", "\u2009"), "quiet", "recorded"),
        )


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One line of the trial list."""

    index: int
    task: str
    screen_id: str
    status: TrialStatus = "waiting"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """KL divergence in nats, real from predicted, for one finished page; NaN where there is none."""

    trial: int
    twin: float = NAN
    participant_mean: float = NAN
    population_mean: float = NAN
    uniform: float = NAN


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the operator must know, in one sentence, until it is over; news only for some seconds."""

    text: str
    mood: Mood = "warn"
    brief: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LiveState:
    """Everything the operator's window shows.

    Attributes:
        phase: what the session is doing.
        line: the same in one sentence.
        elapsed_s: since the session began, in s.
        page: what the participant sees now; None between pages.
        trail: recent gaze on that page.
        dwell_ms: real fixation time per slot of the page so far, shape (n,).
        prediction: the twin's distribution for the page, made before it appeared; None when there is none.
        prediction_note: why there is none, or what it was made with.
        scores: one per finished page, in order.
        quality: signal quality now.
        trials: the whole plan.
        notices: warnings, the gravest first.
        simulated: the gaze comes from a simulated viewer.
        calibration: how gaze was calibrated and checked; None in a session that does neither.
        eyes: how much of the last second they were seen; None unless gaze is being calibrated.
    """

    phase: Phase = "waiting"
    line: str = ""
    elapsed_s: float = 0.0
    page: Page | None = None
    trail: Trail = field(default_factory=Trail.none)
    dwell_ms: FloatArray = field(default_factory=lambda: np.empty(0))
    prediction: SlotDistribution | None = None
    prediction_note: str = ""
    scores: tuple[Score, ...] = ()
    quality: Quality = field(default_factory=Quality)
    trials: tuple[TrialLine, ...] = ()
    notices: tuple[Notice, ...] = ()
    simulated: bool = False
    calibration: CalibrationState | None = None
    eyes: EyesSeen | None = None

    @property
    def real(self) -> FloatArray:
        """Share of the real fixation time per slot, shape (n,); all 0 while no poster was looked at."""
        total = float(self.dwell_ms.sum())
        return self.dwell_ms / total if total > 0 else np.zeros_like(self.dwell_ms)

    @property
    def predicted(self) -> FloatArray | None:
        """The twin's share per slot, shape (n,), or None."""
        return None if self.prediction is None else self.prediction.weights

    @property
    def trials_over(self) -> int:
        """How many trials are done or skipped."""
        return sum(t.status in ("done", "skipped") for t in self.trials)


def running_means(values: FloatArray) -> FloatArray:
    """Return the mean of everything up to each position, shape (n,), leaving out NaN."""
    known = np.isfinite(values)
    counts = np.cumsum(known)
    sums = np.cumsum(np.where(known, values, 0.0))
    means: FloatArray = np.divide(sums, counts, out=np.full(len(values), NAN), where=counts > 0)
    return means


def common_scale(*shares: FloatArray | None) -> float:
    """Return the share in 0 to 1 that fills a bar, so that all ``shares`` fit and can be compared by eye."""
    largest = max((float(s.max()) for s in shares if s is not None and s.size), default=0.0)
    steps = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
    return next(step for step in steps if largest <= step + 1e-9)


def score_words(scores: tuple[Score, ...]) -> str:
    """Say in one sentence whether the twin's predictions are ahead so far."""
    both = [s for s in scores if np.isfinite(s.twin)]
    if not both:
        return "No page has been predicted and then seen yet."
    parts = [
        _against(both, "uniform", "knowing nothing"),
        _against(both, "population_mean", "the average of earlier participants"),
        _against(both, "participant_mean", "this participant's own average"),
    ]
    known = [part for part in parts if part]
    closer = " and ".join(words for words, ahead in known if ahead)
    further = " and ".join(words for words, ahead in known if not ahead)
    said = [f"closer than {closer}"] * bool(closer) + [f"not closer than {further}"] * bool(further)
    pages = counted(len(both), "predicted page")
    return f"After {pages} the twin is {', '.join(said) or 'not compared with anything'}."


def _against(scores: list[Score], key: str, words: str) -> tuple[str, bool] | None:
    pairs = [(s.twin, getattr(s, key)) for s in scores if np.isfinite(getattr(s, key))]
    if not pairs:
        return None
    won = sum(twin < other for twin, other in pairs)
    twin, other = np.mean(pairs, axis=0)
    return f"{words} (on {won} of {len(pairs)})", bool(twin < other)


def _verdict(value: float, good: float, bearable: float) -> Mood:
    if np.isnan(value):
        return "quiet"
    return "good" if value <= good else "warn" if value <= bearable else "bad"


def _number(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else "–"
