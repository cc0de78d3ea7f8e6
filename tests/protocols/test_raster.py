from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from protocols.carousel import layout, scrolled, swiped
from protocols.errors import StimulusMissing, StudyInvalid
from protocols.geometry import Rect
from protocols.invented import invented_screen
from protocols.poster import drawn_poster
from protocols.raster import render, with_letters
from protocols.stimulus import CarouselRow, CarouselScreen, Film, PixelArray, Viewport

SCREEN = invented_screen(np.random.default_rng(2), "raster", "mixed")
TOP = Viewport.top_of(SCREEN)

GOLDEN_DIGEST = "4574962e8484673401474306685e83478a02f204a04ad0026a707d703d736572"
"""SHA-256 of one page with letters and details; the same with Pillow 10.3 and 13.0."""

scrolls = st.integers(0, 2446)
law = settings(max_examples=15, deadline=None)


def cut(image: PixelArray, box: Rect) -> PixelArray:
    return image[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]


def with_poster(name: str) -> CarouselScreen:
    films = tuple(Film(f"Film {i}", 2000, ("Drama",), name if i == 1 else "") for i in range(5))
    return CarouselScreen("images", (CarouselRow("Drama", films),))


def test_same_pixels_on_every_machine() -> None:
    viewport = swiped(SCREEN, scrolled(SCREEN, TOP, 333), 1, 1)
    assert render(SCREEN, viewport, letters=True, hover=3).digest == GOLDEN_DIGEST


def test_same_pixels_twice() -> None:
    drawn_poster.cache_clear()
    first = render(SCREEN, TOP)
    drawn_poster.cache_clear()
    again = render(SCREEN, TOP)
    assert np.array_equal(first.image, again.image)
    assert first.digest == again.digest


def test_a_page_carries_what_it_shows() -> None:
    page = render(SCREEN, TOP)
    assert page.image.shape == (1080, 1920, 3)
    assert page.image.dtype == np.uint8
    assert page.layout == layout(SCREEN, TOP)
    assert [f.key for f in page.films] == [s.film for s in page.layout.slots]
    assert (page.screen_id, page.viewport) == ("raster", TOP)


