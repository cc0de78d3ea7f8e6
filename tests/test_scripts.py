"""The checks that check everything else."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def junit(path: Path, reason: str) -> Path:
    body = f'<skipped type="pytest.skip" message="{reason}"/>'
    case = f'<testcase classname="tests.a" name="test_b">{body}</testcase>'
    path.write_text(f'<testsuites><testsuite><testcase name="ran"/>{case}</testsuite></testsuites>')
    return path


def test_unexpected_skip_is_found(tmp_path):
    found = script("no_skips").unexpected(junit(tmp_path / "r.xml", "no tracker here"))
    assert found == ["tests.a::test_b: no tracker here"]


def test_agreed_skip_is_let_through(tmp_path):
    no_skips = script("no_skips")
    assert no_skips.unexpected(junit(tmp_path / "r.xml", next(iter(no_skips.AGREED)))) == []


def test_length_of_a_function_leaves_out_its_docstring():
    source = 'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n\n\nclass C:\n    def g(self): ...\n'
    assert sorted(script("size_budget").function_lengths(source)) == [1, 2]


def test_long_file_is_named(tmp_path):
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * 401)
    (problem,) = script("size_budget").too_long([path])
    assert "long.py has 401 lines" in problem


def test_wheel_that_ships_too_much_or_too_little_is_described(tmp_path):
    for name in ("studio/a.py", "studio/b.toml", "tests/test_a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    shipped = {"studio/a.py", "tests/test_a.py", "gazetwin-0.1.0.dist-info/METADATA"}
    assert script("check_wheel").differences(shipped, tmp_path) == [
        "tests/test_a.py is in the wheel and is not a file of the five packages.",
        "studio/b.toml is not in the wheel.",
    ]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of stand-ins for the programs that describe and change a Debian machine."""
    programs = {
        "dpkg-query": 'for name in "$@"; do grep -qx "$name" "$HERE/installed" && echo ii; done; exit 1',
        "apt-get": 'echo "$@" >> "$HERE/apt"',
        "id": 'cat "$HERE/user"',
        "uname": "echo Linux",
    }
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "installed").write_text("libegl1\nlibglib2.0-0t64\n")
    (tmp_path / "user").write_text("1000\n")
    return tmp_path


def set_up(machine: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{machine}:{os.environ['PATH']}", "HERE": str(machine)}
    command = ["bash", str(ROOT / "scripts" / "system_packages.sh")]
    environment["PYTHON"] = sys.executable
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


class TestSystemPackages:
    def test_prints_the_one_command_to_somebody_who_is_not_root(self, machine):
        told = set_up(machine)
        assert told.returncode == 1
        assert "sudo apt-get update && sudo apt-get install -y" in told.stderr
        assert "xvfb" in told.stderr
        assert "libegl1" not in told.stderr
        assert "libglib2.0-0" not in told.stderr  # installed under its newer name
        assert not (machine / "apt").exists()

    def test_installs_only_what_is_missing_as_root(self, machine):
        (machine / "user").write_text("0\n")
        assert set_up(machine).returncode == 0
        update, install = (machine / "apt").read_text().splitlines()
        assert update.startswith("update")
        assert "xvfb" in install
        assert "libegl1" not in install

    def test_does_nothing_when_all_is_there(self, machine):
        names = set_up(machine).stderr.rsplit("--no-install-recommends ", 1)[1].split()
        (machine / "installed").write_text("\n".join([*names, "libegl1", "libglib2.0-0t64"]) + "\n")
        told = set_up(machine)
        assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
        assert not (machine / "apt").exists()


def test_environments_of_other_programs_get_that_program_and_nothing_of_ours():
    extra = script("extra")
    for name, program in (
        ("clax", "clax-models"),
        ("sardine", "sardine-rec"),
        ("concordia", "gdm-concordia"),
    ):
        lines = extra.requirements(f"interop-{name}")
        assert lines[0].startswith(f"{program}==")
        assert not any("gazetwin" in line or "PySide6" in line for line in lines)
