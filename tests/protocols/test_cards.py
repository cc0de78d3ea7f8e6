from __future__ import annotations

import numpy as np
import pytest

from protocols.cards import message, target
from protocols.geometry import Screen

SCREEN = Screen()
FULL = (1920, 1080)


def test_a_message_is_dark_centred_and_clear_of_the_edges() -> None:
    card = message("Welcome", "Look around as you like.\n\nPress the space bar to begin.", FULL)
    assert card.shape == (1080, 1920, 3)
    assert np.median(card) == 20
    lit = np.argwhere(card.max(axis=2) > 100)
    assert np.abs((lit.min(axis=0) + lit.max(axis=0)) / 2 - (540, 960)).max() < 30


@pytest.mark.parametrize("size_px", [(960, 540), (1920, 1080), (2560, 1440), (1024, 1280)])
def test_a_long_message_stays_on_the_card(size_px: tuple[int, int]) -> None:
    card = message(
        "A title that takes rather more room than titles should", "Please read this. " * 60, size_px
    )
    lit = card.max(axis=2) > 60
    assert lit.any()
    lit[10:-10, 10:-10] = False
    assert not lit.any()


def test_a_message_may_have_no_body() -> None:
    assert (message("Thank you", "", FULL) == 255).all(axis=2).any()


@pytest.mark.parametrize("xy_px", [(960.0, 540.0), (192.0, 108.0), (1700.5, 900.25)])
def test_a_target_is_centred_where_it_should_be(xy_px: tuple[float, float]) -> None:
    lit = np.argwhere(target(xy_px, FULL, SCREEN, 1.0).max(axis=2) > 100)
    centre = lit.mean(axis=0)[::-1] + 0.5
    assert np.abs(centre - xy_px).max() <= 1.0


def test_a_target_shrinks_to_its_final_size_in_degrees() -> None:
    widths = []
    for progress in (0.0, 0.5, 1.0):
        lit = np.argwhere(target((960, 540), FULL, SCREEN, progress).max(axis=2) > 100)
        widths.append(float(np.ptp(lit[:, 1])) + 1)
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] / SCREEN.px_per_deg() == pytest.approx(0.6, abs=0.06)


def test_a_target_has_a_dot_in_a_cross() -> None:
    card = target((960, 540), FULL, SCREEN, 0.0)[:, :, 0]
    assert card[540, 960] > 200
    assert card[540, 975] < 60
    assert card[555, 960] < 60
    assert card[555, 975] > 200


def test_a_target_at_the_corner_is_cut_not_refused() -> None:
    assert target((0, 0), FULL, SCREEN, 0.0)[:40, :40].max() > 200


def test_cards_are_read_only() -> None:
    for card in (message("a", "b", (640, 360)), target((9, 9), (640, 360), SCREEN, 2.0)):
        with pytest.raises(ValueError, match="read-only"):
            card[0, 0] = 0
