from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.binocular import BinocularGaze
from acquisition.imitation import imitate, tracked_eyes
from acquisition.profiles import Profile, format_named, recognise
from acquisition.stream_table import as_text, understood
from acquisition.streams import Channel, StreamDescription
from acquisition.wire_format import WireFormat
from acquisition.wire_formats import FORMATS
from protocols.errors import ChannelsUnknown
from protocols.geometry import Screen

SCREEN = Screen(size_px=(1000, 500))
USABLE = [wire for wire in FORMATS if not wire.refused]
REFUSED = [wire for wire in FORMATS if wire.refused]


def _described(wire: WireFormat, **changes) -> StreamDescription:
    stream = StreamDescription(
        name=wire.names[0].replace("*", "device"),
        type=wire.type,
        source_id="id",
        uid="uid",
        host="lab",
        nominal_hz=wire.nominal_hz,
        channel_count=len(wire.channels) or 2,
        channels=wire.metadata,
    )
    return replace(stream, **changes)


def _decode(profile: str, rows):
    wire = format_named(profile)
    return recognise(_described(wire)).decode(np.asarray(rows, dtype=np.float64), SCREEN)


def _row(profile: str, **values: float) -> list[float]:
    return [values.get(channel.label, 0.0) for channel in format_named(profile).channels]


@pytest.mark.parametrize("wire", USABLE, ids=lambda wire: wire.profile)
def test_every_known_tool_is_recognised(wire):
    profile = recognise(_described(wire))
    assert profile.name == wire.profile
    assert len(profile.channels) == len(profile.units) == len(wire.channels)
    assert len(set(profile.channels)) == len(profile.channels)
    assert wire.used <= set(profile.channels)


@pytest.mark.parametrize("wire", REFUSED, ids=lambda wire: wire.profile)
def test_what_is_no_gaze_on_a_screen_is_refused_with_the_reason(wire):
    with pytest.raises(ChannelsUnknown, match="camera") as caught:
        recognise(_described(wire))
    assert wire.tool in caught.value.what
    assert caught.value.fix


