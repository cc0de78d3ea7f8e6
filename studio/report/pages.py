"""Page by page: real and predicted attention, scanpaths, and slots over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from protocols.errors import SessionError
from protocols.slots import SlotLayout
from protocols.stimulus import Page
from sessions.views import PageView
from studio.report.charts import Line, Segment, bars, scarf, swatch
from studio.report.evidence import Evidence
from studio.report.markup import Html, joined, tag
from studio.report.pictures import OFF_POSTER, Fixation, heat_picture, scanpath_picture, slot_colours
from studio.report.results import HeldOutPage, Results
from studio.state import common_scale

MOST_PAGES = 24
MOST_SCANPATHS = 4
MOST_SCARF_ROWS = 40

Load = Callable[[str], Page]
Seen = tuple[PageView, list[Fixation]]


def heldout_pages(results: Results, load: Load) -> Html:
    """Return every held-out page with real and predicted attention side by side.

    Args:
        results: with the pages.
        load: returns a page of the recording by digest.
    """
    title = tag("h2", "Held-out pages, one by one")
    if not results.per_page:
        return joined([title, tag("p", "There is none.")])
    shown = results.per_page[:MOST_PAGES]
    parts = [title, _key(any(page.twin_combined for page in shown))]
    if len(shown) < len(results.per_page):
        parts.append(
            tag("p", f"The first {len(shown)} of {len(results.per_page)} are drawn; all are counted.")
        )
    return joined([*parts, *(_page(found, load(found.page)) for found in shown)])


def scanpaths(evidence: Evidence) -> Html:
    """Return some trials' fixations in order, on the view of each that holds most of them."""
    chosen = _spread(_best_views(evidence), MOST_SCANPATHS)
    title = tag("h2", "Scanpaths")
    if not chosen:
        return joined([title, tag("p", "There is no fixation on any page.")])
    figures = [
        tag(
            "figure",
            tag(
                "img",
                src=scanpath_picture(view.page, found),
                alt=f"Scanpath of trial {view.trial + 1}",
                width=640,
            ),
            tag(
                "figcaption",
                f"Trial {view.trial + 1}, screen {view.screen.id}: {len(found)} fixations in order.",
            ),
        )
        for view, found in chosen
    ]
    words = "Circles are fixations, numbered in order; their area grows with duration, up to 800 ms."
    return joined([title, tag("p", words), tag("div", *figures, class_="pair")])


def slots_over_time(evidence: Evidence) -> Html:
    """Return a scarf plot: which poster was fixated when, trial by trial."""
    title = tag("h2", "Posters over time")
    rows = [*_scarf_rows(evidence)][:MOST_SCARF_ROWS]
    if not rows:
        return joined([title, tag("p", "No page was shown.")])
    duration_s = max((s.end_s for _, segments in rows for s in segments), default=1.0)
    words = (
        "Each row is one trial from its first page on. Colour tells the poster's place on the page: the hue "
        "its row, darker the further right; grey is a fixation beside posters. Point at one to read its film."
    )
    layouts = [view.layout for view in evidence.views if len(view.layout)]
    legend = _grid_key(max(layouts, key=len)) if layouts else Html("")
    chart = tag("figure", scarf(rows, duration_s, "Fixated posters over time, one row per trial"))
    return joined([title, tag("p", words), legend, chart])


def _page(found: HeldOutPage, page: Page) -> Html:
    _check(found, page)
    full = common_scale(np.asarray(found.real), np.asarray(found.twin))
    heading = f"Trial {found.trial + 1}, screen {found.screen}"
    scored = found.scores.get("twin", {}).get("kl")
    heading += "" if scored is None else f": KL of the twin {scored:.3f} nats"
    pair = tag(
        "div",
        _heat("real", "Real attention", page, found.real, full),
        _heat("twin", "Twin's prediction", page, found.twin, full),
        class_="pair",
    )
    chart = bars(
        _lines(found, page.layout), full, f"Share per poster, real and predicted, trial {found.trial + 1}"
    )
    return tag("section", tag("h3", heading), pair, tag("figure", chart), class_="page")


def _heat(kind: str, words: str, page: Page, shares: Sequence[float], full: float) -> Html:
    said = f"{words}; brightest: {100 * full:.0f} %"
    picture = tag("img", src=heat_picture(page, shares, full), alt=words, width=640)
    return tag("figure", picture, tag("figcaption", said), class_=kind)


