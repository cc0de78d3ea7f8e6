"""Which poster was fixated when: one row per trial, coloured and patterned by the poster's place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from protocols.geometry import FloatArray
from sessions.views import PageView
from studio.report.charts import WIDTH_PX, nice_step, svg
from studio.report.evidence import Evidence
from studio.report.markup import Html, joined, tag
from studio.report.pictures import OFF_POSTER, slot_colours

MOST_ROWS = 120
_ROWS_AT_ONCE = 30  # what fits on half a page of paper
_ROW_PX, _BAR_PX, _LEFT_PX = 20, 14, 190
PATTERNS = ("", "row-2", "row-3", "row-4")
"""Laid over the colours of each row of posters, the top row first: colour is never alone."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A fixation in a scarf plot.

    Attributes:
        start_s: from the beginning of the row.
        end_s: likewise.
        colour: ``#RRGGBB``.
        row: of the poster on its page, 0 at the top; -1 beside posters.
        words: shown when pointed at.
    """

    start_s: float
    end_s: float
    colour: str
    row: int
    words: str


@dataclass(frozen=True, slots=True)
class Band:
    """One trial.

    Attributes:
        label: beside the row.
        segments: fixations in order.
        changes_s: when the page was scrolled or swiped.
        click_s: when a poster was clicked, None without a click.
        end_s: when the last page went.
    """

    label: str
    segments: tuple[Segment, ...]
    changes_s: tuple[float, ...]
    click_s: float | None
    end_s: float


def slots_over_time(evidence: Evidence) -> Html:
    """Return a scarf plot: which poster was fixated when, trial by trial."""
    title = tag("h2", "Posters over time")
    bands = [*_bands(evidence)]
    if not bands:
        return joined([title, tag("p", "No page was shown.")])
    words = (
        "Each line is one trial from its first page on. Colour and pattern tell the row of the fixated "
        "poster on the page, darker is further right; grey is a fixation beside posters. Upright strokes "
        "are scrolls and swipes, triangles clicks. Point at a fixation to read its film."
    )
    if len(bands) > MOST_ROWS:
        words += f" The first {MOST_ROWS} of {len(bands)} trials are drawn."
    duration_s = max(band.end_s for band in bands)
    said = "Fixated posters over time, one line per trial"
    charts = [
        tag("figure", scarf(bands[first : first + _ROWS_AT_ONCE], duration_s, said))
        for first in range(0, min(len(bands), MOST_ROWS), _ROWS_AT_ONCE)
    ]
    return joined([title, tag("p", words), _key(evidence), *charts])


def scarf(bands: Sequence[Band], duration_s: float, words: str) -> Html:
    """Return one line of coloured stretches per trial over time, up to ``duration_s``."""
    scale = (WIDTH_PX - _LEFT_PX - 20) / max(duration_s, 1e-9)
    bottom = len(bands) * _ROW_PX + 6
    parts = [_axis(duration_s, bottom, scale)]
    for i, band in enumerate(bands):
        parts.append(tag("text", band.label, x=_LEFT_PX - 8, y=i * _ROW_PX + 14, class_="end"))
        parts.extend(_band(band, i * _ROW_PX + 3, scale))
    return svg(joined(parts), bottom + 22, words)


def patterns() -> list[Html]:
    """Return the definitions of the rows' patterns, which have to stand in the page once."""
    ink = "stroke: #000000; stroke-opacity: 0.55"
    lines = (
        tag("line", x1=0, y1=0, x2=0, y2=5, style=ink, stroke_width=2.4),
        tag("line", x1=0, y1=2.5, x2=5, y2=2.5, style=ink, stroke_width=2),
        tag("circle", cx=2.5, cy=2.5, r=1.3, style="fill: #000000; fill-opacity: 0.6"),
    )
    turned = ("rotate(45)", None, None)
    return [
        tag("pattern", line, id=name, width=5, height=5, patternUnits="userSpaceOnUse", patternTransform=turn)
        for name, line, turn in zip(PATTERNS[1:], lines, turned, strict=True)
    ]


def _band(band: Band, top: float, scale: float) -> Iterator[Html]:
    for segment in band.segments:
        yield from _stretch(segment, top, scale)
    for t_s in band.changes_s:
        x = f"{_LEFT_PX + t_s * scale:.1f}"
        yield tag("line", x1=x, x2=x, y1=top - 2, y2=top + _BAR_PX + 2, class_="stroke")
    if band.click_s is not None:
        x_px = _LEFT_PX + band.click_s * scale
        points = f"{x_px:.1f},{top + 2} {x_px:.1f},{top + 12} {x_px + 9:.1f},{top + 7}"
        yield tag("polygon", tag("title", "click"), points=points, class_="ink")


