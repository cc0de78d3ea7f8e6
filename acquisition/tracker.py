"""A stand-in tracker: a recording, published in real time exactly as a real tool would publish it."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from acquisition.imitation import imitate
from acquisition.outlet import GazeOutlet
from acquisition.profiles import format_named
from acquisition.tobii_tsv import read_tobii_tsv
from acquisition.wire_format import WireFormat
from protocols.errors import ChannelsUnknown, GazeTwinError, SourceNotFound
from protocols.geometry import FloatArray, Screen

log = logging.getLogger(__name__)

LINGER_S = 2.0
_STEP_S = 0.004


@dataclass(frozen=True, slots=True)
class Published:
    """What a stand-in tracker has sent.

    Attributes:
        name: stream name.
        source_id: device id.
        profile: wire format.
        sent: samples.
        first_t_s: LSL time of the first sample in s, 0 when none was sent.
        last_t_s: of the last one.
    """

    name: str
    source_id: str
    profile: str
    sent: int
    first_t_s: float
    last_t_s: float


def publish(
    profile: str,
    replay: Path,
    speed: float = 1.0,
    stopped: threading.Event | None = None,
    screen: Screen | None = None,
) -> Published:
    """Publish a Tobii recording in the wire format of ``profile``.

    Waits for a consumer, then sends in real time with the recording's own stamps, moved so that the first is
    now. Afterwards the outlet stays open for LINGER_S, or until the last consumer has left.

    Args:
        profile: wire format, for example ``tobii-pro``.
        replay: ``.tsv`` or ``.tsv.gz``, see ``acquisition.tobii_tsv``.
        speed: how much faster than real time; stamps are compressed alike.
        stopped: set it to end early.
        screen: the display, for tools that publish pixels.

    Raises:
        SourceNotFound: the recording cannot be read, or ``speed`` is not positive.
        ChannelsUnknown: no such profile, or one that is no gaze on a screen.
    """
    stopped = stopped or threading.Event()
    wire = publishable(format_named(profile))
    if not speed > 0:
        raise SourceNotFound(
            f"A speed of {speed:g} cannot be played.", "Time must go forward.", "Give a positive number."
        )
    values, t_s = imitate(read_tobii_tsv(replay), wire, screen or Screen())
    outlet = GazeOutlet(wire, f"replay-{replay.name.split('.')[0]}")
    try:
        return _play(outlet, wire, values, (t_s - t_s[:1]) / speed, stopped)
    finally:
        outlet.close()


def main(argv: Sequence[str]) -> int:
    """Run the ``tracker`` program: publish until the recording or the patience of the user ends."""
    options = _parser().parse_args(argv)
    try:
        with _stopped_by_signals() as stopped:
            done = publish(options.profile, options.replay, options.speed, stopped)
    except GazeTwinError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    told = json.dumps(asdict(done)) if options.json else f"{done.sent} samples sent as {done.name}"
    sys.stdout.write(told + "\n")
    return 0


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Yield an event that an interrupt or a request to terminate sets, so that the report still comes."""
    stopped = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tracker", description="Publish a recording as a real tool would.")
    parser.add_argument("--as", dest="profile", required=True, help="wire format, for example tobii-pro")
    parser.add_argument("--replay", type=Path, required=True, help="Tobii recording, .tsv or .tsv.gz")
    parser.add_argument("--speed", type=float, default=1.0, help="times real time")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    return parser


def publishable(wire: WireFormat) -> WireFormat:
    """Return the format if gaze on a screen can be written in it.

    Raises:
        ChannelsUnknown: it is no gaze on a screen.
    """
    if wire.refused:
        raise ChannelsUnknown(
            f"Profile {wire.profile} cannot be imitated from a screen recording.",
            wire.refused,
            "Choose the profile of a screen-based tracker.",
        )
    return wire


def _play(
    outlet: GazeOutlet, wire: WireFormat, values: FloatArray, t_s: FloatArray, stopped: threading.Event
) -> Published:
    log.info("%s waits for a consumer", outlet.name)
    outlet.wait_for_consumer(stopped.is_set)
    start_s = outlet.now_s()
    stamps = start_s + t_s
    sent = 0
    while sent < len(stamps) and not stopped.is_set():
        due = int(np.searchsorted(stamps, outlet.now_s(), side="right"))
        outlet.push(values[sent:due], stamps[sent:due])
        sent = max(sent, due)
        time.sleep(_STEP_S)
    if sent:
        outlet.linger(LINGER_S)
    first_s, last_s = (float(stamps[0]), float(stamps[sent - 1])) if sent else (0.0, 0.0)
    return Published(outlet.name, outlet.source_id, wire.profile, sent, first_s, last_s)
