from __future__ import annotations

import pytest

from studio import doctor


def test_child_that_prints_json_is_heard():
    assert doctor.ask("print('noise'); print('{\"a\": 1}')").values == {"a": 1}


def test_child_that_fails_reports_its_last_line():
    answer = doctor.ask("raise ImportError('libEGL.so.1 is missing')")
    assert answer.failure == "ImportError: libEGL.so.1 is missing"


def test_child_that_crashes_silently_reports_its_exit_code():
    assert doctor.ask("import os; os._exit(3)").failure == "exit code 3"


def test_child_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(doctor, "CHILD_TIMEOUT_S", 0.3)
    assert "no answer" in doctor.ask("import time; time.sleep(60)").failure


def test_child_gets_the_given_environment():
    code = "import os, json; print(json.dumps(os.environ['COLOUR']))"
    assert doctor.ask(code, {"COLOUR": "red"}).values == "red"


@pytest.mark.parametrize(
    ("environment", "system", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_display_is_recognised(environment, system, expected):
    assert doctor.has_display(environment, system) is expected


def test_this_machine_can_do_the_main_job(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    findings = {finding.name: finding for finding in doctor.examine()}
    assert [f.name for f in findings.values() if f.level == "fail"] == []
    assert findings["LSL"].found.endswith("finds its own streams")
    assert findings["display"].level == "warn"
    assert all(f.fix for f in findings.values() if f.level != "ok")


def test_missing_model_libraries_are_a_warning_with_the_command_to_run(monkeypatch):
    monkeypatch.setattr(doctor, "_version_of", lambda _name: None)
    finding = doctor.model_engine()
    assert finding.level == "warn"
    assert "gazetwin[tune]" in finding.fix


def test_missing_requirement_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "_version_of", lambda name: None if name == "h5py" else "1")
    finding = doctor.requirements()
    assert (finding.level, finding.found) == ("fail", "missing: h5py")


def test_full_disk_fails(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": 1000})())
    assert doctor.disk().level == "fail"


def test_little_memory_warns(monkeypatch):
    monkeypatch.setattr(doctor, "MEMORY_WARN_GIB", 1e9)
    assert doctor.memory().level == "warn"