def _stretch(segment: Segment, top: float, scale: float) -> Iterator[Html]:
    x = f"{_LEFT_PX + segment.start_s * scale:.1f}"
    width = f"{max((segment.end_s - segment.start_s) * scale, 0.8):.1f}"
    box = {"x": x, "y": top, "width": width, "height": _BAR_PX}
    pattern = _pattern(segment.row)
    yield tag("rect", tag("title", segment.words), **box, fill=segment.colour)
    if pattern:
        yield tag("rect", tag("title", segment.words), **box, fill=f"url(#{pattern})")


def _pattern(row: int) -> str:
    return PATTERNS[row % len(PATTERNS)] if row >= 0 else ""


def _axis(duration_s: float, bottom: float, scale: float) -> Html:
    step = nice_step(duration_s / 8)
    parts = []
    for k in range(int(duration_s / step + 1e-9) + 1):
        x = f"{_LEFT_PX + k * step * scale:.1f}"
        parts.append(tag("line", x1=x, x2=x, y1=0, y2=bottom, class_="grid"))
        parts.append(tag("text", f"{k * step:g} s", x=x, y=bottom + 15, class_="middle quiet"))
    return joined(parts)


def _bands(evidence: Evidence) -> Iterator[Band]:
    for trial in sorted({view.trial for view in evidence.views}):
        views = [view for view in evidence.views if view.trial == trial]
        begin_s = views[0].t_on_s
        clicks = [view.t_off_s - begin_s for view in views if view.click is not None]
        yield Band(
            f"{trial + 1}: screen {views[0].screen.id}",
            tuple(
                s
                for view in views
                for shown in view.showings
                for s in _segments(evidence, view, shown, begin_s)
            ),
            tuple(view.t_on_s - begin_s for view in views[1:]),
            clicks[-1] if clicks else None,
            views[-1].t_off_s - begin_s,
        )


def _segments(
    evidence: Evidence, view: PageView, shown_s: tuple[float, float], begin_s: float
) -> Iterator[Segment]:
    on_s, off_s = shown_s
    fixations, colours, rows = evidence.slots.fixations, *_places(view.layout.boxes())
    inside = (fixations.offset_s > on_s) & (fixations.onset_s < off_s)
    where = view.layout.locate(fixations.xy_px[inside], evidence.slots.parameters.within_px)
    onsets = np.maximum(fixations.onset_s[inside], on_s) - begin_s
    offsets = np.minimum(fixations.offset_s[inside], off_s) - begin_s
    for onset, offset, slot in zip(onsets.tolist(), offsets.tolist(), where.tolist(), strict=True):
        on = view.layout.slots[slot].film if slot >= 0 else "beside posters"
        colour, row = (colours[slot], rows[slot]) if slot >= 0 else (OFF_POSTER, -1)
        yield Segment(onset, offset, colour, row, f"{on}: {1000 * (offset - onset):.0f} ms")


def _places(boxes: FloatArray) -> tuple[tuple[str, ...], list[int]]:
    return slot_colours(boxes), np.unique(boxes[:, 1], return_inverse=True)[1].tolist()


def _key(evidence: Evidence) -> Html:
    layouts = [view.layout for view in evidence.views if len(view.layout)]
    boxes = max(layouts, key=len).boxes() if layouts else np.empty((0, 4))
    colours, rows = _places(boxes)
    items = []
    for row in sorted(set(rows)):
        of = [colour for colour, place in zip(colours, rows, strict=True) if place == row]
        items.append(tag("li", _swatches(of, row), f"row {row + 1}{' (top)' * (row == 0)}"))
    items.append(tag("li", _swatches([OFF_POSTER], -1), "beside posters"))
    return tag("ul", *items, class_="key")


def _swatches(colours: Sequence[str], row: int) -> Html:
    fills = [*colours, f"url(#{_pattern(row)})"] if _pattern(row) else colours
    squares = [
        tag("rect", x=20 * i if i < len(colours) else 0, y=0, width=width, height=12, fill=fill)
        for i, fill in enumerate(fills)
        for width in [18 if i < len(colours) else 20 * len(colours) - 2]
    ]
    size = f"0 0 {20 * len(colours)} 12"
    return tag("svg", *squares, viewBox=size, style=f"width: {20 * len(colours)}px", aria_hidden="true")
