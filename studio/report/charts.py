"""Charts as inline SVG, coloured by the style sheet's variables so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray
from studio.report.markup import Html, joined, tag, text
from studio.theme import SERIES, Dash, Series

DASHES: dict[Dash, str | None] = {
    "solid": None,
    "dashed": "8 4",
    "dotted": "2 4",
    "dash-dotted": "9 3 2 3",
}
WIDTH_PX = 1000
_LINE_PX = 22
_BAR_PX = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart of bars: a poster with its real and predicted share.

    Attributes:
        label: the film.
        real: share, 0 to 1.
        twin: likewise.
        combined: likewise, None when there is none.
        note: shown after the bars.
    """

    label: str
    real: float
    twin: float
    combined: float | None
    note: str = ""


def hatch() -> Html:
    """Return the definition of the hatching that marks the twin."""
    stroke = tag("line", x1=0, y1=0, x2=0, y2=6, style="stroke: var(--twin)", stroke_width=4)
    return tag(
        "pattern",
        stroke,
        id="hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )


def definitions(patterns: Sequence[Html]) -> Html:
    """Return the patterns that charts refer to; they have to stand in the page once."""
    drawn = tag("defs", *patterns)
    return tag("svg", drawn, width=0, height=0, style="position: absolute", aria_hidden="true")


def bars(lines: Sequence[Line], full_share: float, words: str) -> Html:
    """Return paired bars, real above twin, with a mark where the combined twin is."""
    left, right = 300, 330
    scale = (WIDTH_PX - left - right) / full_share
    drawn = [_bar_line(line, left, i * _LINE_PX, scale) for i, line in enumerate(lines)]
    return svg(joined(drawn), _LINE_PX * len(lines) + 4, words)


def curve(trials: FloatArray, values: dict[str, FloatArray], words: str) -> Html:
    """Return one line per series over trials.

    Args:
        trials: trial numbers from 1, shape (n,), increasing.
        values: per key of ``theme.SERIES``, shape (n,); NaN where unknown.
        words: what the chart shows, for readers who cannot see it.
    """
    known = np.concatenate([v[np.isfinite(v)] for v in values.values()])
    if not len(known):
        return tag("p", "No page was predicted before it was seen.", class_="muted")
    step = nice_step(float(known.max()) / 5)
    top = step * max(math.ceil(float(known.max()) / step), 1)
    frame = _Frame(float(trials.min()), max(float(trials.max()), float(trials.min()) + 1), top)
    lines = [_series_line(s, trials, values[s.key], frame) for s in SERIES if s.key in values]
    return svg(joined([frame.grid(step), frame.ticks(trials), *lines]), frame.height_px, words)


def sample(series: Series) -> Html:
    """Return a piece of a series' line for a legend."""
    line = tag("line", x1=1, y1=6, x2=33, y2=6, **_stroke(series))
    return tag("svg", line, viewBox="0 0 34 12", aria_hidden="true")


def swatch(style: str) -> Html:
    """Return a little rectangle for a legend; ``style`` is CSS."""
    box = tag("rect", x=1, y=1, width=32, height=10, style=style)
    return tag("svg", box, viewBox="0 0 34 12", aria_hidden="true")


def nice_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not below ``rough``."""
    power = 10.0 ** math.floor(math.log10(max(rough, 1e-9)))
    return next(power * k for k in (1.0, 2.0, 5.0, 10.0) if power * k >= rough * (1 - 1e-9))


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plotting area of a curve."""

    first: float
    last: float
    top: float
    height_px: int = 330

    def x_px(self, trial: float) -> float:
        return 70 + (trial - self.first) / (self.last - self.first) * (WIDTH_PX - 100)

    def y_px(self, value: float) -> float:
        return 15 + (1 - value / self.top) * (self.height_px - 70)

    def grid(self, step: float) -> Html:
        parts = [
            tag(
                "text",
                "mean KL [nats]",
                transform=f"translate(16 {self.height_px / 2}) rotate(-90)",
                class_="middle quiet",
            )
        ]
        for k in range(round(self.top / step) + 1):
            y = f"{self.y_px(k * step):.1f}"
            parts.append(
                tag("line", x1=70, x2=WIDTH_PX - 30, y1=y, y2=y, class_="axis" if k == 0 else "grid")
            )
            parts.append(tag("text", f"{k * step:g}", x=62, y=y, dy=4, class_="end quiet"))
        return joined(parts)

    def ticks(self, trials: FloatArray) -> Html:
        every = max(1, math.ceil(len(trials) / 20))
        bottom = self.height_px - 38
        parts = [
            tag("text", f"{trial:g}", x=f"{self.x_px(trial):.1f}", y=bottom, class_="middle quiet")
            for trial in trials[::every].tolist()
        ]
        label = tag("text", "trial", x=WIDTH_PX / 2, y=self.height_px - 12, class_="middle quiet")
        return joined([*parts, label])


def _series_line(series: Series, trials: FloatArray, values: FloatArray, frame: _Frame) -> Html:
    known = np.isfinite(values)
    points = [(frame.x_px(t), frame.y_px(v)) for t, v in zip(trials[known], values[known], strict=True)]
    if len(points) == 1:
        return tag(
            "circle",
            cx=f"{points[0][0]:.1f}",
            cy=f"{points[0][1]:.1f}",
            r=4,
            style=f"fill: {_colour(series)}",
        )
    return tag(
        "polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), fill="none", **_stroke(series)
    )


def _bar_line(line: Line, left: int, top: float, scale: float) -> Html:
    real, twin = line.real * scale, line.twin * scale
    parts = [
        tag("text", _shortened(line.label), x=left - 10, y=top + 14, class_="end"),
        tag("rect", x=left, y=top + 2, width=f"{real:.1f}", height=_BAR_PX, class_="real"),
        tag(
            "rect",
            x=left,
            y=top + 3 + _BAR_PX,
            width=f"{twin:.1f}",
            height=_BAR_PX,
            class_="twin",
            fill="url(#hatch)",
        ),
    ]
    if line.combined is not None:
        x = f"{left + line.combined * scale:.1f}"
        style = "stroke: var(--text); stroke-width: 2"
        parts.append(tag("line", x1=x, x2=x, y1=top + 1, y2=top + 4 + 2 * _BAR_PX, style=style))
    said = f"{100 * line.real:.0f} % · {100 * line.twin:.0f} %" + (f" · {line.note}" if line.note else "")
    longest = max(real, twin, (line.combined or 0.0) * scale)
    parts.append(tag("text", said, x=f"{left + longest + 8:.1f}", y=top + 14, class_="quiet"))
    return joined(parts)


def svg(content: Html, height: float, words: str) -> Html:
    """Return a chart ``WIDTH_PX`` wide; ``words`` are for readers who cannot see it."""
    return tag("svg", content, viewBox=f"0 0 {WIDTH_PX} {height:g}", role="img", aria_label=words)


def _colour(series: Series) -> str:
    return f"var(--{series.key.replace('_', '-')})"


def _stroke(series: Series) -> dict[str, object]:
    style = f"stroke: {_colour(series)}; stroke-width: {series.width_px}"
    return {"style": style, "stroke_dasharray": DASHES[series.dash]}


def _shortened(label: str, most: int = 40) -> Html:
    short = label if len(label) <= most else label[: most - 1].rstrip() + "…"
    return joined([tag("title", label), text(short)]) if short != label else text(label)