def _lines(found: HeldOutPage, layout: SlotLayout) -> list[Line]:
    likely = int(np.argmax(found.twin_click)) if found.twin_click else None
    lines = []
    for i, slot in enumerate(layout.slots):
        notes = ["clicked"] * (found.click == i)
        if i == likely:
            notes.append(f"twin's likeliest click ({100 * found.twin_click[i]:.0f} %)")
        combined = found.twin_combined[i] if found.twin_combined else None
        lines.append(Line(slot.film, found.real[i], found.twin[i], combined, ", ".join(notes)))
    return lines


def _check(found: HeldOutPage, page: Page) -> None:
    lengths = {len(page.layout), len(found.real), len(found.twin), len(found.twin_combined or found.real)}
    if len(lengths) > 1:
        raise SessionError(
            f"Page {found.page[:12]} has {len(page.layout)} posters, the results of trial {found.trial} have "
            f"{len(found.real)}, {len(found.twin)} and {len(found.twin_combined)} shares.",
            "Shares would be drawn on the wrong posters.",
            "Report results together with the recording they were made from.",
        )


def _key(combined: bool) -> Html:
    items = [
        tag("li", swatch("fill: var(--real)"), "real attention"),
        tag("li", swatch("fill: url(#hatch); stroke: var(--twin)"), "twin's prediction"),
    ]
    if combined:
        items.append(
            tag("li", swatch("fill: var(--text); width: 2px; height: 12px; x: 15px"), "combined twin (mark)")
        )
    return tag("ul", *items, class_="key")


def _best_views(evidence: Evidence) -> list[Seen]:
    best: dict[int, Seen] = {}
    for view in evidence.views:
        found = _during(evidence, view)
        if found and len(found) > len(best.get(view.trial, (view, []))[1]):
            best[view.trial] = (view, found)
    return [best[trial] for trial in sorted(best)]


def _during(evidence: Evidence, view: PageView) -> list[Fixation]:
    fixations = evidence.slots.fixations
    inside = (fixations.onset_s >= view.t_on_s) & (fixations.offset_s <= view.t_off_s)
    rows = zip(fixations.x_px[inside], fixations.y_px[inside], fixations.duration_ms[inside], strict=True)
    return [Fixation(float(x), float(y), float(ms)) for x, y, ms in rows]


def _spread(items: list[Seen], most: int) -> list[Seen]:
    if len(items) <= most:
        return items
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, most)]


def _scarf_rows(evidence: Evidence) -> Iterator[tuple[str, list[Segment]]]:
    trials = sorted({view.trial for view in evidence.views})
    for trial in trials:
        views = [view for view in evidence.views if view.trial == trial]
        begin_s = min(view.t_on_s for view in views)
        segments = [s for view in views for s in _segments(evidence, view, begin_s)]
        yield f"{trial + 1}: screen {views[0].screen.id}", segments


def _segments(evidence: Evidence, view: PageView, begin_s: float) -> Iterator[Segment]:
    fixations, colours = evidence.slots.fixations, slot_colours(view.layout.boxes())
    inside = (fixations.offset_s > view.t_on_s) & (fixations.onset_s < view.t_off_s)
    where = view.layout.locate(fixations.xy_px[inside], evidence.slots.parameters.within_px)
    onsets = np.maximum(fixations.onset_s[inside], view.t_on_s) - begin_s
    offsets = np.minimum(fixations.offset_s[inside], view.t_off_s) - begin_s
    for onset, offset, slot in zip(onsets.tolist(), offsets.tolist(), where.tolist(), strict=True):
        on = view.layout.slots[slot].film if slot >= 0 else "beside posters"
        colour = colours[slot] if slot >= 0 else OFF_POSTER
        yield Segment(onset, offset, colour, f"{on}: {1000 * (offset - onset):.0f} ms")


def _grid_key(layout: SlotLayout) -> Html:
    boxes, colours = layout.boxes(), slot_colours(layout.boxes())
    rows = np.unique(boxes[:, 1], return_inverse=True)[1].tolist()
    columns = np.unique(boxes[:, 0], return_inverse=True)[1].tolist()
    squares = [
        tag("rect", x=26 * c, y=16 * r, width=24, height=14, fill=colour)
        for r, c, colour in zip(rows, columns, colours, strict=True)
    ]
    size = f"0 0 {26 * (max(columns) + 1)} {16 * (max(rows) + 1)}"
    words = "Colours by place on the page"
    return tag("svg", *squares, viewBox=size, style="height: 48px", role="img", aria_label=words)