def test_pages_cannot_be_painted_over() -> None:
    page = render(SCREEN, TOP)
    with pytest.raises(ValueError, match="read-only"):
        page.image[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        drawn_poster(page.films[0])[0, 0] = 0


@law
@given(scroll=scrolls, swipe=st.integers(0, 2))
def test_every_slot_shows_its_film(scroll: int, swipe: int) -> None:
    page = render(SCREEN, Viewport(float(scroll), (swipe,) * 10))
    for slot, film in zip(page.layout.slots, page.films, strict=True):
        assert np.array_equal(cut(page.image, slot.box), drawn_poster(film))


@law
@given(scroll=scrolls)
def test_scrolling_moves_the_whole_picture(scroll: int) -> None:
    nearby = min(scroll + 37, 2446)
    moved = nearby - scroll
    before = render(SCREEN, Viewport(float(scroll), TOP.swipes)).image
    after = render(SCREEN, Viewport(float(nearby), TOP.swipes)).image
    assert np.array_equal(before[moved:], after[: 1080 - moved])


@law
@given(scroll=scrolls)
def test_letters_stay_inside_the_credited_area(scroll: int) -> None:
    viewport = Viewport(float(scroll), TOP.swipes)
    page = render(SCREEN, viewport, letters=True)
    changed = (render(SCREEN, viewport).image != page.image).any(axis=2)
    for slot in page.layout.slots:
        assert cut(changed, slot.credit).any()
        cut(changed, slot.credit)[:] = False
    assert not changed.any()


def test_with_room_below_letters_leave_the_poster_alone() -> None:
    changed = (render(SCREEN, TOP).image != render(SCREEN, TOP, letters=True).image).any(axis=2)
    for slot in layout(SCREEN, TOP).slots:
        below = Rect(slot.box.left, slot.box.bottom, slot.box.right, slot.credit.bottom)
        assert not cut(changed, slot.box).any()
        columns = np.flatnonzero(cut(changed, below).any(axis=0))
        assert abs((columns[0] + columns[-1]) / 2 - 170.5) <= 3


@pytest.mark.parametrize("scroll", [0, 300, 308, 320, 335, 336, 987, 1000])
def test_letters_are_never_cut(scroll: int) -> None:
    """Whatever the scroll, the glyph of the first slots' letters is found whole within the slot's credit."""
    reference = render(SCREEN, TOP, letters=True)
    page = render(SCREEN, Viewport(float(scroll), TOP.swipes), letters=True)
    for slot, known in zip(page.layout.slots, reference.layout.slots, strict=False):
        strip = Rect(known.box.left + 155, known.box.bottom, known.box.right - 155, known.credit.bottom)
        ink = cut(reference.image, strip)[:, :, 0] > 20
        glyph = cut(reference.image, strip)[ink.any(axis=1)]
        column = cut(
            page.image, Rect(slot.box.left + 155, slot.box.top, slot.box.right - 155, slot.credit.bottom)
        )
        starts = range(len(column) - len(glyph) + 1)
        assert any(np.array_equal(column[y : y + len(glyph)], glyph) for y in starts)


def test_hover_changes_only_the_hovered_poster() -> None:
    plain, hovered = render(SCREEN, TOP), render(SCREEN, TOP, hover=7)
    changed = (plain.image != hovered.image).any(axis=2)
    box = plain.layout.slots[7].box
    assert cut(changed, box).mean() > 0.9
    cut(changed, box)[:] = False
    assert not changed.any()
    assert plain.digest != hovered.digest


def test_hovering_over_no_slot_is_refused() -> None:
    with pytest.raises(StimulusMissing, match="Slot 15 is hovered"):
        render(SCREEN, TOP, hover=15)


def test_a_heading_and_two_arrows_belong_to_every_row() -> None:
    image = render(SCREEN, TOP).image
    for top in (176, 516, 855):
        assert (cut(image, Rect(76, top - 70, 418, top - 27)) == 255).all(axis=2).any()
        for left in (51, 1831):
            assert (cut(image, Rect(left, top + 86, left + 21, top + 107)) > 200).all(axis=2).any()


def test_arrows_point_outwards() -> None:
    image = render(SCREEN, TOP).image
    back, forward = (cut(image, Rect(x, 262, x + 21, 283))[:, :, 0] > 128 for x in (51, 1831))
    assert np.array_equal(back, forward[:, ::-1])
    assert np.flatnonzero(back[10]).mean() < np.flatnonzero(back[5]).mean()


def test_an_image_replaces_the_drawing(tmp_path: Path) -> None:
    halves = np.zeros((200, 800, 3), dtype=np.uint8)
    halves[:, 400:] = 255
    Image.fromarray(halves).save(tmp_path / "one.png")
    screen = with_poster("one.png")
    page = render(screen, Viewport.top_of(screen), images=tmp_path)
    tile = cut(page.image, page.layout.slots[1].box)
    assert (tile[:, :160] == 0).all()
    assert (tile[:, -160:] == 255).all()
    assert np.array_equal(cut(page.image, page.layout.slots[0].box), drawn_poster(page.films[0]))


def test_a_missing_image_is_said_to_be_missing(tmp_path: Path) -> None:
    screen = with_poster("gone.jpg")
    with pytest.raises(StimulusMissing, match=r"gone\.jpg"):
        render(screen, Viewport.top_of(screen), images=tmp_path)


def test_a_file_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image", encoding="utf-8")
    screen = with_poster("text.png")
    with pytest.raises(StimulusMissing, match=r"text\.png"):
        render(screen, Viewport.top_of(screen), images=tmp_path)


def test_images_outside_the_folder_are_refused(tmp_path: Path) -> None:
    screen = with_poster("../one.png")
    with pytest.raises(StimulusMissing, match="plain file name"):
        render(screen, Viewport.top_of(screen), images=tmp_path)


def test_without_a_folder_posters_are_drawn() -> None:
    screen = with_poster("one.png")
    page = render(screen, Viewport.top_of(screen))
    assert np.array_equal(cut(page.image, page.layout.slots[1].box), drawn_poster(page.films[1]))


def test_a_foreign_viewport_is_refused() -> None:
    with pytest.raises(StudyInvalid):
        render(SCREEN, Viewport(0.0, (0,)))


def test_letters_can_be_added_to_a_page_exactly_as_if_rendered_with_them() -> None:
    for scroll in (0.0, 320.0, 1000.0):
        viewport = Viewport(scroll, TOP.swipes)
        added, drawn = with_letters(render(SCREEN, viewport)), render(SCREEN, viewport, letters=True)
        assert np.array_equal(added.image, drawn.image)
        assert added.digest == drawn.digest
