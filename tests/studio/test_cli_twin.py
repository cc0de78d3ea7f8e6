"""``gazetwin fit``, ``compare`` and ``simulate``; and which pages can be named."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from protocols.errors import StimulusMissing, StudyInvalid, TuningError
from protocols.study import load_study
from sessions.reader import Recording
from studio.fit_command import compared, page_spec
from tuning.events import ROWS, Load

GAZETWIN = Path(sys.executable).with_name("gazetwin")


def gazetwin(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(part) for part in (GAZETWIN, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "index", "scroll_px"),
    [("demo:3", 2, 0.0), ("demo:rows-04", 3, 0.0), ("recgaze:7@340", 7, 340.0), ("demo:1@2446", 0, 2446.0)],
)
def test_pages_are_named_by_study_screen_and_scroll(text, index, scroll_px):
    spec = page_spec(text)
    assert spec.screen == load_study(text.partition(":")[0]).screens[index]
    assert spec.viewport.scroll_px == scroll_px
    assert spec.preferred is None  # those of the persona


@pytest.mark.parametrize(
    "text", ["demo", "demo:", "demo:0", "demo:31", "demo:rows-99", "free-gaze:1", "demo:1@x", "demo:1@2447"]
)
def test_a_page_that_is_not_there_is_refused(text):
    with pytest.raises(StimulusMissing):
        page_spec(text)
    with pytest.raises(StudyInvalid):
        page_spec("nope:1")


def test_bad_input_is_explained_before_the_model_is_loaded(tmp_path, session_path):
    (tmp_path / "p.safetensors").write_bytes(b"")
    for arguments, complaint in (
        (("fit", tmp_path / "absent.h5", "--out", tmp_path / "p"), "no file"),
        (("fit", session_path, "--out", tmp_path / "p", "--placement", "above"), "placement"),
        (("fit", session_path, "--out", tmp_path / "p", "--operator", "rolout"), "did you mean rollout?"),
        (("fit", session_path, "--out", tmp_path / "P01.txt"), "P01.safetensors"),
        (("fit", session_path, "--out", tmp_path), "is a folder"),
        (("fit", session_path, "--out", tmp_path / "p.safetensors"), "--force"),
        (("fit", session_path, "--together", "--workers", 2, "--out", tmp_path / "p"), "on this computer"),
        (("fit", session_path, "--basis", tmp_path / "b", "--out", tmp_path / "p"), "without --together"),
        (("compare", tmp_path / "absent", session_path), "no persona"),
        (("simulate", tmp_path / "p.safetensors", "demo:3"), "not a safetensors file"),
        (("simulate", session_path, "demo:3"), "a recording or another HDF5 file"),
        (("simulate", tmp_path, "demo:3"), "is a folder"),
        (("fit", session_path, "--out", "new.safetensors", "--backbone", "carousel-tinny"), "carousel-tiny?"),
        (("persona", "show", tmp_path / "p.safetensors"), "damaged"),
        (("persona", "show", f"{tmp_path}/absent.safetensors:P01"), "no such file"),
        (("export", "persona", tmp_path / "p.safetensors", "--to", "csv"), "--out"),
        (("export", "persona", "p", "q", "--participant", "P01", "--to", "csv", "--out", "o"), "one file"),
        (("export", "persona", "p", "--to", "csv", "--out", "o", "--set", "mood"), "sets nothing"),
    ):
        told = gazetwin(*arguments)
        assert told.returncode == 2
        assert complaint in told.stderr
        assert "Traceback" not in told.stderr


def test_a_report_is_named_by_what_it_is(tmp_path):
    with pytest.raises(TuningError, match=r"report\.html"):
        compared(tmp_path / "p", tmp_path / "s", tmp_path / "report.doc", Load())


@pytest.mark.engine
@pytest.mark.slow
def test_a_persona_is_fitted_compared_and_looks_at_new_pages(tmp_path, session_path):
    persona, report = tmp_path / "persona.safetensors", tmp_path / "report.html"
    fitted = gazetwin("fit", session_path, "--out", persona, "--seed", 1, "--json")
    assert fitted.returncode == 0, fitted.stderr
    compared = gazetwin("compare", persona, session_path, "--report", report, "--json")
    assert compared.returncode == 0, compared.stderr
    first, again = json.loads(fitted.stdout), json.loads(compared.stdout)
    assert set(first["heldout"]) | set(first["missing"]) == set(ROWS)
    for row, scores in first["heldout"].items():
        assert again["heldout"][row] == pytest.approx(scores, abs=1e-6)
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")

    seen = gazetwin("simulate", persona, "demo:3", "demo:rows-04@340", "--json")
    assert seen.returncode == 0, seen.stderr
    pages = json.loads(seen.stdout)["pages"]
    assert [page["screen"] for page in pages] == ["rows-03", "rows-04"]
    for page in pages:
        for who in ("twin", "twin_combined"):
            assert sum(page[who]["attention"]) == pytest.approx(1.0)
            assert sum(page[who]["click"]) == pytest.approx(1.0)
            assert len(page[who]["attention"]) == len(page["films"])

    told = described(persona, session_path, first["heldout"])
    leaves_as_a_table(persona, told["participant"], pages[0], tmp_path)


@pytest.mark.engine
@pytest.mark.slow
def test_ctrl_c_keeps_the_steps_that_were_made(tmp_path, session_path):
    persona, endless = tmp_path / "persona.safetensors", tmp_path / "endless.toml"
    endless.write_text("steps = 100000\npatience = 100000\n", encoding="utf-8")
    arguments = ("fit", session_path, "--out", persona, "--config", endless)
    command = [str(part) for part in (GAZETWIN, *arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        for line in program.stderr:
            if line.startswith("Fitting"):
                program.send_signal(signal.SIGINT)
                break
        assert "Stopped; the same command goes on where it stopped." in program.stderr.read()
    assert program.returncode == 130
    assert persona.with_name("persona.safetensors.unfinished").is_file()
    assert not persona.exists()


def described(persona: Path, session: Path, heldout: dict) -> dict:
    """Show a persona; hold its tables to what the recording says; return what was told."""
    shown = gazetwin("persona", "show", persona, "--json")
    assert shown.returncode == 0, shown.stderr
    (told,) = json.loads(shown.stdout)["personas"]
    assert told["heldout"]["twin"] == pytest.approx(heldout["twin"], abs=1e-6)
    with Recording.open(session) as recording:
        fitted_on = {screen for screen, split in told["splits"].items() if split != "test"}
        views = [v for v in recording.views() if v.screen.id in fitted_on and v.fixation_ms.sum() > 0]
        assert told["sessions"][0]["study_digest"] == recording.study_digest
    assert told["layout"] == {"page_px": [1920, 1080], "slot_px": [342, 193]}
    assert len(told["question_digest"]) == 64
    assert told["use"]["views"] == len(views)
    assert sum(line["shown"] for line in told["use"]["slots"]) == sum(len(v.layout) for v in views)
    examined = sum(int((v.fixation_ms > 0).sum()) for v in views)
    assert sum(line["examined"] for line in told["use"]["slots"]) == examined
    assert sum(line["clicked"] for line in told["use"]["slots"]) == sum(v.click is not None for v in views)
    dwell_ms = sum(float(v.fixation_ms.sum()) for v in views)
    assert sum(line["dwell_ms"] for line in told["use"]["slots"]) == pytest.approx(dwell_ms)
    return told


def leaves_as_a_table(persona: Path, participant: str, page: dict, folder: Path) -> None:
    """Bundle a persona, export it, and hold the table to what the twin does on the same page."""
    table, together = folder / "looks", folder / "all.safetensors"
    assert gazetwin("persona", "bundle", persona, "--out", together).returncode == 0
    address = f"{together}:{participant}"
    to_csv = ("--to", "csv", "--page", "demo:3", "--out", table)
    exported = gazetwin("export", "persona", address, *to_csv, "--json")
    assert exported.returncode == 0, exported.stderr
    with (table / "looks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["click"]) for row in rows] == pytest.approx(page["twin"]["click"], abs=1e-6)
    combined = [float(row["attention_combined"]) for row in rows]
    assert combined == pytest.approx(page["twin_combined"]["attention"], abs=1e-6)
    (table / "looks.csv").write_text("")
    checked = gazetwin("export", "verify", table, "--json")
    assert checked.returncode == 1, checked.stderr
    assert json.loads(checked.stdout)["problems"]
    again_there = gazetwin("export", "persona", persona, *to_csv)
    assert again_there.returncode == 2
    assert "exists already" in again_there.stderr