@st.composite
def _gaze(draw) -> BinocularGaze:
    n = draw(st.integers(0, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    xy = rng.uniform(-0.2, 1.2, (n, 2, 2))
    xy[rng.random((n, 2)) < 0.3] = np.nan
    pupil = rng.uniform(1.5, 8.0, (n, 2))
    pupil[rng.random((n, 2)) < 0.3] = np.nan
    return BinocularGaze(np.arange(n) / 60.0, xy, pupil)


@pytest.mark.parametrize("wire", USABLE, ids=lambda wire: wire.profile)
@given(gaze=_gaze())
@settings(max_examples=15, deadline=None)
def test_reading_inverts_imitation(wire, gaze):
    values, t_s = imitate(gaze, wire, SCREEN)
    assert values.shape == (len(t_s), len(wire.channels))
    xy, valid, pupil = recognise(_described(wire)).decode(values, SCREEN)

    found = ~np.isnan(gaze.xy[..., 0])
    kept = found.any(axis=1) if wire.skips_lost else np.ones(len(gaze), bool)
    np.testing.assert_array_equal(valid, found.any(axis=1)[kept])
    for i, sample in enumerate(np.flatnonzero(kept)):
        if found[sample].any():
            expected = gaze.xy[sample][found[sample]].mean(axis=0) * SCREEN.size_px
            np.testing.assert_allclose(xy[i], expected, atol=1e-6)
        else:
            assert np.isnan(xy[i]).all()
    if wire.pupil_mm_per_unit:
        np.testing.assert_allclose(pupil, gaze.pupil_mm[kept])
    else:
        assert np.isnan(pupil).all()


def test_tobii_pro_averages_the_valid_eyes_and_keeps_gaze_off_screen():
    nan = float("nan")
    xy, valid, pupil = _decode(
        "tobii-pro",
        [
            [0.2, 0.4, 3.0, 0.4, 0.8, 4.0],
            [nan, nan, nan, 0.5, 0.5, 4.0],
            [nan] * 6,
            [1.2, -0.1, 3, 1.2, -0.1, 3],
        ],
    )
    np.testing.assert_allclose(xy[[0, 1, 3]], [[300.0, 300.0], [500.0, 250.0], [1200.0, -50.0]])
    assert valid.tolist() == [True, True, False, True]
    assert np.isnan(xy[2]).all()
    assert pupil[0].tolist() == [3.0, 4.0]
    assert np.isnan(pupil[1, 0])


def test_one_coordinate_alone_is_no_gaze():
    nan = float("nan")
    xy, valid, _ = _decode("tobii-pro", [[0.5, nan, 3.0, nan, 0.5, 3.0]])
    assert not valid[0]
    assert np.isnan(xy).all()


def test_titta_obeys_the_validity_flag_and_the_undescribed_channel():
    place = "position_on_display_area.gaze_point"
    values = {f"{axis}.{place}.{eye}_eye": 0.5 for axis in "xy" for eye in ("left", "right")}
    values |= {f"x.{place}.left_eye": 0.1, "valid.gaze_point.right_eye": 1.0}
    xy, valid, _ = _decode("titta", [_row("titta", **values)])
    assert (xy[0].tolist(), valid[0]) == ([500.0, 250.0], True)
    assert recognise(_described(format_named("titta"))).channels[36] == "channel 36"


def test_titta_with_further_channels_is_read_by_label():
    wire = format_named("titta")
    more = (Channel("new.column.left_eye", "left", "New", ""), *wire.metadata)
    profile = recognise(_described(wire, channels=more, channel_count=38))
    assert profile.name == "titta"
    raw = np.zeros((1, 38))
    for point in wire.points:
        for label, value in ((point.x, 0.25), (point.y, 0.5), (point.quality, 1.0)):
            raw[0, profile.channels.index(label)] = value
    assert profile.decode(raw, SCREEN)[0].tolist() == [[250.0, 250.0]]


def test_eyelink_knows_untracked_eyes_and_blinks():
    rows = [
        _row("eyelink", leftEyeX=100.0, leftEyeY=200.0),
        _row("eyelink", leftEyeX=-32768.0, leftEyeY=-32768.0),
        _row("eyelink", leftEyeX=100.0, leftEyeY=-32768.0, rightEyeX=10.0, rightEyeY=0.0),
    ]
    xy, valid, pupil = _decode("eyelink", rows)
    assert valid.tolist() == [True, False, True]
    assert xy[[0, 2]].tolist() == [[100.0, 200.0], [10.0, 0.0]]
    assert np.isnan(pupil).all()


def test_eyelink_writes_zero_for_an_eye_that_is_never_found_and_a_code_in_blinks():
    xy = np.full((3, 2, 2), np.nan)
    xy[:2, 1] = 0.5
    gaze = BinocularGaze(np.arange(3.0), xy, np.full((3, 2), np.nan))
    values, _ = imitate(gaze, format_named("eyelink"), SCREEN, tracked_eyes(gaze))
    assert values[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert values[:, 2].tolist() == [500.0, 500.0, -32768.0]


def test_gazepoint_percent_is_a_fraction_and_its_flag_counts():
    rows = [_row("gazepoint", FPOGX=0.5, FPOGY=0.5, FPOGV=1.0), _row("gazepoint", FPOGX=0.5, FPOGY=0.5)]
    xy, valid, _ = _decode("gazepoint", rows)
    assert valid.tolist() == [True, False]
    assert xy[0].tolist() == [500.0, 250.0]


def test_the_validity_code_of_old_tobii_trackers_is_best_at_zero():
    rows = [
        _row(
            "tobii-legacy",
            Screen_X_left=0.5,
            Screen_Y_left=0.5,
            Screen_X_right=0.9,
            Screen_Y_right=0.9,
            Confidence_left=left,
            Confidence_right=right,
        )
        for left, right in ((0.0, 4.0), (2.0, 3.0), (1.0, 0.0))
    ]
    xy, valid, _ = _decode("tobii-legacy", rows)
    assert valid.tolist() == [True, False, True]
    np.testing.assert_allclose(xy[[0, 2]], [[500.0, 250.0], [700.0, 350.0]])


def test_both_tobii_programs_share_a_name_and_are_told_apart():
    assert format_named("tobii-pro").names == format_named("tobii-legacy").names
    assert recognise(_described(format_named("tobii-legacy"))).name == "tobii-legacy"


def test_eyelogic_diameters_are_radii():
    row = _row(
        "eyelogic", Screen_X_raw=10.0, Screen_Y_raw=20.0, Diameter_left=1.5, Diameter_right=float("nan")
    )
    xy, _, pupil = _decode("eyelogic", [row])
    assert xy.tolist() == [[10.0, 20.0]]
    assert pupil[0, 0] == 3.0
    assert np.isnan(pupil[0, 1])


def test_pupils_in_pixels_are_not_taken_for_millimetres():
    wire = format_named("smi-red")
    channels = tuple(replace(c, unit="pixels") if c.type == "Diameter" else c for c in wire.channels)
    profile = recognise(_described(wire, channels=channels))
    row = _row("smi-red", Screen_X_left=10.0, Screen_Y_left=20.0, Diameter_left=40.0)
    assert np.isnan(profile.decode(np.asarray([row]), SCREEN)[2]).all()
    assert "pupil, left" not in profile.roles()


def test_a_known_tool_under_another_name_is_recognised_by_identical_metadata():
    assert recognise(_described(format_named("tobii-pro"), name="Lab 3")).name == "tobii-pro"


def test_a_known_name_with_other_channels_is_not_trusted():
    channels = (
        Channel("left_x", "left", "ScreenX", "furlongs"),
        Channel("left_y", "left", "ScreenY", "furlongs"),
    )
    with pytest.raises(ChannelsUnknown, match="furlongs"):
        recognise(_described(format_named("tobii-pro"), channels=channels, channel_count=2))


def _own_tracker(unit: str, system: str = "", eyes=("both",)) -> StreamDescription:
    channels = tuple(
        Channel(f"{eye} {axis}", eye, f"Screen{axis.upper()}", unit, system) for eye in eyes for axis in "xy"
    )
    return _described(
        format_named("tobii-pro"),
        name="Own",
        channels=(*channels, Channel("d", "left", "Diameter", "mm")),
        channel_count=len(channels) + 1,
    )


@pytest.mark.parametrize(
    ("unit", "value", "px"), [("normalized", 0.5, [500, 250]), ("pixels", 40.0, [40, 40])]
)
def test_a_stream_that_describes_itself_is_read_by_its_words(unit, value, px):
    profile = recognise(_own_tracker(unit))
    assert profile.name == "xdf-gaze"
    xy, valid, pupil = profile.decode(np.array([[value, value, 3.5]]), SCREEN)
    assert xy.tolist() == [px]
    assert valid.all()
    assert pupil[0, 0] == 3.5
    assert profile.roles() == ("gaze x, both", "gaze y, both", "pupil, left")


def test_single_eyes_are_preferred_over_their_mean():
    profile = recognise(_own_tracker("normalized", eyes=("left", "right", "both")))
    assert [point.eye for point in profile.format.points] == ["left", "right"]


@pytest.mark.parametrize(
    "stream",
    [
        _own_tracker("percent"),
        _own_tracker("normalized", "world"),
        _own_tracker("pixels", "camera-space"),
        _described(format_named("tobii-stream-engine"), name="Own"),
        _described(format_named("eyelink"), name="Own", channels=(Channel("x"), Channel("x"))),
    ],
    ids=["unit", "world", "camera", "nothing described", "labels twice"],
)
def test_a_stream_that_leaves_doubt_is_refused_with_what_was_seen(stream):
    with pytest.raises(ChannelsUnknown) as caught:
        recognise(stream)
    assert stream.name in caught.value.what
    assert "TittaLSL" in caught.value.fix
    assert "normalized or pixels). Known tools" in caught.value.fix


def test_an_unknown_profile_name_lists_the_known_ones():
    with pytest.raises(ChannelsUnknown, match=r"gazepoint.*titta.*tobii-pro"):
        format_named("crystal ball")


def test_how_streams_are_understood_is_told_per_channel():
    good = understood(_described(format_named("gazepoint")))
    assert [channel.role for channel in good.channels[:2]] == ["gaze x, both", "gaze y, both"]
    assert "fixation" in good.note
    bad = understood(_described(format_named("pupil-core")))
    assert bad.profile == ""
    assert "camera" in bad.note
    text = as_text([good, bad])
    assert "not usable" in text
    assert "FPOGX" in text
    assert as_text([]) == "no gaze stream answers"


def test_decoding_nothing_gives_nothing():
    wire = format_named("gazetwin")
    profile = Profile(wire, tuple(c.label for c in wire.channels), tuple(c.unit for c in wire.channels))
    xy, valid, pupil = profile.decode(np.empty((0, 8)), SCREEN)
    assert (xy.shape, valid.shape, pupil.shape) == ((0, 2), (0,), (0, 2))
