"""Every page as it was looked at: where fixations went in which order, and the share of each poster."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from protocols.stimulus import Page
from sessions.views import PageView
from studio.report.evidence import Evidence
from studio.report.markup import Html, joined, tag
from studio.report.pictures import Fixation, heat_picture, scanpath_picture
from studio.state import common_scale

MOST_VIEWS = 48

Load = Callable[[str], Page]
Seen = tuple[PageView, list[Fixation]]


def views(evidence: Evidence, load: Load) -> Html:
    """Return scanpath and attention map of each page view that has fixations.

    Args:
        evidence: of the recording.
        load: returns a page of the recording by digest.
    """
    seen = [(view, found) for view in evidence.views if (found := _during(evidence, view))]
    title = tag("h2", "Scanpaths and attention maps")
    if not seen:
        return joined([title, tag("p", "There is no fixation on any page.")])
    chosen = _spread(seen, MOST_VIEWS)
    words = (
        "Left, circles are fixations, numbered in order; their area grows with duration, up to 800 ms. "
        "Right, the share of the fixation time per poster."
    )
    more = f" {len(chosen)} of {len(seen)} page views are drawn; all are counted." * (len(chosen) < len(seen))
    return joined([title, tag("p", words + more), *(_view(view, found, load) for view, found in chosen)])


def _view(view: PageView, found: list[Fixation], load: Load) -> Html:
    page = load(view.digest)
    heading = f"Trial {view.trial + 1}, screen {view.screen.id}{_where(view)}"
    path = tag("img", src=scanpath_picture(page, found), alt=f"Scanpath, {heading}", width=640)
    said = f"{len(found)} fixations in {view.duration_s:.1f} s"
    left = tag("figure", path, tag("figcaption", said))
    pair = tag("div", left, _map(view, page, heading), class_="pair")
    return tag("section", tag("h3", heading), pair, class_="page")


def _map(view: PageView, page: Page, heading: str) -> Html:
    total_ms = float(view.fixation_ms.sum())
    if total_ms <= 0:
        return tag("p", "No poster was fixated, so there is no map.", class_="muted")
    shares = (view.fixation_ms / total_ms).tolist()
    full = common_scale(np.asarray(shares))
    picture = tag("img", src=heat_picture(page, shares, full), alt=f"Attention map, {heading}", width=640)
    said = f"{total_ms:.0f} ms on posters; brightest: {100 * full:.0f} %"
    return tag("figure", picture, tag("figcaption", said), class_="real")


def _where(view: PageView) -> str:
    said = [f"scrolled {view.viewport.scroll_px:g} px"] if view.viewport.scroll_px else []
    rows = [str(row + 1) for row, group in enumerate(view.viewport.swipes) if group]
    said += [f"row {', '.join(rows)} swiped"] if rows else []
    return f", {', '.join(said)}" if said else ""


def _during(evidence: Evidence, view: PageView) -> list[Fixation]:
    fixations = evidence.slots.fixations
    inside = np.zeros(len(fixations), dtype=np.bool_)
    for on_s, off_s in view.showings:
        inside |= (fixations.onset_s >= on_s) & (fixations.offset_s <= off_s)
    rows = zip(fixations.x_px[inside], fixations.y_px[inside], fixations.duration_ms[inside], strict=True)
    return [Fixation(float(x), float(y), float(ms)) for x, y, ms in rows]


def _spread(items: list[Seen], most: int) -> list[Seen]:
    if len(items) <= most:
        return items
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, most)]
