"""``gazetwin fit``, ``compare`` and ``simulate``; and which pages can be named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from protocols.errors import StimulusMissing, StudyInvalid
from protocols.study import load_study
from studio.fit_command import page_spec
from tuning.events import ROWS

GAZETWIN = Path(sys.executable).with_name("gazetwin")


def gazetwin(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(part) for part in (GAZETWIN, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "index", "scroll_px"),
    [("demo:3", 2, 0.0), ("demo:rows-04", 3, 0.0), ("recgaze:7@340", 7, 340.0), ("demo:1@99999", 0, 2446.0)],
)
def test_pages_are_named_by_study_screen_and_scroll(text, index, scroll_px):
    spec = page_spec(text)
    assert spec.screen == load_study(text.partition(":")[0]).screens[index]
    assert spec.viewport.scroll_px == scroll_px
    assert spec.preferred is None  # those of the persona


@pytest.mark.parametrize(
    "text", ["demo", "demo:", "demo:0", "demo:31", "demo:rows-99", "free-gaze:1", "demo:1@x"]
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
        (("compare", tmp_path / "absent", session_path), "no persona"),
        (("simulate", tmp_path / "p.safetensors", "demo:77"), "no screen '77'"),
    ):
        told = gazetwin(*arguments)
        assert told.returncode == 2
        assert complaint in told.stderr
        assert "Traceback" not in told.stderr


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
