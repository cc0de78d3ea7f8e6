"""AdSERP files written by the data set's description, its known traps included."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from protocols.errors import ForeignFileError
from protocols.geometry import Screen
from sessions.check import check
from sessions.importers.catalogue import reader_of
from sessions.importers.contract import Options

DISPLAY = Screen((1280, 1024), (376.0, 301.0), 600.0)
ZERO = 1671196645197
PEOPLE = """participant_id,gender,age,english,education,pref_device,pref_website,online_shopping_freq
p004,Female,40,Advanced,Graduate,Smartphones,Monthly,Amazon
p005,Male,29,Advanced,Graduate,Smartphones,Rarely,Other
"""
RIGHT_PEOPLE = PEOPLE.replace("pref_website,online_shopping_freq", "online_shopping_freq,pref_website")
XML = """<?xml version="1.0" encoding="UTF-8"?>
<data>
 <ip>10.0.0.7</ip>
 <url>http://localhost/page.php?q=lamp</url>
 <ua>Mozilla/5.0</ua>
 <screen>1280x1024</screen>
 <window>1422x1137</window>
 <document>1403x3380</document>
 <task>batch_20_trial_3 | lamp</task>
</data>
"""
ADS = {
    "native_ad": [{"location": {"x": 162, "y": 416}, "size": {"height": 69, "width": 540}}],
    "dd_top": [],
    "dd_right": [],
}
BOMB = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def write_trial(data: Path, name: str, zero: int = ZERO, delimiter: str = " ") -> None:
    files = {
        f"fixation-data/{name}.csv": "timestamp,FPOGX,FPOGY,FPOGD\n"
        f"{zero + 300},361,131,294\n{zero + 510},519,705,201\n{zero + 900},10,800,208\n",
        f"pupil-data/{name}.csv": "timestamp,BPOGX,BPOGY,LPD,LPV,RPD,RPV\n"
        f"{zero},344,108,15.38435,1,13.28191,1,1065,463\n"
        f"{zero + 7},348,118,15.4,0,13.4,1,1065,464\n"
        f"{zero + 14},0,0,0,0,0,0,1065,465\n"
        f"{zero + 700},352,926,15.05334,1,13.44124,1,1066,466\n",
        f"mouse-movement-data/{name}.csv": "\n".join(
            delimiter.join(cells)
            for cells in (
                ("timestamp", "xpos", "ypos", "event", "xpath"),
                (str(zero), "0", "0", "load", "/"),
                (str(zero + 100), "711", "568.5", "mousemove", "//*[@id='rcnt']"),
                (str(zero + 600), "0", "333.25", "scroll", "/"),
                (str(zero + 950), "711", "901.75", "click", "//*[@id='rso']/a"),
            )
        )
        + "\n",
        f"ad-boundary-data/{name}.json": json.dumps(ADS),
        f"trial-metadata/{name}.xml": XML,
    }
    for path, text in files.items():
        (data / path).parent.mkdir(parents=True, exist_ok=True)
        (data / path).write_text(text, encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "AdSERP" / "data"
    write_trial(folder, "p004-b1-t3")
    write_trial(folder, "p004-b2-t1", ZERO + 5000, ",")
    write_trial(folder, "p005-b1-t1", ZERO + 90_000)
    (folder / "participants.csv").write_text(PEOPLE, encoding="utf-8")
    return folder


def test_every_gaze_value_is_that_of_the_file(import_all, data):
    first, second = import_all("adserp", data, DISPLAY)
    rows = []
    for name in ("p004-b1-t3", "p004-b2-t1"):
        with (data / f"pupil-data/{name}.csv").open(newline="") as file:
            rows += list(csv.reader(file))[1:]
    expected = np.asarray([[float(cell) for cell in row[1:7]] for row in rows])
    assert first.gaze().raw.tobytes() == expected.tobytes()
    assert first.gaze().t_source_s.tolist() == [int(row[0]) / 1000.0 for row in rows]
    assert first.gaze().valid.tolist() == [True, True, False, True] * 2
    assert (first.samples, second.samples) == (8, 4)


def test_columns_beyond_the_header_are_kept_without_a_name(import_all, data):
    first, _ = import_all("adserp", data, DISPLAY)
    table = next(t for t in first.source_tables() if t.name == "pupil-data/p004-b1-t3")
    assert table.columns == ("timestamp", "(no header 8)", "(no header 9)")
    assert table.column("(no header 9)") == ("463", "464", "465", "466")
    note = next(e["note"] for e in first.provenance["ledger"] if e["what"] == "gaze samples")
    assert "2 columns without a header" in note


def test_scroll_turns_page_into_screen_pixels(import_all, data):
    first, _ = import_all("adserp", data, DISPLAY)
    scrolled = 333.25 * 1024 / 1137
    assert first.gaze().xy_px[3].tolist() == [352.0, 926.0 - scrolled]
    assert first.gaze().xy_px[0].tolist() == [344.0, 108.0]
    assert first.given_fixations().y_px[:3].tolist() == [131.0, 705.0, 800.0 - scrolled]
    assert first.cursor().xy_px[0] == pytest.approx([640.0, 512.0])
    assert first.cursor().xy_px[1] == pytest.approx([640.0, 512.0])


def test_fixations_end_at_their_stamp(import_all, data):
    first, _ = import_all("adserp", data, DISPLAY)
    found = first.given_fixations()
    assert found.onset_s[:3] == pytest.approx([0.006, 0.309, 0.692])
    assert found.offset_s[:3] == pytest.approx([0.3, 0.51, 0.9])


@pytest.mark.parametrize("text", [PEOPLE, RIGHT_PEOPLE])
def test_participants_are_read_by_value_not_by_header(import_all, data, text):
    (data / "participants.csv").write_text(text, encoding="utf-8")
    first, second = import_all("adserp", data.parent, DISPLAY)
    assert first.participant.pseudonym == "p004"
    assert first.participant.answers["pref_website"] == "Amazon"
    assert first.participant.answers["online_shopping_freq"] == "Monthly"
    assert second.participant.answers["pref_website"] == "Other"
    swapped = [e for e in first.provenance["ledger"] if "were swapped" in e["note"]]
    assert bool(swapped) is (text == PEOPLE)


def test_trials_clicks_and_browser_facts_are_notes_and_no_address_is_kept(import_all, data):
    first, _ = import_all("adserp", data, DISPLAY)
    notes = [m.payload for m in first.markers()]
    assert [n["adserp"] for n in notes] == ["trial", "click", "trial", "click"]
    assert notes[0]["task"] == "batch_20_trial_3 | lamp"
    assert notes[1]["xpath"] == "//*[@id='rso']/a"
    assert b"10.0.0.7" not in first.path.read_bytes()
    ads = next(t for t in first.source_tables() if t.name == "ad-boundary-data/p004-b1-t3")
    assert [cells[0] for cells in ads.data] == ["native_ad", "162", "416", "540", "69"]


def test_the_sessions_open_and_pass_the_check(import_all, data):
    for recording in import_all("adserp", data, DISPLAY):
        assert recording.clock_pairs()[0, 1] * 1000 == pytest.approx(ZERO, abs=1e6)
        assert len(recording.slots().fixations) == len(recording.given_fixations())
        recording.close()
        bad = {i.name for i in check(recording.path).items if i.verdict in ("bad", "red")}
        assert bad <= {"lost gaze"}  # a quarter of these few samples is lost


DAMAGES = {
    "entities": (
        "trial-metadata/p004-b1-t3.xml",
        XML.replace("<data>", BOMB + "<data>"),
        "declares a document type",
    ),
    "broken XML": ("trial-metadata/p004-b1-t3.xml", XML[:120], "no sound XML"),
    "no window": ("trial-metadata/p004-b1-t3.xml", XML.replace("1422x", "wide"), "element 'window'"),
    "broken JSON": ("ad-boundary-data/p004-b1-t3.json", '{"native_ad": [', "line 1, column 16: no JSON"),
    "other JSON": ("ad-boundary-data/p004-b1-t3.json", '{"native_ad": [{"x": 1}]}', "location and size"),
    "no number": (
        "fixation-data/p004-b1-t3.csv",
        "timestamp,FPOGX,FPOGY,FPOGD\n1,x,2,3\n",
        "line 2, column 'FPOGX': 'x' is not a number",
    ),
    "short row": (
        "pupil-data/p004-b1-t3.csv",
        "timestamp,BPOGX,BPOGY,LPD,LPV,RPD,RPV\n1,2\n",
        "line 2: 2 cells",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_refused_and_leaves_no_session(import_all, data, tmp_path, damage):
    path, text, message = DAMAGES[damage]
    (data / path).write_text(text, encoding="utf-8")
    with pytest.raises(ForeignFileError, match=message):
        import_all("adserp", data, DISPLAY)
    assert not (tmp_path / "sessions").exists()


def test_the_display_must_fit_and_be_told(data):
    with pytest.raises(ForeignFileError, match="--display"):
        list(reader_of("adserp")(data, Options()))
    with pytest.raises(ForeignFileError, match=r"\(1280, 1024\).*\(1920, 1080\)"):
        list(reader_of("adserp")(data, Options(Screen())))
