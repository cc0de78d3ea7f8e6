"""``gazetwin slots``, ``replay`` and ``recover`` on a real recording."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from acquisition.lsl import LslSource
from acquisition.profiles import format_named
from acquisition.samples import CursorChunk, GazeChunk
from acquisition.source import SourceInfo
from protocols.errors import ExportError
from protocols.geometry import Screen
from protocols.markers import Code, Marker
from protocols.participant import Participant
from protocols.raster import render
from protocols.stimulus import Page, Viewport
from protocols.study import load_study
from sessions.derive import derive
from sessions.quality_store import stored_quality
from sessions.reader import Recording
from sessions.replay import replayed
from sessions.writer import SessionWriter
from studio.cli import app
from studio.replay import Replayed, replay
from studio.slot_table import write_slots

GAZETWIN = Path(sys.executable).with_name("gazetwin")
RATE_HZ = 120.0
SPOTS = (0, 3, 7, 3)
REST_S = 0.5


def looked(page: Page) -> GazeChunk:
    """Gaze that rests half a second on each of four posters."""
    centres = np.asarray([page.layout.slots[slot].box.centre for slot in SPOTS])
    t_s = 10.0 + np.arange(int(REST_S * RATE_HZ * len(SPOTS))) / RATE_HZ
    xy_px = np.repeat(centres, int(REST_S * RATE_HZ), axis=0)
    eye = np.column_stack([xy_px / np.asarray([1920.0, 1080.0]), np.full(len(t_s), 3.0), np.ones(len(t_s))])
    pupil_mm = np.full((len(t_s), 2), 3.0)
    return GazeChunk(t_s, t_s, xy_px, np.ones(len(t_s), bool), pupil_mm, np.hstack([eye, eye]))


def write(path: Path, seal: bool = True) -> SessionWriter:
    study = load_study("demo")
    trial = study.trials(0, 1)[0]
    viewport = Viewport.top_of(trial.screen)
    page = render(trial.screen, viewport)
    wire = format_named("gazetwin")
    channels, units = tuple(c.label for c in wire.channels), tuple(c.unit for c in wire.channels)
    writer = SessionWriter.create(
        path,
        study=study,
        participant=Participant(pseudonym="P01", top_genre="Drama", preferred_genres=(), ratings={}),
        screen=Screen(),
        source=SourceInfo("viewer", "lsl", "gazetwin", "id", RATE_HZ, channels, units),
        clock_pair=(9.0, 1.7e9),
        software="gazetwin test",
    )
    writer.trial(trial)
    writer.page(page)
    writer.marker(Marker(10.0, Code.TRIAL_START, trial.index))
    writer.viewport(10.0, trial.screen.id, viewport, page.digest)
    writer.gaze(looked(page))
    writer.cursor(CursorChunk(np.asarray([10.0]), np.asarray([[100.0, 200.0]]), np.zeros(1)))
    writer.marker(Marker(12.0, Code.CLICK, trial.index, {"slot": 3}))
    writer.marker(Marker(12.0, Code.TRIAL_END, trial.index))
    writer.flush()
    if seal:
        writer.close("complete")
    return writer


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sealed") / "session.h5"
    write(path)
    return path


@pytest.fixture
def session(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sealed, tmp_path / "session.h5"))


def gazetwin(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "160"})


def program(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(argument) for argument in (GAZETWIN, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class TestSlots:
    def test_dwell_is_what_was_looked_at(self, session):
        told = json.loads(gazetwin("slots", session, "--json").stdout)
        (view,) = told["views"]
        ms = np.asarray(view["fixation_ms"])
        assert set(np.flatnonzero(ms)) == set(SPOTS)
        assert ms[3] == pytest.approx(
            2 * 1000 * REST_S, abs=80
        )  # the detector gives up some samples beside each saccade
        assert view["click"] == 3
        assert told["fixations"] == len(SPOTS)

    def test_results_stay_in_the_session(self, session):
        digest = json.loads(gazetwin("slots", session, "--json").stdout)["digest"]
        with Recording.open(session) as recording:
            assert recording.has_slots()
            assert recording.slots().digest == digest

    def test_other_parameters_have_another_digest(self, session):
        strict = json.loads(gazetwin("slots", session, "--json").stdout)["digest"]
        generous = json.loads(gazetwin("slots", session, "--within-px", "60", "--json").stdout)
        assert generous["digest"] != strict
        assert generous["parameters"]["within_px"] == 60

    def test_table_names_the_film(self, session):
        told = gazetwin("slots", session)
        with Recording.open(session) as recording:
            film = recording.views()[0].layout.slots[3].film
        assert told.exit_code == 0
        assert film in told.stdout

    def test_csv_has_a_row_per_poster_and_conserves_time(self, session, tmp_path):
        path = tmp_path / "slots.csv"
        told = json.loads(gazetwin("slots", session, "--csv", path, "--json").stdout)
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(told["views"][0]["films"])
        assert [float(row["fixation_ms"]) for row in rows] == told["views"][0]["fixation_ms"]
        assert sum(float(row["fixation_share"]) for row in rows) == pytest.approx(1.0)
        assert [row["slot"] for row in rows if row["clicked"] == "1"] == ["3"]
        assert {row["participant"] for row in rows} == {"P01"}
        again = gazetwin("slots", session, "--csv", path)
        assert isinstance(again.exception, ExportError)
        assert path.read_text(encoding="utf-8").startswith("participant,view,trial,screen,onset_s,offset_s,")

    def test_csv_is_harmless_to_spreadsheets(self, session, tmp_path):
        with Recording.open(session) as recording:
            view = recording.views()[0]
        slots = tuple(replace(slot, film="=1+1") for slot in view.layout.slots)
        odd = replace(view, layout=replace(view.layout, slots=slots))
        write_slots(tmp_path / "odd.csv", [odd], "P01")
        with (tmp_path / "odd.csv").open(newline="", encoding="utf-8") as file:
            assert {row["film"] for row in csv.DictReader(file)} == {"'=1+1"}

    def test_without_pages_no_table_is_shown(self, tmp_path):
        writer = SessionWriter.create(
            tmp_path / "s.h5",
            study=load_study("free-gaze"),
            participant=Participant(pseudonym="P01"),
            screen=Screen(),
            source=SourceInfo("mouse", "mouse", "", "", 0.0, (), ()),
            clock_pair=(9.0, 1.7e9),
            software="gazetwin test",
        )
        writer.close("complete")
        told = gazetwin("slots", writer.path)
        assert "no page was shown" in told.stdout
        assert "most looked at" not in told.stdout

    def test_a_changed_page_is_told_and_nothing_is_stored(self, session):
        damage_page(session)
        before = session.read_bytes()
        told = gazetwin("slots", session)
        assert told.exit_code == 1
        assert "1 page in " in told.stderr
        assert "changed since the recording" in told.stderr
        assert session.read_bytes() == before
        assert json.loads(gazetwin("slots", session, "--json").stdout)["stored"] is False

    def test_a_page_changed_after_slots_were_stored_is_told(self, session):
        gazetwin("slots", session)
        damage_page(session)
        assert gazetwin("slots", session).exit_code == 1


class TestReplay:
    def test_is_identical_to_a_derivation_made_now(self, session):
        told = gazetwin("replay", session, "--json")
        answer = json.loads(told.stdout)
        assert answer["identical"] is True
        assert (answer["result"]["against"], answer["result"]["fixations"]) == ("derived", len(SPOTS))
        assert told.exit_code == 0

    def test_is_identical_to_what_is_stored(self, session):
        derive(session)
        told = gazetwin("replay", session)
        assert "identical to those stored in the session" in told.stdout
        assert told.exit_code == 0

    def test_is_identical_to_what_was_found_while_recording(self, tmp_path):
        write(tmp_path / "draft.h5")
        path = tmp_path / "session.h5"
        writer = write(path, seal=False)
        writer.live_slots(replayed(tmp_path / "draft.h5").slots())
        writer.close("complete")
        told = gazetwin("replay", path)
        assert "identical to those found while recording" in told.stdout
        assert told.exit_code == 0

    def test_tells_what_differs(self, session):
        derive(session)
        spoil_stored_slots(session)
        told = gazetwin("replay", session)
        assert told.exit_code == 1
        assert "1 difference from" in told.stdout
        assert "view 0: slot 3 has" in told.stdout

    def test_tells_that_pages_were_changed(self, session):
        damage_page(session)
        told = gazetwin("replay", session, "--json")
        assert told.exit_code == 1
        assert len(json.loads(told.stdout)["result"]["changed_pages"]) == 1
        assert "1 page changed since the recording" in told.stderr

    def test_real_time_takes_its_time(self, session):
        start_s = time.monotonic()
        *_, result = replay(session, speed=10.0)
        assert isinstance(result, Replayed)
        assert result.identical
        assert 0.2 <= time.monotonic() - start_s < 2.0

    @pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan"])
    def test_impossible_speed_is_refused(self, session, speed):
        told = gazetwin("replay", session, "--speed", speed)
        assert told.exit_code == 2
        assert "neither a positive number nor 'max'" in told.stderr

    def test_lsl_needs_a_real_speed(self, session):
        assert gazetwin("replay", session, "--lsl").exit_code == 2

    def test_over_lsl_every_sample_arrives_bit_for_bit(self, session, replaying):
        source = LslSource(Screen(), name="GazeTwin_Viewer", timeout_s=10.0)
        source.open()
        with Recording.open(session) as recording:
            sent = recording.gaze()
        chunks: list[GazeChunk] = []
        while sum(map(len, chunks)) < len(sent) and len(chunks) < 300:
            chunks.append(source.read(0.05))
        source.close()
        got = GazeChunk.joined(chunks)
        np.testing.assert_array_equal(got.raw, sent.raw)
        steps_s = np.diff(got.t_source_s)
        np.testing.assert_allclose(steps_s, 1 / RATE_HZ / 4.0, atol=1e-6)
        said, _ = replaying.communicate(timeout=10)
        assert json.loads(said)["identical"] is True

    @pytest.fixture
    def replaying(self, session: Path) -> Iterator[subprocess.Popen[str]]:
        command = [GAZETWIN, "replay", session, "--lsl", "--speed", "4", "--json"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        yield child
        child.kill()
        child.communicate()


def damage_page(session: Path) -> None:
    """Change one byte of a stored page."""
    with h5py.File(session, "r+") as h5:
        (page,) = h5["pages"].values()
        png = page["png"]
        png[len(png) // 2] ^= 255


def spoil_stored_slots(session: Path) -> None:
    """Change one stored value, as another version of the pipeline might have."""
    with h5py.File(session, "r+") as h5:
        (group,) = h5["derived"].values()
        values = group["slots/fixation_ms"]
        values[3] = values[3] + 1.0


class TestCheck:
    def test_every_number_is_in_the_json(self, session):
        told = gazetwin("check", session, "--json")
        report = json.loads(told.stdout)
        assert report["state"] == "sealed"
        assert report["counts"]["gaze"] == report["gaze"]["samples"] == len(SPOTS) * REST_S * RATE_HZ
        assert report["gaze"]["measured_hz"] == pytest.approx(RATE_HZ)
        assert report["verdict"] == "warning"  # this recording was never calibrated
        assert told.exit_code == 0

    def test_damaged_page_is_a_negative_answer(self, session):
        damage_page(session)
        told = gazetwin("check", session)
        assert told.exit_code == 1
        assert "page digests" in told.stdout
        assert "red" in told.stdout
        assert "left alone" in " ".join(told.stdout.split())

    def test_the_judgement_stays_in_the_recording(self, session):
        first = gazetwin("check", session)
        assert "amber" in first.stdout
        assert "kept in the recording" in " ".join(first.stdout.split())
        kept = stored_quality(session)
        assert kept is not None
        told = json.loads(gazetwin("check", session, "--json").stdout)
        assert told == json.loads(kept.model_dump_json())
        assert "lost gaze" in [item["name"] for item in told["items"]]


class TestRecover:
    def test_sound_session_stays_as_it_is(self, session):
        before = session.read_bytes()
        told = gazetwin("recover", session)
        assert "nothing was changed" in told.stdout
        assert session.read_bytes() == before

    def test_recording_without_an_end_is_read_again(self, tmp_path):
        writer = write(tmp_path / "running.h5", seal=False)
        path = Path(shutil.copy(tmp_path / "running.h5", tmp_path / "killed.h5"))
        writer.close("complete")
        refused = program("slots", path)
        assert refused.returncode == 2
        assert "gazetwin recover" in refused.stderr

        told = json.loads(gazetwin("recover", path, "--json").stdout)
        assert (told["before"], told["after"]) == ("recording", "recovered")
        assert gazetwin("replay", path).exit_code == 0


def test_a_file_where_a_folder_is_needed_is_told(tmp_path):
    (tmp_path / "odd.py").touch()
    who, how = ("--study", "free-gaze", "--participant", "P01"), ("--source", "mock", "--headless")
    told = program("record", *who, *how, "--duration", "1", "--out", tmp_path / "odd.py")
    assert told.returncode == 2
    assert "odd.py is there already, and is no folder" in told.stderr


@pytest.mark.parametrize("command", ["slots", "replay", "check", "recover"])
@pytest.mark.parametrize("name", ["absent.h5", "folder", "text.h5"])
def test_bad_files_are_explained(command, name, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.h5").write_text("not a recording")
    told = program(command, tmp_path / name)
    assert told.returncode == 2
    assert name in told.stderr
    assert "fix:" in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
