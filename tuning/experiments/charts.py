"""Figures of a study as inline SVG; colours come from the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from tuning.experiments.judging import Comparison
from tuning.experiments.lines import Line
from tuning.experiments.markup import Html, tag

WIDTH_PX = 960
LABEL_PX = 300
ROW_PX = 26
VALUE_PX = 70


@dataclass(frozen=True, slots=True)
class _Axis:
    """A horizontal axis from `low` to `high` with round ticks."""

    low: float
    high: float
    step: float

    def x_px(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(LABEL_PX + min(max(share, 0.0), 1.0) * (WIDTH_PX - LABEL_PX - VALUE_PX), 2)

    def drawn(self, height_px: float, words: str) -> list[Html]:
        parts = []
        count = round((self.high - self.low) / self.step)
        for value in self.low + self.step * np.arange(count + 1):
            x = self.x_px(float(value))
            parts.append(tag("line", x1=x, x2=x, y1=0, y2=height_px, class_="grid"))
            label = f"{float(value) + 0.0:.2f}"
            parts.append(tag("text", label, x=x, y=height_px + 16, class_="middle quiet"))
        middle = (LABEL_PX + WIDTH_PX - VALUE_PX) / 2
        parts.append(tag("text", words, x=middle, y=height_px + 34, class_="middle quiet"))
        return parts


def dots(lines: Sequence[Line]) -> Html:
    """Return mean KL per line with its interval, and every participant as a faint point."""
    ends = [line.interval[1] for line in lines if not isnan(line.interval[1])]
    top = max([*ends, *(line.means["kl"] for line in lines), _most(lines)])
    axis = _Axis(0.0, *_round(0.0, top))
    height = ROW_PX * len(lines)
    parts = axis.drawn(height, "KL from the participant's attention [nats], less is better")
    for i, line in enumerate(lines):
        y = ROW_PX * i + ROW_PX / 2
        parts.append(_label(line.name, y, line.kind))
        parts += [tag("circle", cx=axis.x_px(kl), cy=y, r=2.5, class_="point") for kl in line.points.values()]
        kind = "twin" if line.kind == "twin" else "baseline"
        parts += _mark(axis, y, line.means["kl"], line.interval, kind, f"{line.means['kl']:.3f}")
    return _svg(parts, height, "Mean KL per line, with 95 % intervals and every participant as a point")


def forest(tests: Sequence[Comparison]) -> Html:
    """Return mean differences with their intervals around zero."""
    ends = [end for t in tests for end in (t.found.low, t.found.high, t.found.mean) if not isnan(end)]
    reach = max(abs(end) for end in [*ends, 1e-3])
    high, step = _round(0.0, reach)
    axis = _Axis(-high, high, step)
    height = ROW_PX * len(tests)
    parts = axis.drawn(
        height,
        "difference in KL [nats]; left of zero is better; orange: p < .05 after Holm",
    )
    zero = axis.x_px(0.0)
    parts.append(tag("line", x1=zero, x2=zero, y1=0, y2=height, class_="axis"))
    for i, test in enumerate(tests):
        y = ROW_PX * i + ROW_PX / 2
        other = test.second.removeprefix("twin").removeprefix(", ")
        words = test.first.removeprefix("twin, ") + (f" (to {other})" if other else "")
        parts.append(_label(words, y, "baseline"))
        kind = "baseline" if test.holm is None or test.holm >= 0.05 else "twin"
        interval = (test.found.low, test.found.high)
        parts += _mark(axis, y, test.found.mean, interval, kind, f"{test.found.mean:+.3f}")
    return _svg(parts, height, "Effect of each change on KL, with 95 % intervals")


def _most(lines: Sequence[Line]) -> float:
    points = [kl for line in lines for kl in line.points.values()]
    return float(np.quantile(points, 0.98))


def _label(words: str, y: float, kind: str) -> Html:
    strong = "end strong" if kind == "twin" else "end"
    return tag("text", words, x=LABEL_PX - 12, y=y + 4, class_=strong)


def _mark(
    axis: _Axis, y: float, mean: float, interval: tuple[float, float], kind: str, words: str
) -> list[Html]:
    bar = []
    if not isnan(interval[0]):
        low, high = (axis.x_px(end) for end in interval)
        bar = [tag("line", x1=low, x2=high, y1=y, y2=y, class_=f"interval {kind}")]
    return [
        *bar,
        tag("circle", cx=axis.x_px(mean), cy=y, r=5, class_=f"mean {kind}"),
        tag("text", words, x=WIDTH_PX - 8, y=y + 4, class_="end"),
    ]


def _round(low: float, high: float) -> tuple[float, float]:
    """Return a round upper end and the distance of ticks, 4 to 8 of them."""
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(power * k for k in (1.0, 2.0, 5.0, 10.0) if power * k >= rough * (1 - 1e-9)))
    return float(np.ceil(high / step - 1e-9) * step), step


def _svg(parts: Sequence[Html], height: float, words: str) -> Html:
    box = f"0 0 {WIDTH_PX} {height + 44}"
    return tag("figure", tag("svg", *parts, viewBox=box, role="img", aria_label=words))
