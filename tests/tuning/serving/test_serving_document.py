"""The examples of docs/serving.md, run as they stand but for the port."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.engine
DOCUMENT = Path(__file__).parents[3] / "docs" / "serving.md"
PORT = "http://127.0.0.1:8000"


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def asked(command: str) -> str:
    """Return what a curl command prints, with curl where there is one."""
    if shutil.which("curl"):
        return subprocess.run(shlex.split(command), capture_output=True, text=True, check=True).stdout
    words = shlex.split(command)
    url = next(word for word in words if word.startswith("http"))
    if "-d" not in words:
        return httpx.get(url).text
    name, value = words[words.index("-H") + 1].split(": ")
    return httpx.post(url, content=words[words.index("-d") + 1], headers={name: value}).text


def test_curl(url: str) -> None:
    (text,) = examples("sh")
    commands = [f"curl {rest}" for rest in text.replace(PORT, url).split("curl ")[1:]]
    people, seen = (json.loads(asked(command)) for command in commands)
    assert [p["participant"] for p in people["personas"]] == ["P01", "P02"]
    assert seen["screen"] == "tonight"
    assert seen["films"][0] == "The Velvet Harbour (1987)"
    assert sum(seen["twin"]["click"]) == pytest.approx(1)


def test_python(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    drawn, picture = (code.replace(PORT, url) for code in examples("python"))
    exec(compile(drawn, "drawn", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 16
    assert sum(float(line.split()[-2]) for line in lines[:15]) == pytest.approx(1, abs=0.01)
    exec(compile(picture, "picture", "exec"), {})
    most = float(capsys.readouterr().out)
    assert most == pytest.approx(max(float(line.split()[-2]) for line in lines[:15]), abs=0.001)


def test_limits_are_those_of_the_server() -> None:
    from tuning.serving.limits import MAX_PIXELS, Limits

    text, limits = " ".join(DOCUMENT.read_text(encoding="utf-8").split()), Limits()
    for told in (
        f"within {limits.body_s:g} s",
        f"above {limits.body_bytes // 2**20} MiB",
        f"above {MAX_PIXELS:,} px",
        f"{limits.waiting} questions wait already, or {limits.requests} are being received",
        f"within {limits.answer_s:g} s",
        f"waits {limits.gather_s * 1000:g} ms for others (up to {limits.batch})",
    ):
        assert told in text, told
