"""``gazetwin streams``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.boundary import negative
from studio.cli.options import AsJson
from studio.cli.output import emit, say, show

if TYPE_CHECKING:
    from acquisition.stream_table import StreamReading
    from acquisition.streams import StreamDescription


def streams(
    wait_s: Annotated[
        float, typer.Option("--wait", min=0.1, max=60.0, help="How many seconds to wait for answers.")
    ] = 2.0,
    listen_s: Annotated[
        float,
        typer.Option("--listen", min=0, max=60.0, help="How many seconds to measure rates; 0: not at all."),
    ] = 1.0,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="Read streams by this profile file only."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the gaze streams on the network, how each channel is understood, and the rate that really arrives.

    Measuring connects to the streams, which starts a waiting gazetwin tracker; --listen 0 only looks.
    """
    from acquisition.stream_table import surveyed
    from studio.remembered import reading

    found, further = surveyed(wait_s, listen_s, reading(profile))
    if as_json:
        emit({"streams": found, "further": [_facts(one) for one in further]})
    else:
        _print(found, wait_s)
        _print_further(further)
    if not any(stream.profile for stream in found):
        raise negative()


def _print(found: list[StreamReading], wait_s: float) -> None:
    from acquisition.stream_table import rates

    for stream in found:
        identity = stream.source_id or f"no source id, uid {stream.uid}"
        title = f"{stream.name}: {stream.profile or 'cannot be recorded'} ({rates(stream)}, {identity})"
        otherwise = "recorded only" if stream.profile else ""
        rows = [(i, c.label, c.unit, c.role or otherwise) for i, c in enumerate(stream.channels)]
        show(title, ("", "channel", "unit", "understood as"), rows)
        if stream.note:
            say(stream.note)
    if not found:
        say(f"No gaze stream answered within {wait_s:g} s. Start the tracker's LSL bridge, or let")
        say("'gazetwin doctor' check whether this machine finds its own streams.")


def _facts(one: StreamDescription) -> dict[str, object]:
    return {
        "name": one.name,
        "type": one.type,
        "source_id": one.source_id,
        "host": one.host,
        "uid": one.uid,
        "nominal_hz": one.nominal_hz,
        "channel_count": one.channel_count,
    }


def _print_further(further: Sequence[StreamDescription]) -> None:
    named = "; ".join(
        f"{one.name} (type {one.type or 'not given'}, {one.channel_count} channels): "
        f"gazetwin pick {shlex.quote(one.name or one.uid)}"
        for one in further
    )
    if named:
        say(f"Further streams that may be gaze, if somebody says what their channels are: {named}")
