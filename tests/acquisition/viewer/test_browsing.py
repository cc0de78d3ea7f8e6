from __future__ import annotations

import numpy as np
import pytest

from acquisition.dwell import dwell_ms
from acquisition.fixations import Fixations, IvtParameters
from acquisition.truth import TrueFixations
from acquisition.viewer.browsing import POSTER_MARGIN_PX, SHORTEST_SACCADE_DEG
from acquisition.viewer.messages import Click, Pointer, Scroll, ShowBlank, ShowPage, Swipe
from acquisition.viewer.policy import attention, click_distribution
from acquisition.viewer.settings import ViewerSettings
from protocols.geometry import Screen
from protocols.stimulus import Viewport
from protocols.wire import decode, encode

SCREEN = Screen()


def as_fixations(truth: TrueFixations) -> Fixations:
    n = np.ones(len(truth), dtype=np.int64)
    return Fixations(truth.onset_s, truth.offset_s, truth.x_px, truth.y_px, n, IvtParameters())


def test_a_trial_ends_with_a_click_on_a_poster_that_is_looked_at(bench, screens) -> None:
    viewer = bench(seed=1, scroll_probability=0, swipe_probability=0)
    click = viewer.run_trial(screens(1)[0])
    view = viewer.views[0]
    slot = int(view.layout.locate(np.array([click.xy_px]))[0])
    assert slot >= 0
    truth = viewer.participant.truth(viewer.start_s, viewer.now_s)
    looking = (truth.onset_s < click.t_s) & (truth.offset_s > click.t_s)
    assert truth.slot[looking].tolist() == [slot]
    pointer = [a for a in viewer.actions if isinstance(a, Pointer)][-1]
    assert pointer.xy_px == pytest.approx(click.xy_px)
    assert pointer.t_s <= click.t_s


def test_a_trial_takes_about_as_many_fixations_as_asked(bench, screens) -> None:
    viewer = bench(seed=1, fixations=(14, 18), scroll_probability=0, swipe_probability=0)
    for screen in screens(8):
        viewer.run_trial(screen)
    counts, seconds = [], []
    for view in viewer.views:
        seen = viewer.truth().during(view.t_on_s + 0.2, view.t_off_s)
        counts.append(len(seen))
        seconds.append(view.t_off_s - view.t_on_s)
    assert 13 <= np.mean(counts) <= 19
    assert 3.0 < np.mean(seconds) < 6.5


def test_dwell_follows_the_policy(bench, screens) -> None:
    """Over many looks at one page, time per poster is what the policy says."""
    viewer = bench(seed=2, fixations=(1500, 1500), scroll_probability=0, swipe_probability=0)
    screen = screens(1)[0]
    viewer.run_trial(screen)
    page = next(order for order in viewer.orders if isinstance(order, ShowPage))
    spent = dwell_ms(as_fixations(viewer.truth()), viewer.views[0])
    expected = attention(viewer.participant.viewer, page.layout(), page.films())
    assert np.abs(spent / spent.sum() - expected).sum() / 2 < 0.06
    during = viewer.truth().during(viewer.views[0].t_on_s + 0.3, viewer.views[0].t_off_s)
    assert 0.01 < np.mean(during.slot < 0) < 0.05


def test_landings_are_inside_posters_and_a_real_saccade_apart(bench, screens) -> None:
    viewer = bench(seed=3, fixations=(400, 400), stray_probability=0, blink_every_s=1e9)
    viewer.run_trial(screens(1)[0])
    view = viewer.views[-1]
    truth = viewer.truth().during(view.t_on_s + 0.5, view.t_off_s)
    boxes = view.layout.boxes()[truth.slot]
    assert (truth.slot >= 0).all()
    assert (truth.x_px >= boxes[:, 0] + POSTER_MARGIN_PX).all()
    assert (truth.y_px <= boxes[:, 3] - POSTER_MARGIN_PX).all()
    steps_deg = SCREEN.angle_deg(truth.xy_px[1:], truth.xy_px[:-1])
    assert steps_deg.min() >= SHORTEST_SACCADE_DEG


