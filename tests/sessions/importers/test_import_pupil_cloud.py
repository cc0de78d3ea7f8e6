"""Pupil Cloud exports: scene-camera gaze stays what it is unless a surface puts it onto the screen."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from protocols.errors import SessionError
from sessions.check import check


def same(found, expected):
    """Bit for bit, NaN included."""
    return np.asarray(found, dtype=np.float64).tobytes() == np.asarray(expected, dtype=np.float64).tobytes()


class TestPupilCloud:
    def rows(self, excerpts):
        with (excerpts / "gaze.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def test_scene_camera_gaze_is_exact_and_marked_as_such(self, import_one, excerpts):
        recording, rows = import_one("pupil-cloud", excerpts / "gaze.csv", None), self.rows(excerpts)
        channels = recording.source.channels
        assert channels[:2] == ("gaze x [px]", "gaze y [px]")
        assert same(recording.gaze().raw, [[float(row[c]) for c in channels] for row in rows])
        assert np.isnan(recording.gaze().xy_px).all()
        assert "head-worn camera" in recording.off_screen

    def test_slots_are_refused_with_the_reason(self, import_one, excerpts):
        recording = import_one("pupil-cloud", excerpts, None)
        with pytest.raises(SessionError, match=r"head-worn camera.*--surface"):
            recording.slots()
        report = check(recording.path)
        assert "head-worn camera" in next(i.found for i in report.items if i.name == "on the screen")

    def test_stamps_keep_every_nanosecond(self, import_one, excerpts):
        recording, rows = import_one("pupil-cloud", excerpts, None), self.rows(excerpts)
        table = recording.source_tables()[0]
        assert list(table.column("timestamp [ns]")) == [row["timestamp [ns]"] for row in rows]
        ticks = [int(row["timestamp [ns]"]) for row in rows]
        assert same(recording.gaze().t_s, [(tick - ticks[0]) / 1e9 for tick in ticks])
        assert recording.clock_pairs().tolist() == [[0.0, ticks[0] / 1e9]]

    def test_other_tables_are_kept_verbatim(self, import_one, excerpts):
        fixations = import_one("pupil-cloud", excerpts, None).source_tables()[1]
        with (excerpts / "fixations.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert list(fixations.columns) == header
        assert [list(row) for row in zip(*fixations.data, strict=True)] == rows

    def test_a_surface_puts_gaze_onto_the_screen(self, import_one, excerpts, tmp_path):
        rows = self.rows(excerpts)
        surface = tmp_path / "surface.csv"
        header = "section id,recording id,timestamp [ns],gaze detected on surface"
        lines = [f"{header},gaze position on surface x [normalized],gaze position on surface y [normalized]"]
        for i, row in enumerate(rows[:-2]):
            place = "," if i == 3 else f"{i / 100},{1.5 - i / 100}"
            lines.append(f"s,{row['recording id']},{row['timestamp [ns]']},True,{place}")
        surface.write_text("\n".join([*lines, f"s,{rows[0]['recording id']},1,True,0.5,0.5"]) + "\n")
        recording = import_one("pupil-cloud", excerpts, surface=surface)
        expected = [(i / 100 * 1920.0, (1.5 - i / 100) * 1080.0) for i in range(len(rows))]
        for lost in (3, -1, -2):
            expected[lost] = (np.nan, np.nan)
        assert same(recording.gaze().xy_px, expected)
        assert recording.off_screen == ""
        assert recording.provenance["ledger"][-1]["dropped"] == 1
        recording.slots()

    def test_each_recording_of_an_export_is_a_session(self, import_all, excerpts, tmp_path):
        lines = (excerpts / "gaze.csv").read_text().splitlines()
        other = lines[1].replace(self.rows(excerpts)[0]["recording id"], "another")
        path = tmp_path / "gaze.csv"
        path.write_text("\n".join([*lines, other]) + "\n")
        first, second = import_all("pupil-cloud", path, None, participant="P07")
        assert (first.samples, second.samples) == (len(lines) - 1, 1)
        assert second.source.source_id == "another"
        assert first.participant.pseudonym == second.participant.pseudonym == "P07"
