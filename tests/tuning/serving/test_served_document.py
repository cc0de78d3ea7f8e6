"""Schemathesis against the server's own OpenAPI document: nothing it sends ends in an error of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]
HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")

# JSON Schema cannot say that a screen needs as many swipes as rows, or that a row holds a multiple of five
# films; such pages are rightly refused. Requests that must be accepted are in the tests beside this one.
NOT_CHECKED = "positive_data_acceptance"


def test_every_answer_is_as_documented(url: str, tmp_path: Path) -> None:
    command = [str(SCHEMATHESIS), "--config-file", str(HERE / "schemathesis.toml"), "run"]
    command += [f"{url}/openapi.json", "--checks", "all", "--exclude-checks", NOT_CHECKED]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "6", "--seed", "1"]
    command += ["--report", "json", "--report-json-path", str(tmp_path / "run.json"), "--no-color"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "6 selected / 6 total" in done.stdout


def test_the_document_says_everything(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/health",
        "/ready",
        "/personas",
        "/personas/{pseudonym}",
        "/personas/{pseudonym}/looks",
        "/personas/{pseudonym}/picture-looks",
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            errors = {s: r for s, r in operation["responses"].items() if not s.startswith("2")}
            assert errors, path
            for answer in errors.values():
                assert answer["description"]
                assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
    for name, schema in document["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            assert told.get("description") or "const" in told, (name, field)
            if field.endswith("_px"):
                assert "px" in told["description"], (name, field)
    assert "503" in document["paths"]["/personas/{pseudonym}/looks"]["post"]["responses"]
    assert "file://" not in json.dumps(document)
