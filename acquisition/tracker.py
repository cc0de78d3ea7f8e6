"""A stand-in tracker: a recording, published in real time exactly as a real tool would publish it."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from acquisition.binocular import BinocularGaze
from acquisition.imitation import tracked_eyes
from acquisition.imitator import Imitator, Published, Setting
from acquisition.profiles import format_named
from acquisition.source import REPLAYED
from acquisition.tobii_tsv import read_tobii_tsv
from acquisition.wire_format import WireFormat
from protocols.errors import GazeTwinError, SourceNotFound
from protocols.geometry import Screen

LINGER_S = 2.0
_STEP_S = 0.004


def publish(
    profile: str | WireFormat,
    replay: Path,
    speed: float = 1.0,
    stopped: threading.Event | None = None,
    setting: Setting | None = None,
    on_air: Callable[[], None] | None = None,
) -> Published:
    """Publish a Tobii recording in the wire format of ``profile``.

    Waits for a consumer, then sends in real time with the recording's own stamps, moved so that the first is
    now. Afterwards the outlet stays open for LINGER_S, or until the last consumer has left.

    Args:
        profile: wire format, or the name of one, for example ``tobii-pro``.
        replay: ``.tsv`` or ``.tsv.gz``, see ``acquisition.tobii_tsv``.
        speed: how much faster than real time; stamps are compressed alike.
        stopped: set it to end early.
        setting: the display, and what else the tool is in.
        on_air: called once the stream can be found.

    Raises:
        SourceNotFound: the recording cannot be read, or ``speed`` is not positive.
        ChannelsUnknown: no such profile, or one that cannot be made from gaze on a screen.
    """
    stopped = stopped or threading.Event()
    wire = format_named(profile) if isinstance(profile, str) else profile
    if not speed > 0:
        raise SourceNotFound(
            f"A speed of {speed:g} cannot be played.", "Time must go forward.", "Give a positive number."
        )
    gaze = read_tobii_tsv(replay)
    device = f"{REPLAYED}{replay.name.split('.')[0]}"
    tracked = tracked_eyes(gaze)
    tool = Imitator(wire, device, gaze.rate_hz * speed, setting or Setting(Screen()), tracked)
    try:
        if on_air:
            on_air()
        _play(tool, gaze, speed, stopped)
        return tool.done(LINGER_S)
    finally:
        tool.close()


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


def _play(tool: Imitator, gaze: BinocularGaze, speed: float, stopped: threading.Event) -> None:
    tool.wait_for_consumer(stopped.is_set)
    shift_s = tool.now_s() - float(gaze.t_s[0]) / speed
    due_s = gaze.t_s / speed + shift_s
    sent = 0
    while sent < len(due_s) and not stopped.is_set():
        due = int(np.searchsorted(due_s, tool.now_s(), side="right"))
        tool.push(gaze.part(sent, due, shift_s, speed))
        tool.look_around()
        sent = max(sent, due)
        time.sleep(_STEP_S)
