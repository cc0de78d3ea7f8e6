"""All recordings of a folder, whatever is wrong with some of them; and one participant's removal."""

from __future__ import annotations

import json
import shutil
import struct

import numpy as np
import pytest

from acquisition.samples import GazeChunk
from acquisition.source import SourceInfo
from protocols.errors import SessionError
from protocols.geometry import Screen
from protocols.participant import Participant
from protocols.study import load_study
from protocols.wire import Done, Failed, decode
from sessions.__main__ import main
from sessions.check import check
from sessions.erase import erase, find
from sessions.quality_store import store_quality
from sessions.reader import Recording
from sessions.store import SessionStore
from sessions.writer import SessionWriter

AGREED = {"version": "1", "digest": "00", "given_unix_s": 1.7e9, "scopes": ["recording", "twin"]}


def begin(path, pseudonym, consent=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = SessionWriter.create(
        path,
        study=load_study("free-gaze"),
        participant=Participant(pseudonym=pseudonym),
        screen=Screen(),
        source=SourceInfo("Tracker", "scripted", "gazetwin", "id-1", 100.0, (), ()),
        clock_pair=(0.0, 1.7e9),
        software="gazetwin test",
        consent=consent,
    )
    t_s = np.arange(200) / 100.0
    xy_px = np.full((200, 2), 500.0)
    writer.gaze(GazeChunk(t_s, t_s, xy_px, np.ones(200, bool), np.full((200, 2), 3.0), np.empty((200, 0))))
    return writer


def record(path, pseudonym, reason="complete", consent=None):
    begin(path, pseudonym, consent).close(reason)
    return path


def left_behind(path, pseudonym):
    """Write what a killed program leaves."""
    writer = begin(path.with_suffix(".running"), pseudonym)
    writer.flush()
    shutil.copy2(path.with_suffix(".running"), path)
    writer.close("complete")
    path.with_suffix(".running").unlink()


def persona(path, participant, sessions, heldout):
    told = {
        "schema": "gazetwin-persona/1",
        "participant": participant,
        "sessions": [{"session": session, "sha256": "00"} for session in sessions],
        "heldout": heldout,
    }
    header = json.dumps({"__metadata__": {"gazetwin": json.dumps(told)}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def listed(folder):
    return {one.path.name: one for one in SessionStore(folder).list()}


def test_a_folder_that_is_not_there_has_no_sessions(tmp_path):
    assert SessionStore(tmp_path / "none").list() == ()


def test_every_session_is_listed_with_how_it_ended(tmp_path):
    record(tmp_path / "sessions" / "a.h5", "P01", consent=AGREED)
    record(tmp_path / "sessions" / "deep" / "b.h5", "P02", "aborted")
    left_behind(tmp_path / "c.h5", "P03")
    record(tmp_path / ".hidden" / "d.h5", "P04")
    found = listed(tmp_path)
    assert {name: one.standing for name, one in found.items()} == {
        "a.h5": "complete",
        "b.h5": "aborted",
        "c.h5": "unsealed",
    }
    assert [found[name].participant for name in ("a.h5", "b.h5", "c.h5")] == ["P01", "P02", "P03"]
    assert found["a.h5"].samples == 200
    assert found["a.h5"].agreed == ("recording", "twin")
    assert found["b.h5"].agreed is None
    assert "recover" in found["c.h5"].problem


def test_the_newest_comes_first(tmp_path):
    for name in ("b", "a", "c"):
        record(tmp_path / f"{name}.h5", "P01")
    assert [one.path.stem for one in SessionStore(tmp_path).list()] == ["c", "a", "b"]


def test_broken_files_are_listed_with_what_is_wrong(tmp_path):
    whole = record(tmp_path / "whole.h5", "P01")
    (tmp_path / "empty.h5").touch()
    (tmp_path / "text.h5").write_text("no recording")
    (tmp_path / "half.h5").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "stump.safetensors").write_bytes(b"\xff")
    (tmp_path / "other.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")
    found = listed(tmp_path)
    assert found["whole.h5"].standing == "complete"
    for name in ("empty.h5", "text.h5", "half.h5"):
        assert found[name].standing == "broken"
        assert name in found[name].problem


def test_a_recording_without_one_of_its_parts_is_broken_and_nothing_else(tmp_path):
    import h5py

    record(tmp_path / "whole.h5", "P01")
    path = record(tmp_path / "less.h5", "P02")
    with h5py.File(path, "r+") as h5:
        del h5["participant"]
    assert listed(tmp_path)["less.h5"].standing == "broken"
    assert listed(tmp_path)["whole.h5"].standing == "complete"


def test_a_session_that_is_being_recorded_is_listed_as_that(tmp_path):
    writer = begin(tmp_path / "P01.h5", "P01")
    assert listed(tmp_path)["P01.h5"].standing == "recording"
    writer.close("complete")
    assert listed(tmp_path)["P01.h5"].standing == "complete"


def test_the_kept_judgement_and_the_twins_are_listed(tmp_path):
    path = record(tmp_path / "a.h5", "P01")
    assert listed(tmp_path)["a.h5"].quality is None
    report = check(path)
    store_quality(path, report)
    with Recording.open(path) as recording:
        persona(tmp_path / "p.safetensors", "P01", [recording.session_id], {"twin": {"kl": 0.5}})
    one = listed(tmp_path)["a.h5"]
    assert one.quality == report.verdict
    assert [twin.heldout for twin in one.twins] == [{"twin": {"kl": 0.5}}]


def told(capsys):
    return decode(capsys.readouterr().out.splitlines()[-1], Done | Failed)


def test_the_list_and_the_removal_are_programs_too(tmp_path, capsys):
    record(tmp_path / "sessions" / "a.h5", "P01")
    assert main(["list", str(tmp_path)]) == 0
    assert told(capsys).result["sessions"][0]["participant"] == "P01"
    assert main(["erase", str(tmp_path), "P01", "--only-find"]) == 0
    assert told(capsys).result["files"] == [str(tmp_path / "sessions" / "a.h5")]
    assert main(["check", str(tmp_path / "sessions" / "a.h5"), "--keep"]) == 0
    assert (
        main(["export", str(tmp_path / "sessions" / "a.h5"), "--to", "csv", "--out", str(tmp_path / "x")])
        == 0
    )
    assert main(["erase", str(tmp_path), "P01"]) == 0
    assert SessionStore(tmp_path).list() == ()


@pytest.fixture
def shared(tmp_path):
    """A data folder with two participants, and papers about one and about both."""
    path = record(tmp_path / "sessions" / "P01-x" / "session.h5", "P01")
    record(tmp_path / "sessions" / "P010.h5", "P010")
    with Recording.open(path) as recording:
        session_id = recording.session_id
    (path.parent / "session.h5.unrecovered").write_bytes(b"older")
    persona(tmp_path / "personas" / "one.safetensors", "P01", [session_id], {})
    persona(tmp_path / "personas" / "other.safetensors", "P010", [], {})
    for name, text in {
        "reports/P01.pdf": "%PDF",
        "reports/about.html": f"<p>{session_id}</p>",
        "reports/both.html": "P01 and P010",
        "reports/other.html": "P010",
        "notes.txt": "P01 was here",
        "logs/studio.log": "a\nrecording P01-x\nb\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_erasing_removes_one_participant_everywhere_and_nobody_else(shared):
    receipt = erase(find("P01", shared))
    left = {str(p.relative_to(shared)) for p in shared.rglob("*") if p.is_file()}
    receipts = {name for name in left if name.startswith("erased/")}
    assert left - receipts == {
        "sessions/P010.h5",
        "personas/other.safetensors",
        "reports/both.html",
        "reports/other.html",
        "notes.txt",
        "logs/studio.log",
    }
    assert {one.name for one in receipt.removed} == {
        "sessions/P01-x/session.h5",
        "sessions/P01-x/session.h5.unrecovered",
        "personas/one.safetensors",
        "reports/P01.pdf",
        "reports/about.html",
    }
    assert not (shared / "sessions" / "P01-x").exists()
    assert "P010" in receipt.left["reports/both.html"]
    assert (shared / "logs" / "studio.log").read_text() == "a\nb\n"
    assert receipt.cut == {"logs/studio.log": 1}
    (kept,) = receipts
    assert json.loads((shared / kept).read_text())["removed"] == [r.model_dump() for r in receipt.removed]


def test_finding_changes_nothing(shared):
    before = {p: p.stat().st_mtime_ns for p in shared.rglob("*")}
    assert len(find("P01", shared).files) == 5
    assert {p: p.stat().st_mtime_ns for p in shared.rglob("*")} == before


def test_a_session_that_is_being_recorded_is_not_erased(tmp_path):
    record(tmp_path / "sessions" / "P07-a" / "session.h5", "P07")
    writer = begin(tmp_path / "sessions" / "P07-b" / "session.h5", "P07")
    with pytest.raises(SessionError, match="being recorded"):
        find("P07", tmp_path)
    assert find("P08", tmp_path).files == ()
    writer.close("complete")
    assert len(find("P07", tmp_path).files) == 2


def test_what_cannot_be_read_is_named(tmp_path):
    record(tmp_path / "sessions" / "P01.h5", "P01")
    (tmp_path / "sessions" / "mystery.h5").write_text("?")
    (tmp_path / "sessions" / "P01-broken.h5").write_text("?")
    found = find("P01", tmp_path)
    assert {path.name for path in found.files} == {"P01.h5", "P01-broken.h5"}
    assert "nobody can tell" in found.left["sessions/mystery.h5"]


def test_a_cohort_is_named_and_left(tmp_path):
    told = {"schema": "gazetwin-cohort/1", "participants": ["P01", "P02"]}
    header = json.dumps({"__metadata__": {"gazetwin": json.dumps(told)}}).encode()
    (tmp_path / "cohort.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    found = find("P01", tmp_path)
    assert found.files == ()
    assert "fit it again" in found.left["cohort.safetensors"]


def test_a_word_that_is_no_pseudonym_is_refused(tmp_path):
    with pytest.raises(SessionError, match="no pseudonym"):
        find("../P01", tmp_path)


XMP = '%PDF-1.4 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">GazeTwin report: {}, study demo</rdf:li>'


def test_papers_and_what_lies_beside_a_persona_are_erased_and_what_tells_nothing_is_named(shared):
    (shared / "exports" / "bids" / "sub-P01").mkdir(parents=True)
    (shared / "exports" / "bids" / "sub-P010").mkdir()
    for name, text in {
        "reports/mine.pdf": XMP.format("P01"),
        "reports/about.pdf": "%PDF",
        "reports/others.pdf": XMP.format("P010"),
        "reports/both.pdf": "%PDF",
        "reports/scan.pdf": "%PDF",
        "personas/one.fit.jsonl": "{}",
        "personas/one.comparison.json": "{}",
        "personas/one.safetensors.unfinished": "x",
        "personas/lost.safetensors.unfinished": "x",
        "exports/bids/sub-P01/sub-P01_physio.tsv.gz": "x",
        "exports/bids/sub-P010/sub-P010_physio.tsv.gz": "x",
    }.items():
        (shared / name).write_text(text, "utf-8")
    receipt = erase(find("P01", shared))
    assert {one.name for one in receipt.removed} >= {
        "reports/mine.pdf",
        "reports/about.pdf",
        "personas/one.fit.jsonl",
        "personas/one.comparison.json",
        "personas/one.safetensors.unfinished",
        "exports/bids/sub-P01/sub-P01_physio.tsv.gz",
    }
    assert (shared / "reports/others.pdf").exists()
    assert (shared / "exports/bids/sub-P010/sub-P010_physio.tsv.gz").exists()
    assert set(receipt.left) == {
        "reports/both.html",
        "reports/both.pdf",
        "reports/scan.pdf",
        "personas/lost.safetensors.unfinished",
    }
    assert "whom" in receipt.left["reports/scan.pdf"]
