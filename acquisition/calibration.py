"""A correction of gaze on the screen, fitted to targets that the participant looked at.

The tracker's own calibration is done with its own tool; this one is applied on top. What is fitted is the
*residual*, target minus gaze, by a second-order polynomial whose terms except the offset are shrunk towards
zero. With few or noisy targets the map so falls back to a shift of the gaze as delivered, never to nonsense.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from acquisition.axes import MOST_CORRECTION_DEG, suspicion
from acquisition.offsets import offsets_deg, steadiest
from acquisition.samples import Eye, GazeChunk
from acquisition.targets import Point, TargetWindow
from protocols.errors import AxesSuspicious, CalibrationError, TooFewValid
from protocols.geometry import FloatArray, Screen

SETTLE_S = 0.45
SHRINKAGE = 0.3
FEWEST_POINTS = 4
_LEAST_VALID = 0.5
_MOST_SPREAD_DEG = 1.0
_NAMED = 3
_EDGE = 1.2  # half screen widths; beyond, the correction stays what it is there

Method = Literal["identity", "residual-quadratic-ridge"]


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Where gaze was while a target was looked at.

    Attributes:
        target_px: the target.
        gaze_px: median of the longest steady stretch of gaze, as delivered.
        spread_deg: standard deviation of gaze in that stretch.
        valid_share: valid samples among those delivered while the target stood still, 0 to 1.
        samples: number of samples in the stretch.
    """

    target_px: Point
    gaze_px: Point
    spread_deg: float
    valid_share: float
    samples: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from gaze as delivered to gaze on the screen.

    With u and v as the distance from the screen centre in half screen widths, the correction in px is the sum
    of ``terms`` times (1, u, v, u^2, u v, v^2), and ``shift_px``.

    Attributes:
        method: how it was fitted.
        size_px: size of the screen.
        terms: six pairs (x, y) in px.
        points: what it was fitted to; none for the identity.
        expected_error_deg: mean error on targets left out of the fit one at a time; None for the identity.
        fitted_error_deg: mean error on the targets of the fit (optimistic); None for the identity.
        eye: whose gaze is mapped; ``both`` is what the source gives as one, usually the mean of both eyes.
        shift_px: what drift checks added to the map since it was fitted.
    """

    method: Method
    size_px: tuple[int, int]
    terms: tuple[Point, ...]
    points: tuple[CalibrationPoint, ...] = ()
    expected_error_deg: float | None = None
    fitted_error_deg: float | None = None
    eye: Eye = "both"
    shift_px: Point = (0.0, 0.0)

    @classmethod
    def identity(cls) -> Calibration:
        """Return the map that leaves gaze as delivered."""
        return cls("identity", (1, 1), ((0.0, 0.0),) * 6)

    def apply(self, chunk: GazeChunk) -> FloatArray:
        """Return gaze on the screen (n, 2) in px for a chunk of gaze; NaN where it is NaN."""
        return self.map_px(chunk.of_eye(self.eye))

    def shifted(self, by_px: Point) -> Calibration:
        """Return the same map with a constant shift more."""
        x, y = self.shift_px
        return replace(self, shift_px=(x + by_px[0], y + by_px[1]))

    def map_px(self, xy_px: FloatArray) -> FloatArray:
        """Return positions (n, 2) in px on the screen for positions (n, 2) in px as delivered.

        The result for a position never depends on the other positions, not even in the last bit.
        """
        if self.method == "identity":
            return np.asarray(xy_px + np.asarray(self.shift_px), dtype=np.float64)
        u, v = _unit(xy_px, self.size_px)
        corrected = [xy_px[:, k] + _polynomial(self.terms, k, u, v) + self.shift_px[k] for k in (0, 1)]
        return np.stack(corrected, axis=1)

    def to_json(self) -> str:
        """Return all of it as JSON; numbers keep every bit."""
        fields = asdict(self)
        # Maps from before these fields existed keep their text, and so the digest of what was derived.
        for name, usual in (("eye", "both"), ("shift_px", (0.0, 0.0))):
            if fields[name] == usual:
                del fields[name]
        return json.dumps(fields, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Read what ``to_json`` wrote.

        Raises:
            CalibrationError: the text is something else.
        """
        try:
            fields = json.loads(text)
            points = tuple(_point(point) for point in fields.pop("points"))
            width, height = fields.pop("size_px")
            terms = tuple((float(x), float(y)) for x, y in fields.pop("terms"))
            right, down = fields.pop("shift_px", (0.0, 0.0))
            shift_px = (float(right), float(down))
            return cls(**fields, size_px=(width, height), terms=terms, points=points, shift_px=shift_px)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CalibrationError(
                f"A stored calibration cannot be read: {error!r}.",
                "Gaze would be mapped by something else than what was measured.",
                "Use the recording's other calibrations, or recover the file.",
            ) from error


def fit_calibration(windows: Sequence[TargetWindow], screen: Screen, eye: Eye = "both") -> Calibration:
    """Fit a calibration to gaze on targets.

    Args:
        windows: gaze of that eye while each target stood still, one per target.
        screen: the display.
        eye: whose gaze it is.

    Raises:
        TooFewValid: a target was not looked at steadily (the message says which), or there are fewer
            than four.
        AxesSuspicious: the map turns, mirrors or moves gaze more than any tracker error would.
    """
    points = clean_points(windows, screen)
    if len(points) < FEWEST_POINTS:
        raise TooFewValid(
            f"There are {len(points)} calibration targets.",
            f"A correction needs at least {FEWEST_POINTS}, spread over the screen.",
            "Show more targets.",
        )
    calibration = replace(_fitted(points, screen), eye=eye)
    _check_axes(points, calibration, screen)
    return calibration


