from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.markers import Code, Marker
from protocols.stimulus import Viewport
from sessions.timeline import ViewportChange, cuts_s, ordered, shown

TOP, DOWN = Viewport(0.0, (0, 0)), Viewport(340.0, (0, 0))


def change(t_s: float, viewport: Viewport = TOP, page: str = "p") -> ViewportChange:
    return ViewportChange(t_s, "s", viewport, page)


def spans(changes, markers, end_s=99.0):
    return [(v.trial, v.t_on_s, v.t_off_s, v.click, v.ended) for v in shown(ordered(changes, markers), end_s)]


def test_a_view_lasts_from_its_change_to_the_next_and_the_click_ends_the_last() -> None:
    markers = [
        Marker(1.0, Code.TRIAL_START, 4),
        Marker(5.0, Code.CLICK, 4, {"slot": 7}),
        Marker(5.0, Code.TRIAL_END, 4),
    ]
    found = spans([change(1.0), change(2.0, DOWN), change(3.0)], markers)
    assert found == [(4, 1.0, 2.0, None, True), (4, 2.0, 3.0, None, True), (4, 3.0, 5.0, 7, True)]


def test_clicks_beside_posters_and_hovering_end_nothing() -> None:
    markers = [
        Marker(1.0, Code.TRIAL_START, 0),
        Marker(2.0, Code.CLICK, 0, {"slot": None}),
        Marker(2.5, Code.HOVER, 0, {"slot": 3}),
        Marker(4.0, Code.TRIAL_END, 0),
    ]
    events = ordered([change(1.0), change(2.5, TOP, "hovered")], markers)
    assert [(v.change.page, v.t_on_s, v.t_off_s, v.click) for v in shown(events, 9.0)] == [
        ("p", 1.0, 4.0, None)
    ]
    assert cuts_s(events).tolist() == [1.0, 4.0]


PAUSED = [Marker(1.0, Code.TRIAL_START, 0), Marker(2.0, Code.PAUSE, 0), Marker(3.0, Code.RESUME, 0)]


def test_a_pause_is_not_looked_at_and_the_page_after_it_is_the_same_view() -> None:
    markers = [*PAUSED, Marker(4.0, Code.CLICK, 0, {"slot": 2}), Marker(4.0, Code.TRIAL_END, 0)]
    assert spans([change(1.0), change(3.01)], markers) == [(0, 1.0, 4.0, 2, True)]
    (view,) = shown(ordered([change(1.0), change(3.01)], markers), 9.0)
    assert view.pauses == ((2.0, 3.0),)
    assert view.showings == ((1.0, 2.0), (3.0, 4.0))
    assert replace(view, t_off_s=2.5).showings == ((1.0, 2.0),)


def test_each_of_two_pauses_is_left_out_of_the_one_view() -> None:
    again = [Marker(5.0, Code.PAUSE, 0), Marker(6.0, Code.RESUME, 0), Marker(8.0, Code.TRIAL_END, 0)]
    (view,) = shown(ordered([change(1.0)], [*PAUSED, *again]), 9.0)
    assert view.showings == ((1.0, 2.0), (3.0, 5.0), (6.0, 8.0))


def test_a_pause_ends_no_view_until_something_else_does() -> None:
    begun = PAUSED[:2]
    assert spans([change(1.0)], begun) == [(0, 1.0, 2.0, None, False)]
    assert spans([change(1.0)], PAUSED, 3.5) == [(0, 1.0, 3.5, None, False)]
    assert spans([change(1.0)], [*begun, Marker(2.5, Code.ABORT, 0)]) == [(0, 1.0, 2.0, None, True)]


def test_another_part_of_the_screen_after_a_pause_is_another_view() -> None:
    markers = [*PAUSED, Marker(4.0, Code.TRIAL_END, 0)]
    found = spans([change(1.0), change(2.5, DOWN)], markers)
    assert found == [(0, 1.0, 2.0, None, True), (0, 3.0, 4.0, None, True)]


