"""The two sides of the acquisition benchmark: numbered outlets, and the program that records them.

Each runs in a program of its own. They talk over standard streams: an outlet says ``ready``, is told ``go``
and says ``sent N``; a recorder says ``ready``, is told ``stop`` and prints what it measured as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from acquisition.clock import Clock, SteadyClock, unix_pair
from acquisition.liblsl import load_pylsl
from acquisition.live import LiveBuffer
from acquisition.lsl import LslSource
from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
from acquisition.recorder import Recorder
from acquisition.samples import GazeChunk
from benchmarks._delays import Delays, memory_mib
from protocols.geometry import FloatArray, Screen
from protocols.participant import Participant
from protocols.study import load_study
from sessions.reader import Recording
from sessions.writer import Header, SessionWriter

STREAMS: tuple[tuple[str, int], ...] = (
    ("titta", 1200),
    ("tobii-pro", 600),
    ("eyelink", 200),
    ("gazepoint", 60),
)
"""Wire formats and rates in Hz; the first has 37 channels."""

FILLED_S = 120
"""After this time in s every buffer of fixed length is full, and memory should not grow any more."""

_LIVE_S = 60.0
_PUSH_EVERY_S = 0.002


def publish(profile: str, rate_hz: int, seconds: float) -> None:
    """Publish samples of which the first channel counts from 0, each when its stamp is due."""
    wire = format_named(profile)
    outlet = GazeOutlet(wire, "bench", rate_hz)
    print("ready", outlet.source_id, flush=True)
    sys.stdin.readline()
    start_s, sent, total = outlet.now_s(), 0, int(rate_hz * seconds)
    while sent < total:
        due = min(total, int((outlet.now_s() - start_s) * rate_hz) + 1)
        numbers = np.arange(sent, due, dtype=np.float64)
        values = np.full((len(numbers), len(wire.channels)), 0.5)
        values[:, 0] = numbers
        outlet.push(values, start_s + numbers / rate_hz)
        sent = max(sent, due)
        time.sleep(_PUSH_EVERY_S)
    print("sent", sent, flush=True)
    sys.stdin.readline()


class _TimedLive:
    """The live buffer, with the delay of every sample that has just become visible in it."""

    def __init__(self, clock: Clock) -> None:
        self._buffer, self._clock, self.delays = LiveBuffer(_LIVE_S), clock, Delays()

    def append(self, chunk: GazeChunk) -> None:
        """Take samples."""
        self._buffer.append(chunk)
        self.delays.add(self._clock.now_s() - chunk.t_s)


class _TimedWriter(SessionWriter):
    """The session's writer, with the delay of every sample that has just become crash-proof."""

    def __init__(self, path: Path, header: Header) -> None:
        self.delays, self._waiting, self._steady = Delays(), list[FloatArray](), SteadyClock()
        super().__init__(path, header)

    def gaze(self, chunk: GazeChunk) -> None:
        """Append samples."""
        super().gaze(chunk)
        self._waiting.append(chunk.t_s)

    def flush(self) -> None:
        """Make what was appended crash-proof."""
        super().flush()
        now_s = self._steady.now_s()
        for t_s in self._waiting:
            self.delays.add(now_s - t_s)
        self._waiting.clear()


def record(folder: Path, source_ids: list[str]) -> None:
    """Record every stream as a session does, into a file each, until told to stop."""
    clock = SteadyClock()
    recorders, writers, views = [], [], []
    for i, source_id in enumerate(source_ids):
        source = LslSource(Screen(), source_id=source_id, clock=clock)
        source.open()
        header = Header(
            study=load_study("free-gaze"),
            participant=Participant(pseudonym="B1"),
            screen=Screen(),
            source=source.info,
            clock_pair=unix_pair(clock),
            software="benchmark",
            consent={},
        )
        writers.append(_TimedWriter(folder / f"{i}.h5", header))
        views.append(_TimedLive(clock))
        recorders.append(Recorder(source, writers[-1], views[-1], clock))
    for recorder in recorders:
        recorder.start()
    used = _until_told()
    reports = [recorder.stop() for recorder in recorders]
    streams = [
        {
            "numbers": _numbers(writer.path),
            "live": view.delays.summary(),
            "disk": writer.delays.summary(),
            "counted_lost": report.lost_samples,
            "failure": report.failure,
        }
        for report, writer, view in zip(reports, writers, views, strict=True)
    ]
    print(json.dumps({**used, "streams": streams}), flush=True)


