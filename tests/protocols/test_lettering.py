from __future__ import annotations

from pathlib import Path

import pytest

import protocols
from protocols.lettering import Weight, font, width_px

FONTS = Path(protocols.__file__).parent / "fonts"

# Widths in px of RecGaze's headings, from the boxes in its aoi_data.csv.
MEASURED = {
    "Action": 100,
    "Animation": 162,
    "Comedy": 124,
    "Crime": 92,
    "Drama": 105,
    "Fantasy": 121,
    "Horror": 104,
    "Romance": 143,
    "Sci-Fi": 79,
    "Thriller": 113,
}


def test_the_typeface_ships_with_its_licence_and_stays_small() -> None:
    assert "Apache License" in (FONTS / "LICENSE.txt").read_text(encoding="utf-8")
    assert "Open Sans" in (FONTS / "NOTICE.txt").read_text(encoding="utf-8")
    assert sum(file.stat().st_size for file in FONTS.iterdir()) < 1_500_000


@pytest.mark.parametrize("weight", ["Regular", "Bold", "CondBold"])
def test_every_weight_is_open_sans(weight: Weight) -> None:
    assert "Open Sans" in str(font(weight, 20).getname()[0])


@pytest.mark.parametrize("heading", MEASURED)
def test_headings_are_as_wide_as_in_recgaze(heading: str) -> None:
    assert width_px(heading, "Bold", 31) == pytest.approx(MEASURED[heading], abs=2)
