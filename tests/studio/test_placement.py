from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.placement import Placement, place

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
