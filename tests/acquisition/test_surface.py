"""Maps from a scene camera to the screen: their geometry, their file, and gaze through them in time."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.homography import apply, fit_homography, of_matrix
from acquisition.surface import TagStream, map_of_row, map_of_tags, read_surface
from acquisition.surface_source import MapTrack
from acquisition.viewer.head import Head
from protocols.errors import SurfaceUnusable
from protocols.geometry import FloatArray, Screen

SCREEN, SCENE = Screen(), Screen(size_px=(1600, 1200))
TAGS = """
format = "gazetwin-surface/1"
scene_size_px = [1600, 1200]
[tags]
stream = "Tags"
"""
CORNERS = {7: (-150, -150), 8: (1950, -150), 9: (-150, 1110), 10: (1950, 1110)}


def tag_file(folder: Path, header: str = TAGS, corners: dict[int, tuple[int, int]] = CORNERS) -> Path:
    entries = [
        f"[[tags.tag]]\nid = {id_}\n"
        f"corners_px = [[{x}, {y}], [{x + 120}, {y}], [{x + 120}, {y + 120}], [{x}, {y + 120}]]"
        for id_, (x, y) in corners.items()
    ]
    path = folder / "surface.toml"
    path.write_text(header + "\n".join(entries), encoding="utf-8")
    return path


def tags_of(path: Path) -> TagStream:
    tags = read_surface(path).tags
    assert tags is not None
    return tags


def seen_tags(tags: TagStream, scene_of_screen: FloatArray) -> FloatArray:
    rows = []
    for tag in tags.tag:
        corners_px = tags.screen_px(tag.id)
        assert corners_px is not None
        rows.append([tag.id, *apply(scene_of_screen, corners_px).ravel()])
    return np.array(rows)


@given(seed=st.integers(0, 10_000), t_s=st.floats(0, 60), n=st.integers(4, 30))
@settings(max_examples=40, deadline=None)
def test_points_seen_by_a_moving_head_give_its_map_back(seed: int, t_s: float, n: int) -> None:
    rng = np.random.default_rng(seed)
    seen = Head(SCREEN, SCENE, seed).scene_of_screen(t_s)
    corners = np.array([[0, 0], [1920, 0], [1920, 1080], [0, 1080]], dtype=np.float64)
    screen_px = np.vstack([corners, rng.uniform((-200, -200), (2120, 1280), (n - 4, 2))])
    homography = fit_homography(apply(seen, screen_px), screen_px)
    looked = rng.uniform((-300, -300), (2220, 1380), (50, 2))
    np.testing.assert_allclose(apply(homography, apply(seen, looked)), looked, atol=1e-5)
    np.testing.assert_allclose(
        apply(of_matrix(-3.0 * np.linalg.inv(seen), SCREEN), apply(seen, looked)), looked, atol=1e-5
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_pixel_of_noise_moves_gaze_by_a_few_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen = Head(SCREEN, SCENE, seed).scene_of_screen(3.0)
    corners = np.array([[0, 0], [1920, 0], [1920, 1080], [0, 1080], [960, 0], [960, 1080]], dtype=np.float64)
    homography = fit_homography(apply(seen, corners) + rng.uniform(-1, 1, corners.shape), corners)
    looked = rng.uniform((0, 0), (1920, 1080), (50, 2))
    assert np.linalg.norm(apply(homography, apply(seen, looked)) - looked, axis=1).max() < 12.0


SQUARE = np.array([[0.0, 0], [100, 0], [100, 100], [0, 100]])


@pytest.mark.parametrize(
    ("scene", "screen", "how"),
    [
        (SQUARE[:3], SQUARE[:3], "3 points are known"),
        (SQUARE, SQUARE[:3], "do not correspond"),
        (np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]]), SQUARE, "line|mirror|behind|flat|edge"),
        (np.array([[0.0, 0], [1, 1], [2, 2], [0, 3]]), SQUARE, "line|mirror|behind|flat|edge"),
        (np.zeros((4, 2)), SQUARE, "one place"),
        (SQUARE, np.ones((4, 2)), "one place"),
        (SQUARE[:, ::-1], SQUARE, "mirror"),
        (SQUARE[[0, 2, 1, 3]], SQUARE, "behind|mirror|edge"),
        (np.where(SQUARE == 100, np.nan, SQUARE), SQUARE, "no numbers"),
        (np.where(SQUARE == 100, np.inf, SQUARE), SQUARE, "no numbers"),
        (SQUARE * [1.0, 1e-9], SQUARE, "line|flat"),
    ],
)
def test_what_cannot_be_mapped_is_refused_in_words(scene: FloatArray, screen: FloatArray, how: str) -> None:
    with pytest.raises(SurfaceUnusable, match=how) as refused:
        fit_homography(scene, screen)
    assert refused.value.why
    assert refused.value.fix


@given(st.lists(st.floats(width=64), min_size=9, max_size=9))
@settings(max_examples=100, deadline=None)
def test_any_nine_numbers_are_a_map_or_refused(row: list[float]) -> None:
    try:
        homography = map_of_row(np.array(row), SCREEN)
    except SurfaceUnusable:
        return
    assert np.isfinite(homography).all()


@given(
    st.lists(
        st.lists(st.one_of(st.sampled_from([7.0, 8.0]), st.floats(width=64)), min_size=9, max_size=9),
        max_size=4,
    )
)
@settings(max_examples=60, deadline=None)
def test_any_rows_of_tags_are_a_map_or_refused(rows: list[list[float]]) -> None:
    with TemporaryDirectory() as folder:
        tags = tags_of(tag_file(Path(folder)))
    try:
        homography = map_of_tags(tags, np.array(rows).reshape(-1, 9))
    except SurfaceUnusable:
        return
    assert np.isfinite(homography).all()


@pytest.mark.parametrize("order", ["opencv", "apriltag"])
def test_tags_beside_the_screen_place_gaze_on_it(order: str, tmp_path: Path) -> None:
    tags = tags_of(tag_file(tmp_path, TAGS + f'corners = "{order}"\n'))
    seen = Head(SCREEN, SCENE).scene_of_screen(1.0)
    rows = seen_tags(tags, seen)
    assert rows[0, 1] == pytest.approx(
        apply(seen, np.array([[-150, -150 if order == "opencv" else -30.0]]))[0, 0]
    )
    foreign = np.array([[99.0, *rows[0, 1:]]])
    homography = map_of_tags(tags, np.vstack([foreign, rows]))
    looked = np.array([[0.0, 0], [960, 540], [2000, -50]])
    np.testing.assert_allclose(apply(homography, apply(seen, looked)), looked, atol=1e-6)


def test_a_wrong_corner_order_or_a_moved_tag_is_noticed(tmp_path: Path) -> None:
    right = tags_of(tag_file(tmp_path))
    rows = seen_tags(right, Head(SCREEN, SCENE).scene_of_screen(1.0))
    wrong_order = tags_of(tag_file(tmp_path, TAGS + 'corners = "apriltag"\n'))
    with pytest.raises(SurfaceUnusable, match=r"corner|mirror"):
        map_of_tags(wrong_order, rows)
    moved = tags_of(tag_file(tmp_path, corners={**CORNERS, 8: (1500, -150)}))
    with pytest.raises(SurfaceUnusable, match="px from where the file says"):
        map_of_tags(moved, rows)
    with pytest.raises(SurfaceUnusable, match="1 of the file's tags are seen, and 2"):
        map_of_tags(right, rows[:1])


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("", "format"),
        ("format = 3", "format"),
        ("not toml", "no surface file"),
        (TAGS, "tag"),
        (TAGS.split("[tags]")[0], r"\[tags\] or \[maps\]"),
        (TAGS + "[[tags.tag]]\nid = 1\ncorners_px = [[0,0],[1,0],[1,1],[0,1]]", "never show at least 2"),
        (TAGS + 2 * "[[tags.tag]]\nid = 1\ncorners_px = [[0,0],[1,0],[1,1],[0,1]]\n", "same id"),
        (TAGS + "surprise = 1", "surprise"),
        (TAGS + "[[tags.tag]]\nid = 1\ncorners_px = [[0,0],[1,0],[1,1]]", "corners_px"),
    ],
)
def test_a_broken_file_says_what_is_wrong(text: str, how: str, tmp_path: Path) -> None:
    path = tmp_path / "surface.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SurfaceUnusable, match=how) as refused:
        read_surface(path)
    assert "gazetwin-surface/1" in refused.value.fix
    with pytest.raises(SurfaceUnusable, match="No such file"):
        read_surface(tmp_path / "absent.toml")


def shifted(x_px: float) -> FloatArray:
    return np.array([[1.0, 0, x_px], [0, 1, 0], [0, 0, 1]])


def test_gaze_follows_the_map_in_time_and_is_invalid_without_a_recent_one() -> None:
    track = MapTrack(max_age_s=0.1)
    assert np.isnan(track.through(np.array([0.0]), np.zeros((1, 2)))).all()
    track.add(1.0, shifted(0.0))
    track.add(1.04, shifted(40.0))
    track.add(1.02, shifted(999.0))  # too late to count
    track.add(1.5, shifted(7.0))
    t_s = np.array([0.99, 1.0, 1.02, 1.03, 1.04, 1.13, 1.15, 1.5, 1.59, 1.61])
    x_px = track.through(t_s, np.zeros((len(t_s), 2)))[:, 0]
    expected = [np.nan, 0.0, 20.0, 30.0, 40.0, 40.0, np.nan, 7.0, 7.0, np.nan]
    np.testing.assert_allclose(x_px, expected, atol=1e-9)
    track.add(1.5, shifted(8.0))
    assert track.through(np.array([1.5]), np.zeros((1, 2)))[0, 0] == 8.0
