"""XDF files written here byte by byte, and by our exporter; compared with pyxdf's reading."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
import pyxdf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.calibration import Calibration, CalibrationPoint
from acquisition.profiles import format_named
from acquisition.wire_formats import FORMATS
from protocols.errors import ForeignFileError, SessionError
from protocols.geometry import Screen
from protocols.markers import Code
from protocols.participant import Participant
from sessions.exporters.xdf import export_xdf
from sessions.importers.catalogue import reader_of
from sessions.importers.contract import Options
from sessions.importers.xdf_chunks import parsed
from sessions.reader import Recording

BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
PLACE = Path("some.xdf")


def length(value: int) -> bytes:
    return struct.pack("<BB", 1, value) if value < 256 else struct.pack("<BI", 4, value)


def chunk(tag: int, content: bytes) -> bytes:
    return length(len(content) + 2) + struct.pack("<H", tag) + content


def header(number: int, name: str, kind: str, channels: Sequence[tuple[str, ...]], **more: object) -> bytes:
    """A stream header; channels as label, eye, type, unit."""
    settings = {"channel_format": "double64", "nominal_srate": 0, "channel_count": len(channels), **more}
    fields = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in settings.items())
    tags = ("label", "eye", "type", "unit", "coordinate_system")
    described = "".join(
        "<channel>"
        + "".join(f"<{t}>{escape(v)}</{t}>" for t, v in zip(tags, channel, strict=False))
        + "</channel>"
        for channel in channels
    )
    about = f"<desc><channels>{described}</channels></desc>"
    xml = f"<info><name>{name}</name><type>{kind}</type>{fields}{about}</info>"
    return chunk(2, struct.pack("<I", number) + f'<?xml version="1.0"?>{xml}'.encode())


def samples(number: int, stamps: Sequence[float | None], values: np.ndarray) -> bytes:
    rows = b"".join(
        (b"\0" if t is None else struct.pack("<Bd", 8, t)) + row.tobytes()
        for t, row in zip(stamps, values, strict=True)
    )
    return chunk(3, struct.pack("<I", number) + length(len(stamps)) + rows)


def texts(number: int, rows: Sequence[tuple[float, str]]) -> bytes:
    cells = b"".join(struct.pack("<Bd", 8, t) + length(len(b := text.encode())) + b for t, text in rows)
    return chunk(3, struct.pack("<I", number) + length(len(rows)) + cells)


def offset(number: int, at_s: float, offset_s: float) -> bytes:
    return chunk(4, struct.pack("<Idd", number, at_s, offset_s))


TOBII = format_named("tobii-pro")
TOBII_CHANNELS = [(c.label, c.eye, c.type, c.unit) for c in TOBII.channels]
SCENE = format_named("pupil-relay")
SCENE_CHANNELS = [(c.label, c.eye, c.type, c.unit, c.system) for c in SCENE.channels]
FILE = b"XDF:" + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")


def gaze_values(count: int = 60) -> np.ndarray:
    values = np.random.default_rng(3).uniform(0, 1, (count, len(TOBII_CHANNELS))).astype(np.float32)
    values[5:9, :3] = np.nan
    values[7] = np.nan
    return values


STAMPS = 5000.0 + np.cumsum(np.random.default_rng(4).uniform(0.015, 0.018, 60))
STAMPS[30:] += 2.0  # a gap that smoothing would smear
MARKER = {"v": 1, "code": "note", "trial": 2, "payload": {"x": 1}}


def whole(**more: object) -> bytes:
    """A Tobii stream with clock offsets, markers of two programs, EEG, a boundary and footers."""
    values = gaze_values()
    return b"".join(
        [
            FILE,
            header(1, "Tobii", "Gaze", TOBII_CHANNELS, channel_format="float32", nominal_srate=600, **more),
            header(2, "Marks", "Markers", [("m",)], channel_format="string"),
            header(3, "EEG", "EEG", [("C3",), ("C4",)], channel_format="int16", nominal_srate=250),
            offset(1, 4999.0, -4000.0),
            samples(1, STAMPS[:20].tolist(), values[:20]),
            chunk(5, BOUNDARY),
            texts(2, [(1002.0, json.dumps(MARKER)), (1001.0, "go! ä")]),
            samples(3, [1000.0, None, None], np.arange(6, dtype=np.int16).reshape(3, 2)),
            samples(1, STAMPS[20:].tolist(), values[20:]),
            offset(1, 5004.0, -4000.5),
            chunk(6, struct.pack("<I", 1) + b"<info><sample_count>60</sample_count></info>"),
        ]
    )


@pytest.fixture
def xdf(tmp_path):
    def write(data: bytes, name: str = "some.xdf") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


class TestGaze:
    def test_a_tobii_stream_becomes_screen_pixels_exactly(self, import_one, xdf):
        recording = import_one("xdf", xdf(whole()))
        values = gaze_values().astype(np.float64)
        assert recording.source.profile == "tobii-pro"
        assert recording.gaze().raw.tobytes() == values.tobytes()
        eyes = np.stack([values[:, 0:2], values[:, 3:5]])
        found = ~np.isnan(eyes).any(axis=2)
        for i, xy_px in enumerate(recording.gaze().xy_px):
            mine = eyes[found[:, i], i]
            expected = mine.sum(axis=0) / len(mine) * (1920.0, 1080.0) if len(mine) else (np.nan, np.nan)
            np.testing.assert_array_equal(xy_px, expected)
        assert recording.gaze().valid.sum() == 59

    def test_offsets_are_applied_and_kept_and_gaps_stay(self, import_one, xdf):
        recording = import_one("xdf", xdf(whole()))
        gaze = recording.gaze()
        assert gaze.t_source_s.tolist() == STAMPS.tolist()
        expected = STAMPS + np.interp(STAMPS, [4999.0, 5004.0], [-4000.0, -4000.5])
        assert gaze.t_s.tolist() == expected.tolist()
        assert recording.offsets().tolist() == [[999.0, -4000.0], [1003.5, -4000.5]]
        assert np.diff(gaze.t_s).max() > 1.7

    def test_values_and_stamps_are_those_of_pyxdf(self, import_one, xdf):
        path = xdf(whole())
        gaze = import_one("xdf", path).gaze()
        streams, _ = pyxdf.load_xdf(path, dejitter_timestamps=False, synchronize_clocks=False)
        theirs = next(s for s in streams if s["info"]["name"] == ["Tobii"])
        assert gaze.raw.astype(np.float32).tobytes() == theirs["time_series"].tobytes()
        assert gaze.t_source_s.tolist() == theirs["time_stamps"].tolist()

    def test_markers_are_decoded_or_kept_as_notes(self, import_one, xdf):
        notes = import_one("xdf", xdf(whole())).markers()
        assert [(m.t_s, m.code, m.trial) for m in notes] == [(1001.0, Code.NOTE, -1), (1002.0, Code.NOTE, 2)]
        assert notes[0].payload == {"stream": "Marks", "text": "go! ä"}
        assert notes[1].payload == {"x": 1}

    def test_other_streams_are_kept_bit_for_bit(self, import_one, xdf):
        eeg = import_one("xdf", xdf(whole())).source_tables()[1]
        assert eeg.name == "EEG (EEG)"
        assert eeg.column("C4").tolist() == [1, 3, 5]
        assert eeg.column("C4").dtype == np.int16
        assert eeg.column("device [s]").tolist() == [1000.0, 1000.004, 1000.008]

    def test_the_account_names_every_stream(self, import_one, xdf):
        ledger = import_one("xdf", xdf(whole())).provenance["ledger"]
        assert [(e["what"], e["read"], e["placed"], e["kept"]) for e in ledger] == [
            ("gaze 'Tobii'", 60, 60, 0),
            ("Markers 'Marks'", 2, 2, 0),
            ("EEG 'EEG'", 3, 0, 3),
            ("texts of other programs", 1, 1, 0),
        ]

    def test_scene_camera_gaze_is_marked(self, import_one, xdf):
        data = (
            FILE + header(7, "pupil_labs_Gaze", "Gaze", SCENE_CHANNELS) + samples(7, [1.0], np.ones((1, 2)))
        )
        recording = import_one("xdf", xdf(data), None)
        assert "head-worn camera" in recording.off_screen
        assert recording.gaze().raw.tolist() == [[1.0, 1.0]]
        with pytest.raises(SessionError, match="head-worn camera"):
            recording.slots()

    def test_unknown_gaze_is_never_guessed(self, import_one, xdf):
        data = FILE + header(7, "Homemade", "gaze", [("a",), ("b",)]) + samples(7, [1.0], np.ones((1, 2)))
        assert "Guessing" in import_one("xdf", xdf(data), None).off_screen

    def test_one_of_several_gaze_streams_must_be_named(self, import_one, xdf):
        second = header(9, "Tobii2", "Gaze", TOBII_CHANNELS, channel_format="float32")
        path = xdf(whole() + second + samples(9, [1.0], gaze_values()[:1]))
        with pytest.raises(ForeignFileError, match=r"2 gaze streams: 'Tobii', 'Tobii2'.*--stream"):
            list(reader_of("xdf")(path, Options(Screen())))
        assert import_one("xdf", path, stream="Tobii2").samples == 1

    def test_a_file_without_gaze_lists_its_streams(self, xdf):
        data = FILE + header(3, "EEG", "EEG", [("C3",)])
        with pytest.raises(ForeignFileError, match="no stream of gaze among 'EEG'"):
            list(reader_of("xdf")(xdf(data), Options(Screen())))

    def test_the_display_must_be_told(self, xdf):
        with pytest.raises(ForeignFileError, match="--display"):
            list(reader_of("xdf")(xdf(whole()), Options()))


class TestDamage:
    def test_a_truncated_file_keeps_every_whole_sample(self, import_one, xdf):
        data = whole()
        start = data.rindex(struct.pack("<Bd", 8, STAMPS[40]))
        recording = import_one("xdf", xdf(data[: start + 12]))
        assert recording.gaze().t_source_s.tolist() == STAMPS[:40].tolist()
        assert "ends in the middle of a chunk" in recording.provenance["ledger"][-1]["note"]

    def test_damage_in_the_middle_is_skipped_to_the_next_boundary(self, import_one, xdf):
        data = whole()
        first = data.index(struct.pack("<Bd", 8, STAMPS[0]))
        broken = data[: first - 12] + b"\xff" * 40 + data[first + 28 :]
        recording = import_one("xdf", xdf(broken))
        assert recording.gaze().t_source_s.tolist() == STAMPS[20:].tolist()
        assert "bytes skipped" in recording.provenance["ledger"][-1]["note"]

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "it is empty"),
            (b"PK\x03\x04", "byte 1: it begins with"),
            (b"XDF:", "holds no stream"),
            (FILE + header(1, "T", "Gaze", [("x",)], channel_format="float16"), "1 channels of 'float16'"),
            (FILE + header(1, "T", "Gaze", [], channel_count=-5), "-5 channels"),
            (FILE + header(1, "T", "Gaze", [], channel_count="many"), "names no channel count"),
            (FILE + chunk(2, struct.pack("<I", 1) + b"<info><name>x</na"), "no sound XML"),
            (
                FILE + chunk(2, struct.pack("<I", 1) + b"<!DOCTYPE i [<!ENTITY a 'b'>]><i>&a;</i>"),
                "no sound XML",
            ),
            (FILE + samples(1, [1.0], np.ones((1, 2))), "which has no header"),
        ],
    )
    def test_what_is_no_xdf_is_refused(self, xdf, data, message):
        with pytest.raises(ForeignFileError, match=message):
            list(reader_of("xdf")(xdf(data), Options(Screen())))

    def test_absurd_claims_cost_nothing(self):
        million = header(1, "T", "Gaze", [], channel_count=10**9)
        wide = header(2, "T", "Gaze", [], channel_count=9_999)
        many = chunk(3, struct.pack("<I", 2) + struct.pack("<BQ", 8, 2**62) + b"\x08" + b"\0" * 80)
        file = parsed(PLACE, FILE + million + wide + many + struct.pack("<BQ", 8, 2**63) + b"\x03\x00")
        assert [
            "1000000000 channels" in file.problems[0],
            "0 of 4611686018427387904" in file.problems[1],
        ] == [True] * 2
        assert "ends in the middle" in file.problems[2]
        assert list(file.streams) == [2]

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(whole()) - 1), st.binary(max_size=12), st.booleans())
    def test_any_cut_or_overwritten_place_is_read_or_refused(self, at, junk, cut):
        data = whole()
        with suppress(ForeignFileError):
            file = parsed(PLACE, data[:at] if cut else data[:at] + junk + data[at + len(junk) :])
            for stream in file.streams.values():
                assert len(stream.session_s()) == sum(map(len, stream.stamps))

    def test_random_bytes_after_the_magic_are_refused(self):
        for seed in range(200):
            with pytest.raises(ForeignFileError):
                parsed(PLACE, b"XDF:" + random.Random(seed).randbytes(300))


def test_our_own_export_brings_back_calibrated_gaze_and_the_pseudonym(import_one, begun, scene, tmp_path):
    someone = Participant(pseudonym="P07")
    writer = begun(tmp_path / "s.h5", replace(scene, participant=someone))
    targets = [(200.0, 200.0), (1700.0, 200.0), (200.0, 900.0), (1700.0, 900.0)]
    points = tuple(CalibrationPoint(xy, (xy[0] - 9.0, xy[1] + 4.0), 0.1, 1.0, 60) for xy in targets)
    terms = ((9.1, -4.2), (1.5, 0.3), (0.0, 2.0), (0.7, 0.0), (0.0, 0.0), (0.0, 0.1))
    method = "residual-quadratic-ridge"
    writer.calibration(Calibration(method, (1920, 1080), terms, points, 0.4, 0.1), True, from_s=9.0)
    writer.gaze(scene.gaze)
    writer.close("complete")
    path = export_xdf(writer.path, tmp_path / "exported").target
    with Recording.open(writer.path) as original:
        back = import_one("xdf", path, original.screen)
        assert back.gaze().xy_px.tobytes() == original.calibrated_xy().tobytes()
        assert back.gaze().xy_px.tobytes() != original.gaze().xy_px.tobytes()
        assert back.participant.pseudonym == "P07"
    notes = {entry["what"]: entry["note"] for entry in back.provenance["ledger"]}
    assert "as calibrated when it was recorded" in notes["gaze 'P07 gaze'"]
    assert "nonsense" not in notes["Gaze 'Test tracker'"]
    named = import_one("xdf", path, scene.screen, participant="P99")
    assert named.participant.pseudonym == "P99"


def test_our_own_export_comes_back_bit_for_bit(import_one, recorded, tmp_path):
    path = export_xdf(recorded, tmp_path / "exported").target
    with Recording.open(recorded) as original:
        back = import_one("xdf", path, original.screen)
        ours, theirs = original.gaze(), back.gaze()
        for name in ("t_s", "xy_px", "valid", "pupil_mm"):
            assert getattr(theirs, name).tobytes() == getattr(ours, name).tobytes()
        assert [(m.t_s, m.code, m.trial, m.payload) for m in original.markers()] == [
            (m.t_s, m.code, m.trial, m.payload) for m in back.markers() if m.payload.get("stream") is None
        ]


@pytest.mark.parametrize("profile", [f.profile for f in FORMATS if f.channels])
def test_every_wire_format_of_the_live_adapters_is_recognised(import_one, xdf, profile):
    known = format_named(profile)
    described = [(c.label, c.eye, c.type, c.unit, c.system) for c in known.metadata]
    count = len(known.channels)
    name = known.names[0].replace("*", "any")
    kind = np.float32 if known.sample_type == "float32" else np.float64
    values = np.random.default_rng(1).uniform(0.2, 0.8, (4, count)).astype(kind)
    head = header(1, name, known.type, described, channel_count=count, channel_format=known.sample_type)
    recording = import_one("xdf", xdf(FILE + head + samples(1, [1.0, 1.1, 1.2, 1.3], values)))
    assert recording.gaze().raw.tobytes() == values.astype(np.float64).tobytes()
    assert bool(recording.off_screen) is bool(known.refused)
    if not known.refused:
        assert recording.source.profile == profile
