"""Laws of rebuilding what was seen: whatever the log says, pages can be and looks land where they fell."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.carousel import check_viewport, layout
from protocols.markers import Code
from protocols.study import load_study
from sessions.importers.recgaze_rows import Moment, Place
from sessions.importers.recgaze_views import Visit

SCREEN = load_study("demo").screens[0]
ROWS = len(SCREEN.rows)
ITEMS = len(SCREEN.rows[0].films)
NONE = (math.nan, math.nan)

films = st.builds(Place, st.just("movie"), st.integers(0, ROWS - 1), st.integers(0, ITEMS - 1))
arrows = st.builds(Place, st.sampled_from(["forward", "backward", "genre"]), st.integers(0, ROWS - 1))
anything = st.one_of(films, arrows, st.just(Place("background")))
maybe = st.one_of(st.none(), anything)


@st.composite
def stories(draw: st.DrawFn, scroll: bool = False) -> list[Moment]:
    t_s, moments = 0.0, []
    for line in range(draw(st.integers(1, 25))):
        t_s += draw(st.floats(0.01, 2.0))
        scroll_px = draw(st.one_of(st.just(math.nan), st.floats(-50.0, 4000.0))) if scroll else math.nan
        lasts_s = draw(st.floats(0.0, 1.0))
        fixation, click, cursor = draw(maybe), draw(maybe), draw(maybe)
        moments.append(
            Moment(line, t_s, fixation, lasts_s, draw(maybe), NONE, scroll_px, NONE, click, cursor, math.nan)
        )
    return moments


def rebuilt(moments: list[Moment]) -> Visit:
    visit = Visit(SCREEN, 3, 100.0)
    visit.rebuild(moments)
    return visit


@settings(max_examples=80, deadline=None)
@given(st.one_of(stories(), stories(scroll=True)))
def test_every_page_is_one_that_can_be_shown_and_time_goes_on(moments):
    visit = rebuilt(moments)
    for change in visit.changes:
        check_viewport(SCREEN, change.viewport)
    for series in (visit.changes, visit.markers):
        assert (np.diff([item.t_s for item in series]) >= 0).all()
    assert visit.changes[0].t_s == visit.markers[0].t_s == moments[0].t_s + 100.0
    assert [m.code for m in visit.markers].count(Code.TRIAL_START) == 1
    assert visit.markers[-1].code is Code.TRIAL_END
    assert sum(m.code is Code.CLICK for m in visit.markers) <= 1


@settings(max_examples=80, deadline=None)
@given(stories())
def test_a_look_at_a_film_lands_on_that_film_of_the_page_then_shown(moments):
    visit = rebuilt(moments)
    chosen = max((i for i, m in enumerate(moments) if m.click and m.click.film), default=len(moments))
    looks = [m for m in moments[: chosen + 1] if m.fixation is not None]
    assert len(visit.fixations) == len(looks)
    for look, (onset_s, offset_s, x, y) in zip(looks, visit.fixations, strict=True):
        assert offset_s - onset_s == (onset_s + look.fixation_s) - onset_s
        shown = [c for c in visit.changes if c.t_s <= onset_s]
        others = [p for p in (look.closest, look.cursor, look.click) if p is not None and p.row >= 0]
        if look.fixation.film and not others:  # two things at once may be on no page together
            slots = layout(SCREEN, shown[-1].viewport)
            (slot,) = slots.locate(np.asarray([[x, y]])).tolist()
            assert (slots.slots[slot].row, slots.slots[slot].item) == (look.fixation.row, look.fixation.item)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([-1, 1]), max_size=12))
def test_swipes_wrap_around_both_ways(steps):
    kinds = {1: "forward", -1: "backward"}
    moments = [
        Moment(i, float(i), None, 0.0, None, NONE, math.nan, NONE, Place(kinds[step], 1), None, math.nan)
        for i, step in enumerate(steps, start=1)
    ]
    start = Moment(0, 0.0, Place("background"), 0.1, None, NONE, math.nan, NONE, None, None, math.nan)
    visit = rebuilt([start, *moments])
    assert visit.changes[-1].viewport.swipes[1] == sum(steps) % (ITEMS // 5)
    assert visit.counts["swipes"] == len(steps)
