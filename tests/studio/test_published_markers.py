"""Markers on the network while a session runs, as another recorder sees them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from acquisition.clock import SteadyClock
from acquisition.mouse import MouseSource
from protocols.markers import Code
from protocols.participant import Participant
from protocols.study import load_study
from protocols.trial_events import Abort
from sessions.reader import Recording
from studio.conductor import Conductor
from studio.inputs import Did, Noted
from studio.recording import Order, record
from studio.sources import Rig
from studio.stage import HeadlessStage

# Another recorder: follows the markers until the session is over, and tells what came and when.
LISTENER = """
import json
import pylsl
handle = pylsl.resolve_byprop("name", "GazeTwin_Markers", 1, 20.0)[0]
inlet = pylsl.StreamInlet(handle)
inlet.open_stream(5.0)
print(json.dumps([handle.type(), handle.nominal_srate(), handle.source_id()]), flush=True)
got = []
while not got or got[-1][0]["code"] != "session_end":
    sample, t_s = inlet.pull_sample(10.0)
    got.append((json.loads(sample[0]), t_s))
print(json.dumps(got), flush=True)
"""


def test_another_recorder_gets_the_markers_of_the_file_with_their_times(tmp_path: Path) -> None:
    listener = subprocess.Popen(
        [sys.executable, "-P", "-c", LISTENER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert listener.stdout is not None
    lines = iter(listener.stdout.readline, "")
    heard: list[str] = []

    def operate(conductor: Conductor) -> None:
        heard.append(next(lines))
        for text in ("the light was dimmed", "größer"):
            conductor.post(Noted(text))
        conductor.post(Did(Abort("done")))

    operators: list[threading.Thread] = []

    def watch(conductor: Conductor) -> None:
        operators.append(threading.Thread(target=operate, args=(conductor,)))
        operators[0].start()

    path = tmp_path / "P01-now" / "session.h5"
    study = load_study("free-gaze")
    order = Order(study, Participant(pseudonym="P01"), path, headless=False, duration_s=60.0, publish=True)
    clock = SteadyClock()
    source = MouseSource(clock)
    source.open()
    record(order, Rig(source), HeadlessStage(clock), clock, watch=watch)
    operators[0].join()
    out, err = listener.communicate(timeout=20)
    assert listener.returncode == 0, err
    assert json.loads(heard[0]) == ["Markers", 0.0, "gazetwin-markers-P01-now"]
    got = json.loads(out.splitlines()[-1])
    with Recording.open(path) as recording:
        written = recording.markers()[-len(got) :]
    assert [code["code"] for code, _ in got] == [m.code for m in written]
    assert [t_s for _, t_s in got] == [m.t_s for m in written]
    assert [code["payload"] for code, _ in got] == [dict(m.payload) for m in written]
    notes = [code["payload"]["text"] for code, _ in got if code["code"] == Code.NOTE]
    assert notes == ["the light was dimmed", "größer"]
