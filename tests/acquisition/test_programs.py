from __future__ import annotations

import json
import subprocess
import sys

from acquisition.__main__ import main


def test_an_unknown_program_shows_the_usage(capsys):
    assert main([]) == 2
    assert main(["telescope"]) == 2
    assert "tracker|streams|viewer" in capsys.readouterr().err


def test_streams_lists_what_answers(outlet_process, capsys):
    outlet_process("tobii-pro", "listed", 60.0)
    assert main(["streams", "--timeout", "0.7", "--json"]) == 0
    (stream,) = json.loads(capsys.readouterr().out)
    assert (stream["profile"], stream["source_id"]) == ("tobii-pro", "Tobiiat_listed")
    assert stream["channels"][0] == {"label": "left_x", "unit": "screencoords", "role": "gaze x, left"}


def test_listing_streams_does_not_start_a_tracker(outlet_process, capsys):
    tracker = outlet_process("tobii-pro", "waits", 60.0, seconds=0.01)
    assert main(["streams", "--timeout", "0.7"]) == 0
    assert "tobii-pro" in capsys.readouterr().out
    tracker.process.kill()
    said, _ = tracker.process.communicate()
    assert "sent" not in said


def test_the_package_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "acquisition", "streams", "--timeout", "0.3"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no gaze stream answers" in done.stdout
