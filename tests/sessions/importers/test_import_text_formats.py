"""Tobii and EyeLink files: every gaze value exactly as an independent parse finds it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
from contextlib import suppress

import numpy as np
import pytest

from protocols.errors import ForeignFileError, SessionError
from protocols.geometry import Screen
from sessions.check import check
from sessions.derive import derive
from sessions.importers.catalogue import FORMATS, reader_of
from sessions.importers.contract import Entry, Options
from sessions.importers.store import store
from sessions.reader import Recording
from sessions.replay import replayed

EYELINK = {
    "eyelink_monocular.asc": Screen((1280, 1024), (380.0, 300.0), 680.0),
    "eyelink_binocular.asc": Screen(),
}


def same(found, expected):
    """Bit for bit, NaN included."""
    return np.asarray(found, dtype=np.float64).tobytes() == np.asarray(expected, dtype=np.float64).tobytes()


class TestTobii:
    def rows(self, excerpts):
        with (excerpts / "tobii300.tsv").open(newline="") as file:
            return list(csv.DictReader(file, delimiter="\t"))

    def test_every_raw_value_is_that_of_the_file(self, import_one, excerpts):
        recording, rows = import_one("tobii-tsv", excerpts / "tobii300.tsv"), self.rows(excerpts)
        channels = recording.source.channels
        assert set(channels) | {"Time"} == set(rows[0])
        assert same(recording.gaze().raw, [[float(row[c]) for c in channels] for row in rows])
        assert same(recording.gaze().t_source_s, [int(row["Time"]) / 1e6 for row in rows])

    def test_gaze_is_the_mean_of_the_eyes_found(self, import_one, excerpts):
        recording, rows = import_one("tobii-tsv", excerpts / "tobii300.tsv"), self.rows(excerpts)
        expected = []
        for row in rows:
            eyes = [
                (float(row[f"{e}GazePos2dx"]), float(row[f"{e}GazePos2dy"]))
                for e in "LR"
                if int(row[f"{e}Validity"]) < 4
            ]
            total = (sum(x for x, _ in eyes), sum(y for _, y in eyes))
            mean = (total[0] / len(eyes), total[1] / len(eyes)) if eyes else (np.nan, np.nan)
            expected.append((mean[0] * 1920.0, mean[1] * 1080.0))
        assert same(recording.gaze().xy_px, expected)
        assert recording.gaze().valid.tolist() == [not np.isnan(x) for x, _ in expected]
        assert 0 < recording.gaze().valid.sum() < len(rows)

    def test_time_begins_at_the_first_stamp_and_says_so(self, import_one, excerpts):
        recording, rows = import_one("tobii-tsv", excerpts / "tobii300.tsv"), self.rows(excerpts)
        clock = recording.provenance["clock"]
        ticks = [int(row["Time"]) for row in rows]
        assert (clock["per_s"], clock["zero"]) == (1e6, rows[0]["Time"])
        assert same(recording.gaze().t_s, [(tick - ticks[0]) / 1e6 for tick in ticks])

    def test_compressed_marked_and_windows_files_give_the_same(self, import_one, excerpts, tmp_path):
        text = (excerpts / "tobii300.tsv").read_text()
        plain = import_one("tobii-tsv", excerpts / "tobii300.tsv").gaze()
        windows = tmp_path / "w.tsv"
        windows.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        wide = tmp_path / "u.tsv.gz"
        wide.write_bytes(gzip.compress(text.encode("utf-16")))
        for path in (windows, wide):
            other = import_one("tobii-tsv", path).gaze()
            assert same(other.raw, plain.raw)
            assert same(other.xy_px, plain.xy_px)

    def test_a_column_of_text_is_kept_but_no_name_of_a_person(self, import_one, excerpts, tmp_path):
        lines = (excerpts / "tobii300.tsv").read_text().splitlines()
        more = ["Participant name\tEvent", *["Jane Doe\tlook, there"] * (len(lines) - 1)]
        path = tmp_path / "more.tsv"
        path.write_text("\n".join(f"{a}\t{b}" for a, b in zip(lines, more, strict=True)) + "\n")
        recording = import_one("tobii-tsv", path)
        (table,) = recording.source_tables()
        assert table.columns == ("Event",)
        assert set(table.data[0]) == {"look, there"}
        assert b"Jane" not in recording.path.read_bytes()
        assert "Participant name" in recording.provenance["ledger"][1]["note"]

    def test_the_display_must_be_told(self, excerpts):
        with pytest.raises(ForeignFileError, match="--display"):
            next(reader_of("tobii-tsv")(excerpts / "tobii300.tsv", Options()))


class TestEyelink:
    def independent(self, path):
        """Yield stamp and numbers of every sample line."""
        for line in path.read_text("latin-1").split("\n"):
            words = line.split()
            if line[:1].isdigit():
                yield [float(w) if w != "." else np.nan for w in words if w == "." or w[0] not in ".CR"]

    def test_every_sample_of_two_eyes_is_that_of_the_file(self, import_one, excerpts):
        recording = import_one("eyelink-asc", excerpts / "eyelink_binocular.asc")
        rows = list(self.independent(excerpts / "eyelink_binocular.asc"))
        gaze = recording.gaze()
        assert same(gaze.raw, [row[1:7] for row in rows])
        assert same(gaze.t_source_s, [row[0] / 1000.0 for row in rows])
        assert 0 < np.isnan(gaze.raw[:, 0]).sum() < len(rows)
        assert (~gaze.valid).sum() == sum(np.isnan(row[1]) and np.isnan(row[4]) for row in rows)

    def test_the_only_eye_is_where_it_belongs(self, import_one, excerpts):
        path = excerpts / "eyelink_monocular.asc"
        recording = import_one("eyelink-asc", path, EYELINK[path.name])
        rows = list(self.independent(path))
        assert same(recording.gaze().raw[:, :3], [row[1:4] for row in rows])
        assert np.isnan(recording.gaze().raw[:, 3:]).all()
        assert same(recording.gaze().xy_px, [row[1:3] for row in rows])
        assert recording.source.nominal_hz == 1000.0

    @pytest.mark.parametrize("name", EYELINK)
    def test_messages_are_markers_and_every_other_line_is_kept(self, import_one, excerpts, name):
        recording = import_one("eyelink-asc", excerpts / name, EYELINK[name])
        lines = (excerpts / name).read_text("latin-1").split("\n")
        texts = [m.payload["eyelink"] for m in recording.markers()]
        messages = [line for line in lines if line.startswith("MSG")]
        assert len([t for t in texts if not t.startswith(("START", "END"))]) == len(messages)
        assert any("GAZE_COORDS" in text for text in texts)
        kept = [line for t in recording.source_tables()[:2] for line in t.column("text")]
        expected = [
            ln for ln in lines if ln.strip() and not ln.startswith(("MSG", "START")) and not ln[0].isdigit()
        ]
        assert sorted(kept) == sorted(expected)

    def test_several_blocks_with_other_eyes_and_no_end(self, import_one, tmp_path):
        path = tmp_path / "blocks.asc"
        path.write_text(
            "MSG 90 DISPLAY_COORDS 0 0 1919 1079\n"
            "START 100 LEFT RIGHT SAMPLES\nSAMPLES GAZE LEFT RIGHT RATE 500.00\n"
            "100 1.5 2.5 300 . . 0 .....\nEND 102 SAMPLES RES 40 40\n"
            "START 200 RIGHT SAMPLES\nSAMPLES GAZE RIGHT RATE 250\n200 7 8 301 ...\n204 . . 0 ...\n"
        )
        recording = import_one("eyelink-asc", path)
        nan = np.nan
        assert same(
            recording.gaze().raw,
            [[1.5, 2.5, 300, nan, nan, 0], [nan, nan, nan, 7, 8, 301], [nan, nan, nan, nan, nan, 0]],
        )
        assert same(recording.gaze().t_s, [0.01, 0.11, 0.114])
        assert recording.provenance["ledger"][0]["read"] == 2
        assert "without END" in recording.provenance["ledger"][0]["note"]

    def test_head_reference_coordinates_are_no_gaze_on_the_screen(self, import_one, tmp_path):
        path = tmp_path / "href.asc"
        path.write_text("START 1 LEFT SAMPLES\nSAMPLES HREF LEFT RATE 500\n1 -3000.0 120.0 300 ...\n")
        recording = import_one("eyelink-asc", path)
        assert same(recording.gaze().raw[:, :2], [[-3000.0, 120.0]])
        assert np.isnan(recording.gaze().eyes_px).all()
        with pytest.raises(SessionError, match="HREF"):
            recording.slots()

    def test_another_display_than_the_file_says_is_refused(self, excerpts):
        with pytest.raises(ForeignFileError, match=r"line \d+: .*1280x1024"):
            next(reader_of("eyelink-asc")(excerpts / "eyelink_monocular.asc", Options(Screen())))


SINGLE = [
    ("tobii-tsv", "tobii300.tsv", Screen()),
    *(("eyelink-asc", name, screen) for name, screen in EYELINK.items()),
]


@pytest.mark.parametrize(("name", "file", "screen"), SINGLE)
class TestEverySession:
    def test_it_can_be_checked_derived_and_replayed(self, import_one, excerpts, name, file, screen):
        recording = import_one(name, excerpts / file, screen)
        recording.close()
        path = recording.path
        check(path)
        slots = derive(path)
        assert replayed(path).slots().digest == slots.digest
        assert len(replayed(path).slots().fixations) == len(slots.fixations)

    def test_it_says_where_it_came_from(self, import_one, excerpts, name, file, screen):
        provenance = import_one(name, excerpts / file, screen).provenance
        assert (provenance["importer"], provenance["software"]) == (name, "gazetwin test")
        digest = hashlib.sha256((excerpts / file).read_bytes()).hexdigest()
        assert provenance["files"][0]["name"] == file
        assert provenance["files"][0]["sha256"] == digest
        json.dumps(provenance)

    def test_cut_at_any_place_it_is_whole_or_refused(self, excerpts, name, file, screen, tmp_path):
        data = (excerpts / file).read_bytes()
        for cut in np.linspace(1, len(data) - 1, 23).astype(int).tolist():
            path = tmp_path / file
            path.write_bytes(data[:cut])
            with suppress(ForeignFileError):
                for imported in reader_of(name)(path, Options(screen)):
                    assert len(imported.gaze) > 0


def changed(line: int, column: int, cell: str):
    """Put another text into one cell."""

    def change(text: str) -> str:
        lines = text.split("\n")
        cells = lines[line - 1].split("\t")
        lines[line - 1] = "\t".join([*cells[:column], cell, *cells[column + 1 :]])
        return "\n".join(lines)

    return change


DAMAGES = {
    "no number": (changed(7, 7, "0,4735"), "line 7, column 'LGazePos2dx': '0,4735' is not a number"),
    "no integer": (changed(3, 0, "2.5"), "line 3, column 'Time': '2.5' is not an integer"),
    "underscore": (changed(3, 0, "2_5"), "line 3, column 'Time'"),
    "time backwards": (changed(9, 0, "1"), "line 9, column 'Time': 1 µs follows"),
    "absurd size": (changed(4, 0, "9" * 5000), "line 4, column 'Time'"),
    "too many digits": (changed(4, 0, "9" * 320), "line 4, column 'Time': .* is not an integer"),
    "short row": (lambda t: t[: t.rstrip("\n").rfind("\t", 0, -40)], "it ends before column"),
    "long row": (lambda t: t.rstrip("\n") + "\t1\n", "line 26: 29 cells under 28 headers"),
    "comma": (lambda t: t.replace("\t", ","), "line 1: no column .* its cells are separated by comma"),
    "missing column": (lambda t: t.replace("LValidity", "Left"), "line 1: no column 'LValidity'"),
    "repeated column": (lambda t: t.replace("RelTimestamp", "Time"), "column 'Time' is there twice"),
    "NUL": (lambda t: t[:400] + "\0" + t[401:], "line 2, byte 75 of it: a NUL"),
    "binary": (
        lambda t: t[:400].encode() + b"\xff\xfe\xff" + t[400:].encode(),
        "line 2, byte 75 of it: no utf-8",
    ),
    "empty": (lambda _: "", "it is empty"),
    "blank": (lambda _: "\n \n", "it is empty"),
    "header only": (lambda t: t.split("\n")[0] + "\n", "a header and no rows"),
    "open quote": (lambda t: t.replace("2619", '"2619', 1), "no table|cells under|is not an integer"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_refused_with_line_and_column_and_leaves_no_session(import_all, excerpts, tmp_path, damage):
    change, message = DAMAGES[damage]
    changed_text = change((excerpts / "tobii300.tsv").read_text())
    path = tmp_path / "damaged.tsv"
    path.write_bytes(changed_text if isinstance(changed_text, bytes) else changed_text.encode())
    with pytest.raises(ForeignFileError, match=message) as caught:
        import_all("tobii-tsv", path)
    assert all((caught.value.what, caught.value.why, caught.value.fix))
    assert not (tmp_path / "sessions").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1408664 964.9 x 288 1 2 3", "line 3, column 3 .LEFT y.: 'x' is not a number"),
        ("1408664 964.9 543", "line 3: it ends before LEFT pupil .column 4."),
        ("1408664 inf 543 288", "line 3, column 2"),
        ("MSG", "line 3: it ends before time"),
        ("END 5\n1 2 3 4", "line 4: a sample outside of START and END"),
        ("END 5\nEND 6", "line 4: END without START"),
    ],
)
def test_damaged_eyelink_lines_are_named(tmp_path, line, message):
    path = tmp_path / "damaged.asc"
    path.write_text(f"START 1 LEFT\n1 2 3 4\n{line}\n")
    with pytest.raises(ForeignFileError, match=message):
        list(reader_of("eyelink-asc")(path, Options(Screen())))


@pytest.mark.parametrize("name", FORMATS)
def test_missing_and_foreign_files_are_refused_by_every_format(tmp_path, name):
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(bytes(range(256)) * 20)
    for path in (tmp_path / "nowhere", nonsense, tmp_path):
        with pytest.raises(ForeignFileError):
            list(reader_of(name)(path, Options(Screen())))


def test_a_truncated_gzip_is_refused(tmp_path, excerpts):
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress((excerpts / "tobii300.tsv").read_bytes())[:-200])
    with pytest.raises(ForeignFileError, match=r"t\.tsv\.gz: it cannot be read"):
        list(reader_of("tobii-tsv")(path, Options(Screen())))


def test_an_unknown_format_lists_the_known_ones():
    with pytest.raises(ForeignFileError, match=r"'edf'.*eyelink-asc.*xdf"):
        reader_of("edf")


def test_a_session_is_never_overwritten(excerpts, tmp_path):
    (imported,) = reader_of("tobii-tsv")(excerpts / "tobii300.tsv", Options(Screen()))
    path = store(imported, tmp_path, "gazetwin test")
    before = path.read_bytes()
    with pytest.raises(SessionError, match="exists already"):
        store(imported, tmp_path, "gazetwin test")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_while_writing_leaves_nothing(excerpts, tmp_path, monkeypatch):
    (imported,) = reader_of("tobii-tsv")(excerpts / "tobii300.tsv", Options(Screen()))
    shutil.rmtree(tmp_path / "out", ignore_errors=True)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sessions.writer.SessionWriter.gaze", full)
    with pytest.raises(OSError, match="No space left"):
        store(imported, tmp_path / "out", "gazetwin test")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_account_must_add_up():
    with pytest.raises(AssertionError, match="add up"):
        Entry("rows", 5, placed=3, dropped=1)


def test_recorded_sessions_have_no_provenance(recorded):
    with Recording.open(recorded) as recording:
        assert recording.provenance == {}
        assert recording.source_tables() == ()
        assert recording.given_fixations() is None


@pytest.mark.parametrize(
    ("name", "file", "columns"),
    [
        ("tobii-tsv", "tobii300.tsv", (("LGazePos2dx", "LGazePos2dy"), ("RGazePos2dx", "RGazePos2dy"))),
        ("eyelink-asc", "eyelink_binocular.asc", (("left_x", "left_y"), ("right_x", "right_y"))),
    ],
)
def test_the_eyes_stay_apart(import_one, excerpts, name, file, columns):
    recording = import_one(name, excerpts / file)
    gaze, channels = recording.gaze(), recording.source.channels
    size = (1920.0, 1080.0) if name == "tobii-tsv" else (1.0, 1.0)
    for eye, pair in enumerate(columns):
        values = gaze.raw[:, [channels.index(c) for c in pair]]
        values = np.where((values == -1.0) | np.isnan(values), np.nan, values) * size
        assert same(gaze.eyes_px[:, eye], values)
    assert np.isfinite(gaze.eyes_px).any(axis=(0, 2)).all()