def _until_told() -> dict[str, float]:
    """Wait for the end; return what this process used from now on, and how its memory grew."""
    print("ready", flush=True)
    cpu_s, since_s, grown = time.process_time(), time.monotonic(), [memory_mib()]
    told = threading.Event()
    threading.Thread(target=_set_when_told, args=(told,), daemon=True).start()
    while not told.wait(1.0):
        grown.append(memory_mib())
    seconds = time.monotonic() - since_s
    return {
        "cores": (time.process_time() - cpu_s) / seconds,
        "early_mib": grown[min(FILLED_S, len(grown) - 1)],
        "end_mib": grown[-1],
    }


def _set_when_told(told: threading.Event) -> None:
    sys.stdin.readline()
    told.set()


def _numbers(path: Path) -> dict[str, int]:
    """Count what is in a recording: samples, and how many of them come right after the one before."""
    with Recording.open(path) as recording:
        return _in_order(recording.gaze().raw[:, 0])


def _in_order(numbers: FloatArray) -> dict[str, int]:
    right = int(np.count_nonzero(np.diff(numbers, prepend=-1.0) == 1.0))
    return {"received": len(numbers), "in_order": right}


def record_plainly(folder: Path, source_ids: list[str]) -> None:
    """Record as the plainest script does: a thread per stream that pulls a chunk and appends it with h5py."""
    pylsl, stop = load_pylsl(), threading.Event()
    lock = threading.Lock()
    with h5py.File(folder / "plain.h5", "w") as h5:
        handles = [pylsl.resolve_byprop("source_id", name, 1, 10.0)[0] for name in source_ids]
        inlets = [pylsl.StreamInlet(handle, processing_flags=pylsl.proc_clocksync) for handle in handles]
        for inlet in inlets:
            inlet.open_stream(5.0)
            inlet.time_correction(5.0)  # else the first pull would wait for it
        states: list[dict[str, Any]] = [{"live": Delays(), "disk": Delays()} for _ in inlets]
        threads = [
            threading.Thread(target=_append, args=(inlet, h5.create_group(str(i)), states[i], stop, lock))
            for i, inlet in enumerate(inlets)
        ]
        for thread in threads:
            thread.start()
        used = _until_told()
        stop.set()
        for thread in threads:
            thread.join()
        streams = [
            {
                "numbers": _in_order(h5[f"{i}/values"][:, 0]),
                **{k: states[i][k].summary() for k in ("live", "disk")},
            }
            for i in range(len(inlets))
        ]
    print(json.dumps({**used, "streams": streams}), flush=True)


def _append(
    inlet: Any, group: h5py.Group, state: dict[str, Any], stop: threading.Event, lock: threading.Lock
) -> None:
    pylsl, width = load_pylsl(), inlet.channel_count
    values = group.create_dataset("values", (0, width), "f8", maxshape=(None, width), chunks=(256, width))
    stamps = group.create_dataset("stamps", (0,), "f8", maxshape=(None,), chunks=(1024,))
    waiting: list[FloatArray] = []
    flush_s = time.monotonic() + 0.5
    while not stop.is_set():
        got, t_s = inlet.pull_chunk(timeout=0.02, max_samples=1024, min_samples=1)
        if t_s:
            with lock:
                values.resize(len(values) + len(t_s), axis=0)
                stamps.resize(len(stamps) + len(t_s), axis=0)
                values[-len(t_s) :], stamps[-len(t_s) :] = got, t_s
            waiting.append(np.asarray(t_s))
            state["live"].add(pylsl.local_clock() - waiting[-1])
        if time.monotonic() >= flush_s:
            with lock:
                group.file.flush()
            now_s, flush_s = pylsl.local_clock(), time.monotonic() + 0.5
            for t in waiting:
                state["disk"].add(now_s - t)
            waiting.clear()
