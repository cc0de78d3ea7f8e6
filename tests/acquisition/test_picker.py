"""What channels seem to be, whether a choice makes sense, and the file that remembers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.coordinates import Coordinates, Origin, Unit
from acquisition.eyes import recorded_eyes_px
from acquisition.picker import Meaning, concerns, infer, orientation_concerns, suggest
from acquisition.profile_file import FORMAT, PickedProfile, described_channels, read_profile
from acquisition.profiles import recognise
from acquisition.source import SourceInfo
from acquisition.streams import Channel, StreamDescription
from acquisition.wire_format import WireFormat
from acquisition.wire_formats import FORMATS
from protocols.errors import ChannelsUnknown, ProfileInvalid
from protocols.geometry import FloatArray, Screen

SCREEN = Screen(size_px=(1920, 1080))
N = 200
T = np.arange(N) / 60.0
X, Y = 0.5 + 0.3 * np.sin(T), 0.5 + 0.3 * np.cos(1.7 * T)


def described(*labels: str, **more: object) -> StreamDescription:
    channels = tuple(Channel(label) for label in labels)
    options: dict[str, object] = {"channel_count": len(channels), "channels": channels, **more}
    return StreamDescription("Lab", "Gaze", "id", "uid", "host", 60.0, **options)  # type: ignore[arg-type]


def test_labels_values_and_types_say_what_channels_seem_to_be() -> None:
    stream = described(
        "gaze_l_x", "gaze_l_y", "LeftPupil", "leftValid", "timestamp", "a", "b", "pupil_x", "head z"
    )
    flag = (np.arange(N) % 7 > 0).astype(float)
    values = np.column_stack([X, Y, 3 + 0.1 * X, flag, 1e6 + T, np.full(N, 4.0), flag * 4, X, X])
    guesses = infer(stream, values)
    assert [guess.meaning for guess in guesses] == [
        Meaning.GAZE_X,
        Meaning.GAZE_Y,
        Meaning.PUPIL,
        Meaning.QUALITY,
        Meaning.TIME,
        Meaning.CONSTANT,
        Meaning.QUALITY,
        Meaning.OTHER,
        Meaning.OTHER,
    ]
    assert [guess.eye for guess in guesses[:4]] == ["left"] * 4
    suggestion = suggest(guesses)
    assert suggestion.points == (("left", "gaze_l_x", "gaze_l_y", "leftValid"),)
    assert suggestion.unit is Unit.FRACTION
    assert "only holds 0, 4" in guesses[6].because


@pytest.mark.parametrize(
    ("scale", "shift", "unit"),
    [
        (1.0, 0.0, Unit.FRACTION),
        (1000.0, 0.0, Unit.PX),
        (100.0, 0.0, None),  # percent, or mm, or a corner
        (500.0, -250.0, None),  # from the centre
    ],
)
def test_the_unit_follows_the_range_or_stays_open(scale: float, shift: float, unit: Unit | None) -> None:
    values = np.column_stack([X, Y]) * scale + shift
    suggestion = suggest(infer(described("x", "y"), values))
    assert suggestion.points == (("both", "x", "y", ""),)
    assert suggestion.unit is unit
    assert "values from" in suggestion.because


def test_nothing_is_made_up_where_nothing_is_said() -> None:
    silent = described(channel_count=2)
    assert suggest(infer(silent, np.column_stack([X, Y]))).points == ()
    assert suggest(infer(described("x", "y"), np.empty((0, 2)))).unit is None
    twice = described("x", "y", "x1 gaze x", "y")
    assert suggest(infer(twice, np.column_stack([X, Y, X, Y]))).points == ()


@pytest.mark.parametrize("wire", [wire for wire in FORMATS if wire.described and not wire.refused])
def test_guesses_about_known_tools_name_their_gaze_channels(wire: WireFormat) -> None:
    stream = StreamDescription("Lab", "Gaze", "", "", "", 0.0, len(wire.channels), wire.metadata)
    noise = np.random.default_rng(1).random((50, len(wire.channels)))
    meanings = {guess.label: guess.meaning for guess in infer(stream, noise)}
    for point in wire.points:
        assert (meanings[point.x], meanings[point.y]) == (Meaning.GAZE_X, Meaning.GAZE_Y)


def profile_of(stream: StreamDescription, **changes: object) -> PickedProfile:
    entry: dict[str, object] = {
        "format": FORMAT,
        "profile": "lab",
        "stream": stream.name,
        "type": stream.type,
        "unit": "fraction",
        "point": [{"eye": "both", "x": stream.labels[0], "y": stream.labels[1]}],
        "channel": [one.model_dump() for one in described_channels(stream)],
    }
    return PickedProfile.model_validate({**entry, **changes})


def told(values: FloatArray, **changes: object) -> str:
    stream = described("x", "y", "v", "p")
    full = np.column_stack([values, np.ones((len(values), 1)), np.full((len(values), 1), 3.0)])
    return " ".join(concerns(profile_of(stream, **changes).wire_format(), stream, full, SCREEN))


def test_a_good_choice_raises_no_concern_and_a_wrong_one_says_why() -> None:
    fractions = np.column_stack([X, Y])
    px = fractions * SCREEN.size_px
    assert told(fractions) == ""
    assert told(px, unit="px") == ""
    assert told((px - [960, 540]) * [1, -1], unit="px", origin="centre-y-up") == ""
    assert "0% of the gaze is on the screen" in told(px)
    assert "a hundredth of the screen" in told(fractions, unit="px")
    percent = 100 * fractions
    assert told(percent, unit="percent") == ""
    assert (
        told(percent, unit="px")
        == "All gaze lies in the top left 100 px of a 1920 x 1080 px display: percent?"
    )
    assert "bottom left 100 px" in told(percent, unit="px", origin="bottom-left")
    assert "100 mm of a 531 x 299 mm" in told(percent, unit="mm")
    assert told(np.array([960, 540]) + 20 * fractions, unit="px") == ""
    assert "swapped" in told(np.column_stack([0.9 * px[:, 1], 1.2 * px[:, 0]]), unit="px")
    assert "grow upwards" in told(px * [1, -1], unit="px")
    assert "x of gaze never changes" in told(np.column_stack([np.full(N, 0.5), Y]))
    assert "no human pupils" in told(fractions, pupils={"left": "p", "mm_per_unit": 10.0})
    invalid = {"point": [{"eye": "both", "x": "x", "y": "y", "quality": "v"}], "valid": [2, 3]}
    assert "Not one sample is valid" in told(fractions, **invalid)
    assert "No sample came" in told(np.empty((0, 2)))


def test_a_pair_that_returns_exactly_is_asked_about_unless_it_is_said_to_mean_lost() -> None:
    lost = (np.arange(N) % 5 == 0)[:, None]
    percent = np.where(lost, -1.0, 100 * np.column_stack([X, Y]))
    assert "percent?" in told(percent, unit="px")
    assert "x and y are both exactly -1 time and again" in told(percent, unit="px")
    assert "say --lost -1" in told(percent, unit="percent")
    assert told(percent, unit="percent", lost_xy=-1.0) == ""
    assert told(percent, unit="percent", missing=-1.0) == ""
    repeated = np.repeat(100 * np.column_stack([X, Y]), 2, axis=0)
    assert told(repeated, unit="percent") == ""


@pytest.mark.parametrize(
    ("top_left", "bottom_right", "complaints"),
    [
        ((0.02, 0.03), (0.97, 0.98), ()),
        ((0.02, 0.97), (0.97, 0.03), ("Top and bottom",)),
        ((0.97, 0.02), (0.03, 0.98), ("Left and right",)),
        ((0.97, 0.97), (0.03, 0.03), ("Left and right", "Top and bottom")),
        ((0.5, 0.5), (0.51, 0.98), ("moved by 1%",)),
        ((np.nan, 0.5), (0.5, 0.9), ("no valid gaze",)),
    ],
)
def test_two_corners_tell_which_way_is_up(
    top_left: tuple[float, float], bottom_right: tuple[float, float], complaints: tuple[str, ...]
) -> None:
    stream = described("x", "y")
    wire = profile_of(stream).wire_format()
    looks = [np.tile(corner, (30, 1)) for corner in (top_left, bottom_right)]
    found = orientation_concerns(wire, stream, looks[0], looks[1], SCREEN)
    assert len(found) == len(complaints)
    assert all(part in one for part, one in zip(complaints, found, strict=True))


@given(
    unit=st.sampled_from(Unit),
    origin=st.sampled_from(Origin),
    xy=st.lists(st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000)), min_size=1, max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_every_unit_and_origin_has_a_way_back(
    unit: Unit, origin: Origin, xy: list[tuple[float, float]]
) -> None:
    convention = Coordinates(unit, origin)
    px = np.array(xy)
    np.testing.assert_allclose(convention.to_px(convention.from_px(px, SCREEN), SCREEN), px, atol=1e-6)


@pytest.mark.parametrize(
    ("unit", "origin", "top_right"),
    [
        (Unit.FRACTION, Origin.BOTTOM_LEFT, (1.0, 1.0)),
        (Unit.PERCENT, Origin.TOP_LEFT, (100.0, 0.0)),
        (Unit.PX, Origin.CENTRE, (960.0, -540.0)),
        (Unit.PX, Origin.CENTRE_Y_UP, (960.0, 540.0)),
        (Unit.MM, Origin.TOP_LEFT, (531.0, 0.0)),
    ],
)
def test_the_top_right_corner_in_each_convention(
    unit: Unit, origin: Origin, top_right: tuple[float, float]
) -> None:
    np.testing.assert_allclose(
        Coordinates(unit, origin).to_px(np.array([top_right]), SCREEN), [[1920.0, 0.0]], atol=1e-9
    )


TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)


@given(
    name=TEXT.filter(bool),
    kind=TEXT,
    channels=st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=2, max_size=6),
    lost=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
@settings(max_examples=60, deadline=None)
def test_a_profile_file_comes_back_as_written_and_finds_its_stream(
    name: str,
    kind: str,
    channels: list[tuple[str, str, str]],
    lost: float | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    entries = tuple(Channel(label, "", type_, unit) for label, type_, unit in channels)
    stream = StreamDescription(name, kind, "", "", "", 0.0, len(entries), entries)
    profile = profile_of(stream, lost_xy=lost, pupils={"left": stream.labels[0]})
    path = tmp_path_factory.getbasetemp() / "round.toml"
    path.write_text(profile.text(), encoding="utf-8", newline="")
    again = read_profile(path)
    assert again == profile
    found = recognise(stream, [again.wire_format()], alone=True)
    assert found.name == "lab"
    assert found.decode(np.full((1, len(entries)), 0.5), SCREEN)[0].shape == (1, 2)


def test_a_recording_by_a_profile_file_can_be_read_again() -> None:
    stream = described("lx", "ly", "rx", "ry")
    points = [{"eye": eye, "x": f"{eye[0]}x", "y": f"{eye[0]}y"} for eye in ("left", "right")]
    profile = profile_of(stream, point=points, unit="px")
    source = SourceInfo("Lab", "lsl", "lab", "", 0.0, stream.labels, stream.units, profile.text())
    raw = np.array([[1.0, 2, 3, 4], [5, 6, np.nan, 8]])
    eyes = recorded_eyes_px(source, raw, SCREEN)
    np.testing.assert_array_equal(eyes[0], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(eyes[1], [[5, 6], [np.nan, np.nan]])


def test_a_profile_is_not_used_for_other_channels() -> None:
    stream = described("x", "y")
    remembered = [profile_of(stream).wire_format()]
    assert recognise(stream, remembered).name == "lab"
    for other in (described("x", "y", "z"), described("y", "x"), described("x", "y", channel_count=3)):
        with pytest.raises(ChannelsUnknown, match="gazetwin pick Lab"):
            recognise(other, remembered)
        with pytest.raises(ChannelsUnknown, match="not the one that the profile is for"):
            recognise(other, remembered, alone=True)


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({"profile": "tobii-pro"}, "known tool"),
        ({"profile": "../x"}, "profile"),
        ({"point": []}, "point"),
        ({"point": [{"eye": "both", "x": "x", "y": "x"}]}, "one channel"),
        ({"point": [{"eye": "both", "x": "x", "y": "q"}]}, "no channel 'q'"),
        ({"point": 2 * [{"eye": "left", "x": "x", "y": "y"}]}, "same eye"),
        ({"point": [{"eye": "both", "x": "x", "y": "y", "quality": "y"}]}, "valid = "),
        ({"valid": [1, 1]}, "no point has a quality channel"),
        (
            {"point": [{"eye": "both", "x": "x", "y": "y", "quality": "y"}], "valid": [6, 1]},
            r"valid = \[6, 1\]: the lowest must not exceed the highest",
        ),
        ({"unit": "furlongs"}, "unit"),
        ({"lost_xy": float("inf")}, "lost_xy"),
        ({"channel": [{"label": "x"}, {"label": "x"}]}, "same label"),
        ({"more": 1}, "more"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(changes: dict[str, object], how: str) -> None:
    with pytest.raises(ValueError, match=how):
        profile_of(described("x", "y"), **changes)


@pytest.mark.parametrize("text", ["", "[[", "format = 1", f'format = "{FORMAT}"', "a = " + "[" * 3000])
def test_a_broken_file_says_what_is_wrong(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileInvalid, match=r"broken\.toml is no profile file") as refused:
        read_profile(path)
    assert FORMAT in refused.value.fix
