"""``gazetwin pick``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from studio.cli.boundary import UNUSABLE, negative
from studio.cli.options import AsJson
from studio.cli.output import emit, note, say, show

if TYPE_CHECKING:
    from acquisition.profile_file import PickedProfile
    from acquisition.wire_format import Eye
    from protocols.geometry import Screen
    from studio.picking import Candidate, Choice

_Answer = TypeVar("_Answer")
_LOOK_S = 1.5
_WHICH = "X,Y[,VALID]: channels by label or number"


def pick(
    stream: Annotated[str, typer.Argument(metavar="STREAM", help="Name, source id or uid of a stream.")],
    left: Annotated[str, typer.Option("--left", metavar="X,Y[,VALID]", help=f"Left eye; {_WHICH}.")] = "",
    right: Annotated[str, typer.Option("--right", metavar="X,Y[,VALID]", help="Right eye.")] = "",
    both: Annotated[str, typer.Option("--both", metavar="X,Y[,VALID]", help="One gaze of both eyes.")] = "",
    unit: Annotated[
        Literal["fraction", "percent", "px", "mm"] | None,
        typer.Option("--unit", help="Unit of the coordinates."),
    ] = None,
    origin: Annotated[
        Literal["top-left", "bottom-left", "centre", "centre-y-up"],
        typer.Option("--origin", help="Where they are 0; the first and the third with y downwards."),
    ] = "top-left",
    valid: Annotated[
        str, typer.Option("--valid", metavar="LOWEST..HIGHEST", help="Which values of VALID mean valid.")
    ] = "",
    lost: Annotated[
        float | None, typer.Option("--lost", help="What x and y both hold for a lost eye, NaN aside.")
    ] = None,
    missing: Annotated[
        float | None, typer.Option("--missing", help="What either holds when it is missing, NaN aside.")
    ] = None,
    pupils: Annotated[
        str, typer.Option("--pupils", metavar="LEFT,RIGHT", help="Pupil channels; one may be empty.")
    ] = "",
    mm_per_unit: Annotated[
        float, typer.Option("--mm-per-unit", min=0, help="From their values to a diameter in mm.")
    ] = 1.0,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Short name of the profile.")] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it, instead of remembering it."),
    ] = None,
    screen: Annotated[
        str, typer.Option("--screen", metavar="WxH", help="Size of the screen in px.")
    ] = "1920x1080",
    despite: Annotated[
        bool, typer.Option("--despite", help="Keep it although something looks wrong.")
    ] = False,
    wait_s: Annotated[float, typer.Option("--wait", min=0.1, help="Seconds to wait for the stream.")] = 2.0,
    listen_s: Annotated[float, typer.Option("--listen", min=0.1, help="Seconds to listen to it.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Say once what the channels of an unknown stream are, and check it on live samples.

    Without options it shows what each channel seems to be and asks. The answer is a profile file, remembered
    for this stream; give it to others with --out, and to other commands with --profile.
    """
    from acquisition.coordinates import Origin, Unit
    from studio.picking import Choice, candidate, numbers, picked, undecided
    from studio.remembered import refuse_existing

    size_px = _size(screen)
    if out is not None:
        refuse_existing(out)
    one = candidate(stream, wait_s, listen_s)
    points = _points({"left": left, "right": right, "both": both})
    asking = not points and not as_json and sys.stdin.isatty()
    if not as_json:
        _show(one)
    if asking:
        choice = _asked(one, name)
    elif points and unit is not None:
        pair = (*pupils.split(","), "")[:2] if pupils else ("", "")
        choice = Choice(
            points,
            Unit(unit),
            Origin(origin),
            numbers(valid) if valid else None,
            lost,
            missing,
            (pair[0].strip(), pair[1].strip()),
            mm_per_unit,
            name,
        )
    else:
        raise undecided(one)
    _conclude(one, picked(one.stream, choice), size_px, out, despite, asking, as_json)


def _conclude(
    one: Candidate,
    profile: PickedProfile,
    size_px: tuple[int, int],
    out: Path | None,
    despite: bool,
    asking: bool,
    as_json: bool,
) -> None:
    from acquisition.picker import concerns
    from protocols.geometry import Screen
    from studio.picking import doubtful
    from studio.remembered import remember

    screen = Screen(size_px=size_px)
    told = concerns(profile.wire_format(), one.stream, one.heard.values, screen)
    if asking and typer.confirm(
        "Check the directions by looking at two corners of the screen?", default=True
    ):
        told += _corners(one, profile, screen)
    for concern in told if asking or despite or as_json else []:
        note(f"Looks wrong: {concern}")
    kept = not told or despite or (asking and typer.confirm("Keep it all the same?", default=False))
    path, replaced = remember(profile, out) if kept else (None, None)
    if as_json:
        emit({"kept": kept, "file": path, "replaced": replaced, "concerns": told, "profile": profile})
    elif kept:
        say(f"{path} says what the channels of {one.stream.name} are.")
        if replaced:
            say(f"It replaces the earlier one of this name, which is now {replaced}.")
    elif asking:
        say("Nothing was kept.")
        raise negative()
    else:
        raise doubtful(one.stream, told)
    if not kept:
        raise typer.Exit(UNUSABLE)


