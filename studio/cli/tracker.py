"""``gazetwin tracker``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.boundary import negative
from studio.cli.options import AsJson
from studio.cli.output import emit, note, say


def tracker(
    profile: Annotated[
        str, typer.Option("--as", metavar="PROFILE", help="Whose wire format, for example tobii-pro.")
    ],
    replay: Annotated[
        Path, typer.Option("--replay", metavar="FILE", help="A Tobii recording, .tsv or .tsv.gz.")
    ],
    speed: Annotated[float, typer.Option("--speed", help="How many times real time.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Stand in for a tracker: publish gaze over LSL in the exact wire format of a real tool.

    Waits until someone listens, then plays once. Ctrl-C ends it early.
    """
    from acquisition.tracker import publish

    with _until_interrupted() as stopped:
        note(f"{replay} goes out as {profile} as soon as someone listens; Ctrl-C ends it.")
        published = publish(profile, replay, speed, stopped)
    if as_json:
        emit(published)
    else:
        say(f"{published.sent} samples sent as {published.name} ({published.source_id}).")
    if not published.sent:
        raise negative()


@contextmanager
def _until_interrupted() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and a terminate set, so that the stream is closed in order."""
    stopped = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
