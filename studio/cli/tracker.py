"""``gazetwin tracker``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.boundary import negative
from studio.cli.options import AsJson
from studio.cli.output import emit, note, say


def tracker(
    profile: Annotated[
        str, typer.Option("--as", metavar="PROFILE", help="Whose wire format, for example tobii-pro.")
    ] = "",
    profile_file: Annotated[
        Path | None,
        typer.Option("--profile", metavar="FILE", help="A profile file instead; see gazetwin pick."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            metavar="FILE",
            help="A Tobii recording (.tsv, .tsv.gz) instead of a simulated viewer.",
        ),
    ] = None,
    speed: Annotated[float, typer.Option("--speed", help="Replay how many times real time.")] = 1.0,
    rate_hz: Annotated[
        float | None,
        typer.Option("--rate", min=1, max=2000, metavar="HZ", help="Rate of the simulated viewer; 120."),
    ] = None,
    clock_shift_s: Annotated[
        float,
        typer.Option("--clock-shift", metavar="SECONDS", help="Stamp with a clock this far from LSL's."),
    ] = 0.0,
    surface: Annotated[
        Path | None,
        typer.Option("--surface", metavar="FILE", help="Where a head-worn tracker's camera sees the screen."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Stand in for a tracker: publish gaze over LSL in the exact wire format of a real tool.

    Waits until someone listens. A recording plays once; a simulated viewer looks about until Ctrl-C.
    """
    from acquisition.imitator import Setting
    from acquisition.profile_file import read_profile
    from acquisition.profiles import format_named
    from acquisition.surface import read_surface
    from acquisition.tracker import publish
    from acquisition.viewer.stand_in import publish_viewer
    from protocols.geometry import Screen
    from studio.interrupted import until_interrupted

    if bool(profile) == (profile_file is not None):
        raise typer.BadParameter("Give either --as PROFILE or --profile FILE.", param_hint="--as")
    if replay is None and speed != 1.0:
        raise typer.BadParameter("Only a recording can be played faster: add --replay.", param_hint="--speed")
    if replay is not None and rate_hz is not None:
        raise typer.BadParameter("A recording has its own rate: leave it out.", param_hint="--rate")
    wire = read_profile(profile_file).wire_format() if profile_file else format_named(profile)
    setting = Setting(Screen(), read_surface(surface) if surface else None, clock_shift_s)
    with until_interrupted() as stopped:
        who = replay or "A simulated viewer"
        words = f"{who} goes out as {profile or profile_file} as soon as someone listens; Ctrl-C ends it."
        on_air = partial(note, words)
        published = (
            publish(wire, replay, speed, stopped, setting, on_air)
            if replay
            else publish_viewer(wire, stopped, rate_hz=rate_hz or 120.0, setting=setting, on_air=on_air)
        )
    if as_json:
        emit(published)
    else:
        say(f"{published.sent} samples sent as {published.name} ({published.source_id}).")
    if not published.sent:
        raise negative()
