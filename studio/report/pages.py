"""Held-out pages, one by one: real and predicted attention."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from protocols.errors import SessionError
from protocols.slots import SlotLayout
from protocols.stimulus import Page
from studio.report.charts import Line, bars, swatch
from studio.report.markup import Html, joined, tag
from studio.report.pictures import heat_picture
from studio.report.results import HeldOutPage, Results
from studio.state import common_scale

MOST_PAGES = 24

Load = Callable[[str], Page]


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