def test_scrolled_back_without_a_pause_is_another_view() -> None:
    markers = [PAUSED[0], Marker(4.0, Code.TRIAL_END, 0)]
    assert len(spans([change(1.0), change(2.0, DOWN), change(3.0)], markers)) == 3
    assert len(spans([change(1.0), change(1.5, DOWN), change(1.8)], [*PAUSED, markers[1]])) == 3


def test_the_next_trial_after_a_pause_is_another_view() -> None:
    markers = [*PAUSED[:2], Marker(3.0, Code.TRIAL_START, 0), Marker(4.0, Code.TRIAL_END, 0)]
    assert len(spans([change(1.0), change(3.0)], markers)) == 2


def test_the_same_view_in_the_next_trial_is_another_view() -> None:
    markers = [
        Marker(1.0, Code.TRIAL_START, 0),
        Marker(2.0, Code.TRIAL_END, 0),
        Marker(3.0, Code.TRIAL_START, 1),
        Marker(5.0, Code.TRIAL_END, 1),
    ]
    events = ordered([change(1.0), change(3.5)], markers)
    assert [(v.trial, v.t_on_s, v.t_off_s) for v in shown(events, 9.0)] == [(0, 1.0, 2.0), (1, 3.5, 5.0)]
    assert 3.5 in cuts_s(events)


def test_a_recording_that_stops_in_a_trial_keeps_the_open_view() -> None:
    assert spans([change(1.0)], [Marker(1.0, Code.TRIAL_START, 0)], 2.5) == [(0, 1.0, 2.5, None, False)]


def test_an_aborted_trial_ends_its_view() -> None:
    markers = [Marker(1.0, Code.TRIAL_START, 0), Marker(2.0, Code.ABORT, 0)]
    assert spans([change(1.0)], markers) == [(0, 1.0, 2.0, None, True)]


def test_pages_outside_trials_are_no_views() -> None:
    assert spans([change(1.0)], []) == []


codes = st.sampled_from([Code.TRIAL_START, Code.TRIAL_END, Code.PAUSE, Code.RESUME, Code.CLICK, Code.NOTE])
moments = st.integers(0, 40).map(float)
some_markers = st.builds(
    lambda t, c, s: Marker(t, c, 0, {"slot": s}), moments, codes, st.none() | st.integers(0, 5)
)
some_changes = st.builds(change, moments, st.sampled_from([TOP, DOWN]))


@settings(max_examples=100)
@given(st.lists(some_changes, max_size=8), st.lists(some_markers, max_size=12))
def test_views_never_overlap_and_change_only_at_cuts(changes, markers) -> None:
    events = ordered(changes, markers)
    views = shown(events, 50.0)
    cuts = {*cuts_s(events).tolist(), 50.0}
    assert all(v.t_on_s < v.t_off_s for v in views)
    assert all(a.t_off_s <= b.t_on_s for a, b in itertools.pairwise(views))
    assert all({v.t_on_s, v.t_off_s} <= cuts for v in views)
    assert all(a < b for v in views for span in v.showings for a, b in [span])
    assert all({a, b} <= cuts for v in views for a, b in v.showings)


def test_of_a_repeated_trial_only_the_last_time_counts() -> None:
    markers = [
        Marker(1.0, Code.TRIAL_START, 0),
        Marker(2.0, Code.TRIAL_END, 0),
        Marker(3.0, Code.TRIAL_START, 1),
        Marker(4.0, Code.TRIAL_END, 1),
        Marker(4.0, Code.REPEAT, 1),
        Marker(4.0, Code.TRIAL_START, 1),
        Marker(6.0, Code.TRIAL_END, 1),
    ]
    found = shown(ordered([change(1.0), change(3.0, DOWN), change(4.0)], markers), 9.0)
    assert [(v.trial, v.change.viewport, v.t_on_s, v.t_off_s) for v in found] == [
        (0, TOP, 1.0, 2.0),
        (1, TOP, 4.0, 6.0),
    ]
