"""Drift checks in a running session: at a target when the runner asks, and at every click for nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from acquisition.drift import DriftCheck, check_click, check_target, confirmed, correction_px
from acquisition.targets import Point
from protocols.geometry import Rect
from protocols.markers import Code
from protocols.slots import SlotLayout
from protocols.study import StudyProtocol
from sessions.calibrations import AttemptRecord
from studio.journal import Journal
from studio.targets import ARRIVAL_S, TargetShow, Wait

Decision = Literal["ok", "corrected", "recorded", "not confirmed", "recalibrate", "unknown"]

_SETTLED_S = 0.2
_RECENT_S = 5.0


WORDS: dict[Decision, str] = {
    "ok": "",
    "corrected": "Gaze had drifted; it is shifted from now on.",
    "recorded": "Gaze has drifted; the study says to leave it.",
    "not confirmed": "The drift check found gaze elsewhere, but not twice at the same place.",
    "recalibrate": "Gaze had drifted too far and was calibrated anew.",
    "unknown": "Gaze was lost during the drift check.",
}

DONE: dict[Decision, str] = {
    "ok": "nothing to do",
    "corrected": "gaze is shifted from now on",
    "recorded": "recorded; the study says to leave it",
    "not confirmed": "seen once, not a second time: nothing was done",
    "recalibrate": "too far: calibrated anew",
    "unknown": "gaze was lost",
}


class DriftPhase:
    """Shows a target in the middle of the screen, twice when gaze is not on it, and acts on the finding.

    Args:
        study: for its limits, and whether drift is corrected.
        show: shows targets.
        journal: writes all of it down.
        wait_until: waits until a session time in s.

    Attributes:
        looks: what the check found, one look or two, once it has run.
    """

    def __init__(self, study: StudyProtocol, show: TargetShow, journal: Journal, wait_until: Wait) -> None:
        self._plan, self._screen = study.calibration, study.screen
        self._show, self._journal, self._wait_until = show, journal, wait_until
        self.looks: tuple[DriftCheck, ...] = ()

    def run(self) -> Decision:
        """Check; return what was decided, after it was done (except for calibrating anew)."""
        first, _ = self._look()
        if first.finding == "ok":
            return self._decided("ok", first)
        second, now_s = self._look()
        if first.finding == second.finding == "unknown":
            return self._decided("unknown", first, second)
        if second.finding == "ok" or not confirmed(first, second, self._plan.limits):
            return self._decided("not confirmed", first, second)
        if "recalibrate" in (first.finding, second.finding):
            return self._decided("recalibrate", first, second)
        if not self._plan.drift_correction:
            return self._decided("recorded", first, second)
        self._correct(first, second, now_s)
        return self._decided("corrected", first, second)

    def _look(self) -> tuple[DriftCheck, float]:
        width, height = self._screen.size_px
        (shown,) = self._show.show([(width / 2, height / 2)], Code.DRIFT_CHECK, {"shows": "target"})
        now_s = self._wait_until(shown.t_off_s + ARRIVAL_S)
        mapping = self._journal.map
        gaze = self._journal.tap.recent.snapshot(now_s - shown.t_on_s + 1.0)
        window = shown.window(gaze, mapping.eye)
        return check_target(
            window.mapped(mapping.map_px(window.xy_px)), self._screen, self._plan.limits
        ), now_s

    def _correct(self, first: DriftCheck, second: DriftCheck, now_s: float) -> None:
        shift_px = correction_px(first, second)
        reason = (
            f"used: two looks at a target found gaze {first.distance_deg:.2f} and "
            f"{second.distance_deg:.2f} deg off; it is shifted by ({shift_px[0]:+.1f}, {shift_px[1]:+.1f}) px"
        )
        self._journal.calibration(
            self._journal.map.shifted(shift_px), None, True, now_s, AttemptRecord("drift", reason)
        )

    def _decided(self, decision: Decision, *looks: DriftCheck) -> Decision:
        now_s, self.looks = self._wait_until(float("-inf")), looks
        payload = {"decision": decision, "looks": [look.payload() for look in looks]}
        self._journal.mark(now_s, Code.DRIFT_CHECK, payload=payload)
        return decision


@dataclass(frozen=True, slots=True)
class ClickCheck:
    """Where gaze was just before a click.

    Attributes:
        trial: in which it happened.
        click_s: when.
        check: the finding.
    """

    trial: int
    click_s: float
    check: DriftCheck

    def payload(self) -> dict[str, object]:
        """Return all of it for a marker."""
        return {"decision": "recorded", "click_s": self.click_s, "looks": [self.check.payload()]}


@dataclass(frozen=True, slots=True)
class _Click:
    t_s: float
    trial: int
    xy_px: Point
    poster: Rect


class ClickGauge:
    """Measures drift at clicks, once their gaze has arrived.

    Args:
        study: for its display and limits.
        journal: knows recent gaze and how it is mapped.
    """

    def __init__(self, study: StudyProtocol, journal: Journal) -> None:
        self._screen, self._limits = study.screen, study.calibration.limits
        self._journal = journal
        self._waiting: list[_Click] = []

    def clicked(self, t_s: float, trial: int, payload: Mapping[str, object], layout: SlotLayout) -> None:
        """Take note of a click on a poster."""
        slot, x_px, y_px = (payload[name] for name in ("slot", "x_px", "y_px"))
        poster = layout.slots[int(str(slot))].box
        self._waiting.append(_Click(t_s, trial, (float(str(x_px)), float(str(y_px))), poster))

    def due(self, now_s: float) -> Iterator[ClickCheck]:
        """Yield the clicks whose gaze is complete; ``inf`` for all that are left."""
        waiting, self._waiting = self._waiting, []
        for click in waiting:
            if now_s < click.t_s + _SETTLED_S:
                self._waiting.append(click)
            else:
                yield self._checked(click)

    def _checked(self, click: _Click) -> ClickCheck:
        gaze = self._journal.tap.recent.snapshot(_RECENT_S)
        since = gaze.rows(gaze.t_s >= click.t_s - 1.0)
        xy_px = self._journal.map.apply(since)
        check = check_click(
            since.t_s, xy_px, since.valid, (click.t_s, click.xy_px), click.poster, self._screen, self._limits
        )
        return ClickCheck(click.trial, click.t_s, check)