def _corners(one: Candidate, profile: PickedProfile, screen: Screen) -> list[str]:
    from acquisition.listening import listen
    from acquisition.picker import orientation_concerns

    looks = []
    for corner in ("top left", "bottom right"):
        typer.prompt(
            f"Let somebody look at the {corner} corner, then press Enter", default="", show_default=False
        )
        heard = listen([one.handle], _LOOK_S)[0]
        looks.append(heard.values if heard else one.heard.values[:0])
    return orientation_concerns(profile.wire_format(), one.stream, looks[0], looks[1], screen)


def _asked(one: Candidate, name: str) -> Choice:
    from acquisition.coordinates import Origin, Unit
    from acquisition.picker import repeated_pair
    from studio.picking import Choice, number, numbers, picked

    say("Channels are named by number or label. Enter takes what is in brackets.")
    points = _asked_points(one)
    ranged = any(len(channels) > 2 for _, channels in points)
    valid = _asked_for("Which values mean valid, as LOWEST..HIGHEST", numbers) if ranged else None
    units, origins = [unit.value for unit in Unit], [origin.value for origin in Origin]
    say(one.suggestion.because)
    unit = Unit(_one_of("Unit", units, one.suggestion.unit.value if one.suggestion.unit else None))
    origin = Origin(_one_of("Origin", origins, Origin.TOP_LEFT.value))
    choice = Choice(points, unit, origin, valid, name=name)
    seen = repeated_pair(picked(one.stream, choice).wire_format(), one.stream, one.heard.values)
    lost = _asked_for(
        "What x and y both hold for a lost eye, or - when only NaN means lost",
        lambda answer: None if answer == "-" else number(answer),
        default="-" if seen is None else f"{seen:g}",
    )
    return replace(choice, lost_xy=lost)


def _asked_points(one: Candidate) -> tuple[tuple[Eye, tuple[str, ...]], ...]:
    from studio.picking import channels_of

    labels = one.stream.labels
    suggested = {
        eye: ",".join(str(labels.index(label)) for label in channels if label)
        for eye, *channels in one.suggestion.points
    }
    per_eye = "each" if {"left", "right"} & set(suggested) else "both"
    answer = _one_of("One gaze for both eyes, or one for each eye?", ["both", "each"], per_eye)
    eyes: tuple[Eye, ...] = ("both",) if answer == "both" else ("left", "right")
    read = partial(channels_of, one.stream)
    while True:
        asked = [
            (eye, _asked_for(f"{eye} gaze, {_WHICH}, or -", read, suggested.get(eye, "-"))) for eye in eyes
        ]
        points = tuple((eye, channels) for eye, channels in asked if channels)
        if points:
            return points
        note("One gaze at least must be named: without it there is nothing to record.")


def _asked_for(question: str, read: Callable[[str], _Answer], default: str | None = None) -> _Answer:
    """Ask until the answer can be read."""
    from protocols.errors import ProfileInvalid

    while True:
        try:
            return read(str(typer.prompt(question, default=default)).strip())
        except ProfileInvalid as refusal:
            note(f"{refusal.what} {refusal.fix}")


def _one_of(what: str, words: list[str], default: str | None) -> str:
    while True:
        answer = str(typer.prompt(f"{what} ({', '.join(words)})", default=default))
        if answer in words:
            return answer
        note(f"{answer} is none of them.")


def _points(said: dict[str, str]) -> tuple[tuple[Eye, tuple[str, ...]], ...]:
    points: list[tuple[Eye, tuple[str, ...]]] = []
    eyes: tuple[Eye, ...] = ("left", "right", "both")
    for eye in eyes:
        channels = tuple(part.strip() for part in said.get(eye, "").split(",") if part.strip())
        if channels and len(channels) not in (2, 3):
            raise typer.BadParameter("Give two or three channels: X,Y or X,Y,VALID.", param_hint=f"--{eye}")
        if channels:
            points.append((eye, channels))
    return tuple(points)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if width.isdecimal() and height.isdecimal() and int(width) and int(height):
        return int(width), int(height)
    raise typer.BadParameter(f"{text!r} is no size in px such as 1920x1080.", param_hint="--screen")


def _show(one: Candidate) -> None:
    rate = f"{one.heard.rate_hz:.0f} Hz, " if one.heard.rate_hz else ""
    title = f"{one.stream.name}: {rate}{len(one.heard.values)} samples heard"
    rows = [
        (
            g.index,
            g.label,
            f"{g.low:.4g} .. {g.high:.4g}" if g.finite else "",
            f"{g.finite:.0%}",
            f"{g.meaning}, {g.eye}" if g.meaning not in ("something else", "constant") else g.meaning.value,
            g.because,
        )
        for g in one.guesses
    ]
    show(title, ("", "channel", "values", "numbers", "seems to be", "because"), rows)