def unusable(windows: Sequence[TargetWindow], screen: Screen) -> dict[int, str]:
    """Return which windows no point can be taken from, and in words why; these targets are to be repeated."""
    measured = [measured_point(window, screen) for window in windows]
    return {i: problem for i, problem in enumerate(measured) if isinstance(problem, str)}


def clean_points(windows: Sequence[TargetWindow], screen: Screen) -> tuple[CalibrationPoint, ...]:
    """Reduce each window to one point.

    Raises:
        TooFewValid: telling how many targets' gaze cannot be used, and of the first few why.
    """
    measured = [measured_point(window, screen) for window in windows]
    bad = [problem for problem in measured if isinstance(problem, str)]
    if bad:
        more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise TooFewValid(
            f"{len(bad)} of {len(windows)} targets cannot be used: {'; '.join(bad[:_NAMED])}{more}.",
            "Gaze would be corrected towards where nobody looked.",
            "Repeat these targets; check that the tracker sees both eyes.",
        )
    return tuple(point for point in measured if isinstance(point, CalibrationPoint))


def measured_point(window: TargetWindow, screen: Screen) -> CalibrationPoint | str:
    """Reduce a window to one point; return the point, or in words why there is none."""
    settled = window.after(SETTLE_S)
    where = f"at ({window.target_px[0]:.0f}, {window.target_px[1]:.0f}) px"
    valid_share = float(np.mean(settled.valid)) if len(settled.valid) else 0.0
    if valid_share < _LEAST_VALID:
        return f"{where} {valid_share:.0%} of the gaze was valid"
    seen, t_s = settled.xy_px[settled.valid], settled.t_s[settled.valid]
    gaze = seen[steadiest(t_s, offsets_deg(seen, np.asarray(window.target_px), screen))]
    if not len(gaze):
        return f"{where} gaze was never steady"
    median = np.median(gaze, axis=0)
    spread_deg = float(np.sqrt(np.mean(screen.angle_deg(gaze, gaze.mean(axis=0)) ** 2)))
    if spread_deg > _MOST_SPREAD_DEG:
        return f"{where} gaze was spread by {spread_deg:.1f} deg"
    gaze_px = (float(median[0]), float(median[1]))
    return CalibrationPoint(window.target_px, gaze_px, spread_deg, valid_share, len(gaze))


def _fitted(points: Sequence[CalibrationPoint], screen: Screen) -> Calibration:
    terms = _terms(points, screen)
    left_out = [_error_deg(_terms(_without(points, i), screen), [p], screen) for i, p in enumerate(points)]
    return Calibration(
        "residual-quadratic-ridge",
        screen.size_px,
        terms,
        tuple(points),
        expected_error_deg=float(np.mean(left_out)),
        fitted_error_deg=_error_deg(terms, points, screen),
    )


def _terms(points: Sequence[CalibrationPoint], screen: Screen) -> tuple[Point, ...]:
    """Solve the ridge regression of the residuals, the offset unpenalised."""
    gaze = np.asarray([p.gaze_px for p in points])
    residual_px = np.asarray([p.target_px for p in points]) - gaze
    u, v = _unit(gaze, screen.size_px)
    basis = np.column_stack([np.ones_like(u), u, v, u * u, u * v, v * v])
    penalty = np.diag([0.0, *[SHRINKAGE] * 5])
    solved = np.linalg.solve(basis.T @ basis + penalty, basis.T @ residual_px)
    return tuple((float(x), float(y)) for x, y in solved)


def _error_deg(terms: tuple[Point, ...], points: Sequence[CalibrationPoint], screen: Screen) -> float:
    corrected = Calibration("residual-quadratic-ridge", screen.size_px, terms).map_px(
        np.asarray([p.gaze_px for p in points])
    )
    return float(screen.angle_deg(corrected, np.asarray([p.target_px for p in points])).mean())


def _check_axes(points: Sequence[CalibrationPoint], calibration: Calibration, screen: Screen) -> None:
    gaze = np.asarray([p.gaze_px for p in points])
    target = np.asarray([p.target_px for p in points])
    wrong = suspicion(gaze, target, calibration.map_px(gaze), screen)
    if wrong:
        raise AxesSuspicious(
            wrong,
            f"A tracker is hardly ever more than {MOST_CORRECTION_DEG:g} deg off; this is rather a wrong "
            "display, swapped axes or another origin.",
            "Check which display the tracker was set up for, then repeat its own calibration.",
        )


def _without(points: Sequence[CalibrationPoint], index: int) -> list[CalibrationPoint]:
    return [p for i, p in enumerate(points) if i != index]


def _unit(xy_px: FloatArray, size_px: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return position (n,) and (n,) from the screen centre in half screen widths, limited near the screen."""
    half = size_px[0] / 2
    u, v = (xy_px[:, 0] - half) / half, (xy_px[:, 1] - size_px[1] / 2) / half
    return np.clip(u, -_EDGE, _EDGE), np.clip(v, -_EDGE, _EDGE)


def _polynomial(terms: Sequence[Point], axis: int, u: FloatArray, v: FloatArray) -> FloatArray:
    a = [pair[axis] for pair in terms]
    return np.asarray(a[0] + a[1] * u + a[2] * v + a[3] * (u * u) + a[4] * (u * v) + a[5] * (v * v))


def _point(fields: dict[str, Any]) -> CalibrationPoint:
    (target_x, target_y), (gaze_x, gaze_y) = fields.pop("target_px"), fields.pop("gaze_px")
    return CalibrationPoint((float(target_x), float(target_y)), (float(gaze_x), float(gaze_y)), **fields)
