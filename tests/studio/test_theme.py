from __future__ import annotations

import numpy as np
import pytest

from studio.theme import DARK, LIGHT, SERIES, Palette, contrast, heat_hex, heat_rgb, ink_on

TEXT = ("text", "muted", "good", "warn", "bad")
MARKS = ("real", "twin", "participant_mean", "population_mean", "uniform", "control", "focus")


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda p: p.name)
@pytest.mark.parametrize("ground", ["background", "surface", "sunken"])
def test_colours_can_be_read(palette: Palette, ground: str) -> None:
    under = getattr(palette, ground)
    for name in TEXT:
        assert contrast(getattr(palette, name), under) >= 4.5, name
    for name in MARKS:
        assert contrast(getattr(palette, name), under) >= 3.0, name


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda p: p.name)
def test_what_is_selected_can_be_read_and_is_not_glaring(palette: Palette) -> None:
    for name in TEXT:
        assert contrast(getattr(palette, name), palette.selected) >= 4.5, name
    assert contrast(palette.selected, palette.sunken) < 3.0
    assert contrast(palette.background, palette.real) >= 4.5, "the main button's words"


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda p: p.name)
def test_real_and_twin_differ_without_red_green_vision(palette: Palette) -> None:
    # Blue against orange: the blue channel alone, which protanopes and deuteranopes see, separates them.
    assert int(palette.real[5:], 16) - int(palette.twin[5:], 16) > 120


def test_heat_grows_brighter() -> None:
    brightness = heat_rgb(np.linspace(0, 1, 50)).astype(float) @ np.asarray([0.2126, 0.7152, 0.0722])
    assert (np.diff(brightness) > 0).all()


def test_heat_ends_and_outliers() -> None:
    assert heat_hex(0.0) == "#440154"
    assert heat_hex(1.0) == heat_hex(7.0) == "#FDE725"
    assert heat_hex(float("nan")) == heat_hex(-1.0) == heat_hex(0.0)


def test_ink_is_readable_on_every_heat() -> None:
    for value in np.linspace(0, 1, 25):
        ground = heat_hex(float(value))
        assert contrast(ink_on(ground), ground) >= 4.5


def test_every_series_has_a_colour_and_its_own_dash() -> None:
    assert len({s.dash for s in SERIES}) == len(SERIES)
    assert all(s.colour(DARK).startswith("#") for s in SERIES)
