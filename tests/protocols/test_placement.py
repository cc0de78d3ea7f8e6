from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.geometry import Screen
from protocols.placement import DisplayFrame, Placement, place

PAGE = (1920, 1080)


def test_a_display_of_the_page_s_size_shows_it_as_it_is() -> None:
    assert place(PAGE, PAGE) == Placement(0, 0, 1.0)


def test_a_larger_display_keeps_pixels_and_centres() -> None:
    assert place(PAGE, (2560, 1440)) == Placement(320, 180, 1.0)


def test_a_smaller_display_shrinks_and_keeps_the_aspect_ratio() -> None:
    assert place(PAGE, (1280, 800)) == Placement(0, 40, pytest.approx(2 / 3))


def test_rounded_display_sizes_do_not_resample() -> None:
    assert place(PAGE, (1919, 1080)).scale == place(PAGE, (1920, 1078)).scale == 1.0
    assert place(PAGE, (1916, 1080)).scale < 1


@settings(max_examples=40)
@given(
    device=st.tuples(st.integers(64, 8000), st.integers(64, 8000)),
    xy=st.tuples(st.floats(-500, 2500), st.floats(-500, 2500)),
)
def test_there_and_back(device: tuple[int, int], xy: tuple[float, float]) -> None:
    where = place(PAGE, device)
    np.testing.assert_allclose(where.to_page(where.to_device(np.asarray(xy))), xy, atol=1e-6)
    assert 0 < where.scale <= 1


def test_a_page_takes_up_its_share_of_the_display_s_millimetres() -> None:
    small = DisplayFrame.of(PAGE, Screen((1280, 1024), (376.0, 301.0), 600.0))
    assert small.placement == Placement(0, 152, pytest.approx(2 / 3))
    page = small.page(PAGE)
    assert page.size_px == PAGE
    assert page.size_mm == pytest.approx((376.0, 720 / 1024 * 301.0))
    assert page.distance_mm == 600.0


@settings(max_examples=40)
@given(
    device=st.tuples(st.integers(400, 6000), st.integers(400, 4000)),
    pixel_mm=st.floats(0.08, 1.0),
    a=st.tuples(st.floats(0, 1920), st.floats(0, 1080)),
    b=st.tuples(st.floats(0, 1920), st.floats(0, 1080)),
)
def test_angles_on_the_page_are_angles_on_the_display(
    device: tuple[int, int], pixel_mm: float, a: tuple[float, float], b: tuple[float, float]
) -> None:
    whole = Screen(device, (device[0] * pixel_mm, device[1] * pixel_mm), 650.0)
    frame = DisplayFrame.of(PAGE, whole)
    on_page = frame.page(PAGE).angle_deg(np.asarray(a), np.asarray(b))
    at = frame.placement.to_device(np.asarray([a, b]))
    # The page is centred to whole device px only.
    loose_deg = np.degrees(pixel_mm / 650.0)
    assert on_page == pytest.approx(whole.angle_deg(at[0], at[1]), abs=loose_deg)
