"""The official validator judges what is exported, and what was broken afterwards."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deno import find_deno_bin

from sessions.exporters.bids import export_bids

BEH = Path("sub-P01a/ses-01/beh")
STEM = "sub-P01a_ses-01_task-demo"

# What only the people who publish the data can add, or what belongs to other kinds of data.
ACCEPTED = {
    "HEDVersion",
    "License",
    "SourceDatasets",
    "Authors",
    "TOO_FEW_AUTHORS",
    "CogAtlasID",
    "CogPOID",
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    # In the sidecars of the samples: validators before BIDS 1.11 take them for columns in those of events.
    "TaskName",
    "TaskDescription",
    "Instructions",
}


def found(root: Path) -> tuple[set[str], set[str]]:
    """Return the errors and warnings of the official validator, which has no access to the network."""
    spec = find_spec("bids_validator_deno")
    assert spec is not None
    assert spec.origin is not None
    script = Path(spec.origin).with_name("bids-validator.js")
    options = ["run", "--no-prompt", "--no-remote", "--allow-read", "--allow-env"]
    command = [find_deno_bin(), *options, script, "--format", "json", "--max-rows", "-1", root]
    environment = {**os.environ, "DENO_NO_UPDATE_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)
    assert done.stdout, done.stderr
    issues = json.loads(done.stdout)["issues"]["issues"]
    told = {kind: {_code(i) for i in issues if i["severity"] == kind} for kind in ("error", "warning")}
    assert bool(done.returncode) == bool(told["error"])
    return told["error"], told["warning"]


def _code(issue: dict) -> str:
    return str(issue.get("subCode") or issue["code"])


def test_the_official_validator_finds_no_error_and_only_warnings_that_are_explained(
    data_copy, bare, channelless
) -> None:
    list(export_bids([bare, channelless], data_copy))
    errors, warnings = found(data_copy)
    assert errors == set()
    assert warnings <= ACCEPTED


def test_the_official_validator_finds_what_is_broken(data_copy) -> None:
    _forget(data_copy / BEH / f"{STEM}_recording-eye1_physio.json", "RecordedEye")
    _forget(data_copy / BEH / f"{STEM}_recording-eye2_physio.json", "SampleCoordinateSystem")
    _forget(data_copy / BEH / f"{STEM}_recording-eye3_physioevents.json", "OnsetSource")
    events = Path("sub-P01/ses-01/beh/sub-P01_ses-01_task-demo_events.json")
    facts = json.loads((data_copy / events).read_text(encoding="utf-8"))
    del facts["StimulusPresentation"]["ScreenOrigin"]
    (data_copy / events).write_text(json.dumps(facts), encoding="utf-8")
    _forget(data_copy / "dataset_description.json", "BIDSVersion")
    next((data_copy / "stimuli").iterdir()).unlink()
    (data_copy / "sub-nobody" / "beh").mkdir(parents=True)
    (data_copy / "sub-nobody" / "beh" / "sub-nobody_task-demo_events.tsv").write_text(
        "onset\tduration\n1.0\t0\n"
    )
    errors, _ = found(data_copy)
    assert errors >= {
        "RecordedEye",
        "SampleCoordinateSystem",
        "OnsetSource",
        "INCOMPLETE_STIMULUS_PRESENTATION",
        "BIDSVersion",
        "STIMULUS_FILE_MISSING",
        "PARTICIPANT_ID_MISMATCH",
    }


def _forget(path: Path, key: str) -> None:
    facts = json.loads(path.read_text(encoding="utf-8"))
    del facts[key]
    path.write_text(json.dumps(facts), encoding="utf-8")
