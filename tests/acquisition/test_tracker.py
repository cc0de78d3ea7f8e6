from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from acquisition.liblsl import load_pylsl
from acquisition.lsl import LslSource
from acquisition.recorder import Recorder
from acquisition.tobii_tsv import read_tobii_tsv
from acquisition.tracker import main, publish
from protocols.errors import ChannelsUnknown, SourceNotFound
from protocols.geometry import Screen


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "acquisition", "tracker", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _float32_columns(path: Path) -> np.ndarray:
    """The six channels, read from the file in the plainest way."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    names = header.split("\t")
    rows = []
    for line in lines:
        cells = dict(zip(names, line.split("\t"), strict=True))
        row = []
        for eye in "LR":
            lost = cells[f"{eye}Validity"] == "4"
            values = (cells[eye + name] for name in ("GazePos2dx", "GazePos2dy", "PupilDm"))
            row.extend(float("nan") if lost else float(value) for value in values)
        rows.append(row)
    return np.asarray(rows, dtype=np.float32)


def test_a_replayed_recording_arrives_complete_and_exact(tobii_file, sink):
    tracker = _start("--as", "tobii-pro", "--replay", str(tobii_file), "--json")
    source = LslSource(Screen(), timeout_s=10.0)
    source.open()
    recorder = Recorder(source, sink)
    recorder.start()
    deadline = time.monotonic() + 20.0
    while not recorder.status().gone:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    report = recorder.stop()
    assert source.info.replayed
    told, errors = tracker.communicate()
    assert (tracker.returncode, errors) == (0, "")
    done = json.loads(told)
    assert done["sent"] == report.samples == 180
    assert source.info.nominal_hz == 600.0

    got = sink.samples
    np.testing.assert_array_equal(got.raw.astype(np.float32), _float32_columns(tobii_file))
    np.testing.assert_array_equal(got.raw, got.raw.astype(np.float32).astype(np.float64))
    recorded_s = read_tobii_tsv(tobii_file).t_s
    np.testing.assert_allclose(got.t_source_s - got.t_source_s[0], recorded_s - recorded_s[0], atol=1e-6)
    assert done["first_t_s"] == got.t_source_s[0]
    assert got.valid[:60].all()
    assert not got.valid[64:70].any()
    assert got.valid[70:75].all()


def test_a_terminated_tracker_tells_what_it_sent(tobii_file):
    tracker = _start("--as", "tobii-pro", "--replay", str(tobii_file), "--json")
    assert load_pylsl().resolve_byprop("source_id", "Tobiiat_replay-tobii", 1, 10.0)
    tracker.send_signal(signal.SIGTERM)
    told, _ = tracker.communicate(timeout=10)
    assert tracker.returncode == 0
    assert json.loads(told)["sent"] == 0


def test_speed_compresses_the_stamps(tobii_file):
    done = []
    thread = threading.Thread(target=lambda: done.append(publish("titta", tobii_file, speed=4.0)))
    thread.start()
    handle = load_pylsl().resolve_byprop("name", "Tobii_gaze", 1, 5.0)[0]
    inlet = load_pylsl().StreamInlet(handle)
    inlet.open_stream(5.0)
    stamps = []
    while len(stamps) < 180:
        stamps += inlet.pull_chunk(0.2, 1024, min_samples=1)[1]
    inlet.close_stream()
    thread.join()
    assert done[0].sent == 180
    recorded_s = read_tobii_tsv(tobii_file).t_s
    assert stamps[-1] - stamps[0] == pytest.approx((recorded_s[-1] - recorded_s[0]) / 4.0, abs=1e-6)


def test_bad_input_is_refused_with_a_reason(tobii_file, tmp_path, capsys):
    with pytest.raises(SourceNotFound, match="speed"):
        publish("tobii-pro", tobii_file, speed=0.0)
    with pytest.raises(ChannelsUnknown, match="head-worn"):
        publish("pupil-core", tobii_file)
    assert main(["--as", "no-such-tool", "--replay", str(tobii_file)]) == 2
    assert "tobii-pro" in capsys.readouterr().err
    assert main(["--as", "tobii-pro", "--replay", str(tmp_path / "absent.tsv")]) == 2
    assert "absent.tsv" in capsys.readouterr().err
