from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.connection import Connection
from acquisition.samples import CursorChunk, GazeChunk
from protocols.markers import Marker
from protocols.stimulus import Viewport

# Publishes numbered samples as a given tool would, in its own process. Arguments: profile, device, rate in
# Hz, first number, seconds, shift of the stamps in s. Says "ready", waits for a consumer, says what it sent.
OUTLET_PROGRAM = """
import sys, time
import numpy as np
from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
profile, device = sys.argv[1:3]
rate, first, seconds, shift_s = (float(argument) for argument in sys.argv[3:7])
outlet = GazeOutlet(format_named(profile), device, rate)
print("ready", outlet.source_id, flush=True)
outlet.wait_for_consumer()
start, sent, total = outlet.now_s(), 0, int(rate * seconds)
width = len(format_named(profile).channels)
while sent < total:
    due = min(total, int((outlet.now_s() - start) * rate))
    numbers = np.arange(first + sent, first + due, dtype=float)
    values = np.full((len(numbers), width), 0.5)
    values[:, 0] = numbers
    outlet.push(values, start + shift_s + (np.arange(sent, due) / rate))
    sent = max(sent, due)
    time.sleep(0.004)
print("sent", sent, flush=True)
sys.stdin.read()
"""


class ListSink:
    """Keeps everything it is given; raises what it is told to."""

    def __init__(self) -> None:
        self.chunks: list[GazeChunk] = []
        self.cursors: list[CursorChunk] = []
        self.markers: list[Marker] = []
        self.viewports: list[tuple[float, str, Viewport, str]] = []
        self.offsets: list[tuple[float, float]] = []
        self.connections: dict[int, Connection] = {}
        self.log: list[str] = []
        self.closed = ""
        self.fail_on: set[str] = set()

    def _note(self, what: str) -> None:
        if what in self.fail_on:
            raise OSError(28, f"no space left for {what}")
        self.log.append(what)

    def gaze(self, chunk: GazeChunk) -> None:
        self._note("gaze")
        self.chunks.append(chunk)

    def cursor(self, chunk: CursorChunk) -> None:
        self._note("cursor")
        self.cursors.append(chunk)

    def marker(self, marker: Marker) -> None:
        self._note(f"marker {marker.code}")
        self.markers.append(marker)

    def viewport(self, t_s: float, screen_id: str, viewport: Viewport, page: str) -> None:
        self._note("viewport")
        self.viewports.append((t_s, screen_id, viewport, page))

    def offset(self, t_s: float, offset_s: float) -> None:
        self._note("offset")
        self.offsets.append((t_s, offset_s))

    def connection(self, connection: Connection) -> None:
        self._note("connection")
        self.connections[connection.link.number] = connection

    def flush(self) -> None:
        self._note("flush")

    def close(self, reason: str) -> None:
        self._note("close")
        self.closed = reason

    @property
    def samples(self) -> GazeChunk:
        return GazeChunk.joined(self.chunks)


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


def _chunk(first: int, n: int = 4, rate_hz: float = 100.0) -> GazeChunk:
    numbers = np.arange(first, first + n, dtype=np.float64)
    t_s = numbers / rate_hz
    xy = np.column_stack([numbers, numbers + 0.5])
    return GazeChunk(t_s, t_s, xy, np.ones(n, bool), np.full((n, 2), 3.0), xy.copy())


@pytest.fixture
def numbered() -> Callable[..., GazeChunk]:
    """Builds a chunk of n samples whose first raw channel counts from `first`."""
    return _chunk


class OutletProcess:
    """A tracker in another process, publishing numbered samples."""

    def __init__(
        self,
        profile: str,
        device: str,
        rate_hz: float,
        first: int = 0,
        seconds: float = 1.0,
        shift_s: float = 0.0,
    ) -> None:
        arguments = [profile, device, str(rate_hz), str(first), str(seconds), str(shift_s)]
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", OUTLET_PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.source_id = self._line().split(maxsplit=1)[1:]

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def wait_sent(self) -> int:
        return int(self._line().split()[1])

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def outlet_process() -> Iterator[Callable[..., OutletProcess]]:
    started: list[OutletProcess] = []

    def start(*args: object, **kwargs: object) -> OutletProcess:
        started.append(OutletProcess(*args, **kwargs))
        return started[-1]

    yield start
    for one in started:
        one.kill()


TOBII_COLUMNS = (
    *("Time", "LEyePos3dx", "LEyePos3dy"),
    *("LGazePos2dx", "LGazePos2dy", "LPupilDm", "LValidity"),
    *("RGazePos2dx", "RGazePos2dy", "RPupilDm", "RValidity"),
    "RelTimestamp",
)


@pytest.fixture
def tobii_file(tmp_path: Path) -> Path:
    """A short recording written to the format's description: 300 Hz, 0.6 s, a loss in the middle."""
    rng = np.random.default_rng(5)
    lines = ["\t".join(TOBII_COLUMNS)]
    for i in range(180):
        lost_left, lost_right = 60 <= i < 70, 64 <= i < 75
        left = [-1.0, -1.0, -1.0, 4] if lost_left else [*rng.uniform(-0.1, 1.1, 2).round(4), 3.1 + i / 1e3, 0]
        right = [-1.0, -1.0, -1.0, 4] if lost_right else [*rng.uniform(0, 1, 2).round(4), 3.0, 0]
        time_us = 2_640_808_332 + i * 3343 + int(rng.integers(-40, 40))
        row = [time_us, 37.0068, -16.1, *left, *right, i * 3.343]
        lines.append("\t".join(str(value) for value in row))
    path = tmp_path / "tobii.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