def test_clicks_follow_the_policy(bench, screens) -> None:
    viewer = bench(seed=5, fixations=(2, 2), scroll_probability=0, swipe_probability=0)
    screen = screens(1)[0]
    clicked = [viewer.run_trial(screen).xy_px for _ in range(150)]
    page = next(order for order in viewer.orders if isinstance(order, ShowPage))
    share = np.bincount(page.layout().locate(np.array(clicked)), minlength=len(page.slots)) / 150
    expected = click_distribution(viewer.participant.viewer, page.layout(), page.films())
    assert np.abs(share - expected).sum() / 2 < 0.15


def test_scrolls_and_swipes_come_as_often_as_asked(bench, screens) -> None:
    viewer = bench(seed=6, fixations=(6, 8), scroll_probability=0.5, swipe_probability=0.3)
    for screen in screens(40):
        viewer.run_trial(screen)
    scrolls = sum(isinstance(a, Scroll) for a in viewer.actions)
    swipes = sum(isinstance(a, Swipe) for a in viewer.actions)
    clicks = sum(isinstance(a, Click) for a in viewer.actions)
    assert (scrolls, swipes, clicks) == (pytest.approx(20, abs=8), pytest.approx(12, abs=7), 40)
    assert len(viewer.views) == 40 + scrolls + swipes


def test_a_wanted_film_is_clicked(bench, screens) -> None:
    viewer = bench(seed=7, scroll_probability=0, swipe_probability=0)
    screen = screens(1)[0]
    wanted = screen.rows[1].films[2].key
    click = viewer.run_trial(screen, target=wanted)
    view = viewer.views[0]
    assert view.layout.slots[int(view.layout.locate(np.array([click.xy_px]))[0])].film == wanted


def test_the_eyes_follow_a_new_target_after_a_latency_and_stay(bench) -> None:
    viewer = bench(seed=8, blink_every_s=1e9)
    viewer.live(0.5)
    shown_s = viewer.now_s
    viewer.target((1700.0, 100.0), 1.5)
    last = viewer.participant.truth(viewer.start_s, viewer.now_s)
    assert last.offset_s[-1] == pytest.approx(viewer.now_s)
    assert 0.2 <= last.onset_s[-1] - shown_s < 0.45
    assert SCREEN.angle_deg(last.xy_px[-1], np.array([1700.0, 100.0])) < 0.2


def test_what_was_planned_for_a_page_is_not_done_on_the_next(bench, screens) -> None:
    viewer = bench(seed=9, fixations=(1, 1), scroll_probability=0, swipe_probability=0)
    viewer.trial = 0
    viewer._show_page(screens(1)[0], Viewport.top_of(screens(1)[0]), None)
    viewer.live(0.3)
    viewer.show(ShowBlank(t_s=viewer.now_s))
    assert not any(isinstance(a, Click) for a in viewer.live(3.0))


def test_a_click_that_changes_nothing_is_tried_again(bench, screens) -> None:
    viewer = bench(seed=9, fixations=(2, 2), scroll_probability=0, swipe_probability=0)
    viewer.trial = 0
    viewer._show_page(screens(1)[0], Viewport.top_of(screens(1)[0]), None)
    assert sum(isinstance(a, Click) for a in viewer.live(12.0)) >= 2


def test_the_same_seed_looks_and_clicks_alike_whenever_it_is_asked(bench, screens) -> None:
    early, late = bench(seed=11), bench(seed=11)
    late.live(1.234)
    screen_list = screens(3)
    for screen in screen_list:
        first = early.run_trial(screen)
        late.live(0.4)
        assert late.run_trial(screen).xy_px == first.xy_px
    assert early.truth().slot.tolist() != []
    other = bench(seed=12)
    assert [other.run_trial(s).xy_px for s in screen_list] != [
        a.xy_px for a in early.actions if isinstance(a, Click)
    ]


def test_a_page_travels_whole(bench, screens) -> None:
    viewer = bench(seed=1)
    viewer.run_trial(screens(1)[0])
    order = next(order for order in viewer.orders if isinstance(order, ShowPage))
    again = decode(encode(order), ShowPage)
    assert again == order
    assert again.layout() == viewer.views[0].layout
    assert again.films() == order.films()


def test_settings_name_the_person() -> None:
    drawn = ViewerSettings(seed=4).person()
    assert drawn == ViewerSettings(seed=4).person()
    assert drawn != ViewerSettings(seed=5).person()
