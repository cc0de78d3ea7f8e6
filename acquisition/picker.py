"""What the channels of an unknown stream seem to be, and whether a choice makes sense.

Advice, never a decision: a window and the command line ask the same questions here, and a person answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from acquisition.coordinates import Coordinates, Origin, Unit
from acquisition.profiles import Profile
from acquisition.streams import Channel, StreamDescription
from acquisition.wire_format import Eye, WireFormat
from protocols.geometry import FloatArray, Screen

_FRACTION_MOST = 2.0
_FRAME_MARGIN = 1.5
_PUPIL_MM = (1.0, 10.0)
_ON_SCREEN_LEAST = 0.5
_FEW_CODES = 5
_PERCENT = (-10.0, 110.0)  # somebody may look a little beside the screen
_LOST_LEAST, _LOST_SHARE = 3, 0.01
_HUGE = 1e100  # beyond any stamp in ns; differences of such numbers overflow
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


class Meaning(StrEnum):
    """What a channel can hold."""

    GAZE_X = "gaze x"
    GAZE_Y = "gaze y"
    PUPIL = "pupil"
    QUALITY = "validity or confidence"
    TIME = "time or a counter"
    CONSTANT = "constant"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class ChannelGuess:
    """What one channel seems to be.

    Attributes:
        index: place within a sample.
        label: as described, or ``channel N``.
        meaning: what it seems to hold.
        eye: whose it seems to be.
        because: what speaks for it.
        low: 1st percentile of the finite values, NaN when none came.
        high: 99th percentile.
        finite: share of samples that are numbers.
    """

    index: int
    label: str
    meaning: Meaning
    eye: Eye
    because: str
    low: float
    high: float
    finite: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Gaze points and unit that the guesses add up to; a person confirms or changes them.

    Attributes:
        points: eye, label of x, label of y, label of the quality channel or empty.
        unit: of the coordinates, None when their range leaves it open.
        because: why this unit, or why none.
    """

    points: tuple[tuple[Eye, str, str, str], ...]
    unit: Unit | None
    because: str


def infer(stream: StreamDescription, values: FloatArray) -> tuple[ChannelGuess, ...]:
    """Tell what each channel seems to be.

    Args:
        stream: its description.
        values: live samples, shape (n, channels); may be empty.
    """
    channels = stream.channels_in_full
    return tuple(_guess(i, channel, values[:, i]) for i, channel in enumerate(channels))


def suggest(guesses: Sequence[ChannelGuess]) -> Suggestion:
    """Combine guesses to gaze points: one x and one y of an eye make a point, several x of one eye none."""
    points: list[tuple[Eye, str, str, str]] = []
    for eye in ("left", "right", "both"):
        x = [g for g in guesses if (g.meaning, g.eye) == (Meaning.GAZE_X, eye)]
        y = [g for g in guesses if (g.meaning, g.eye) == (Meaning.GAZE_Y, eye)]
        quality = [g for g in guesses if (g.meaning, g.eye) == (Meaning.QUALITY, eye)]
        if len(x) == len(y) == 1:
            points.append((eye, x[0].label, y[0].label, quality[0].label if len(quality) == 1 else ""))
    single = tuple(point for point in points if point[0] != "both")
    chosen = single or tuple(points)
    used = {label for point in chosen for label in point[1:3]}
    unit, because = _unit_of([g for g in guesses if g.label in used])
    return Suggestion(chosen, unit, because)


def concerns(wire: WireFormat, stream: StreamDescription, values: FloatArray, screen: Screen) -> list[str]:
    """Tell what speaks against a choice, in sentences; nothing when all looks well.

    Args:
        wire: the choice.
        stream: the stream it is for.
        values: live samples, shape (n, channels).
        screen: the display.
    """
    if not len(values):
        return ["No sample came while listening: nothing could be checked."]
    xy_px, valid, pupil_mm = Profile(wire, stream.labels, stream.units).decode(values, screen)
    if not valid.any():
        return ["Not one sample is valid: the validity channel or its range is another, or nobody looks."]
    found = xy_px[valid]
    return [
        *_about_place(found, screen),
        *_about_percent(found, wire.coordinates, screen),
        *_about_order(found, screen),
        *_about_lost(wire, stream, values),
        *_about_pupils(pupil_mm),
    ]


def repeated_pair(wire: WireFormat, stream: StreamDescription, values: FloatArray) -> float | None:
    """Return the number that x and y of a point both hold exactly, time and again, in samples taken as gaze.

    Programs send such a pair for a lost eye. None when there is no such number.
    """
    for point in wire.points:
        alone = Profile(replace(wire, points=(point,)), stream.labels, stream.units)
        seen = values[alone.decode(values, Screen())[1]]
        x, y = (seen[:, stream.labels.index(label)] for label in (point.x, point.y))
        numbers, counts = np.unique(x[x == y], return_counts=True)
        if len(counts) and counts.max() >= max(_LOST_LEAST, _LOST_SHARE * len(values)):
            return float(numbers[counts.argmax()])
    return None


def orientation_concerns(
    wire: WireFormat,
    stream: StreamDescription,
    top_left: FloatArray,
    bottom_right: FloatArray,
    screen: Screen,
) -> list[str]:
    """Tell whether axes are swapped or turned round, from gaze at two known corners.

    Args:
        wire: the choice.
        stream: the stream it is for.
        top_left: samples (n, channels) taken while somebody looked at the top left corner of the screen.
        bottom_right: the same for the bottom right corner.
        screen: the display.
    """
    profile = Profile(wire, stream.labels, stream.units)
    looks = [profile.decode(values, screen)[:2] for values in (top_left, bottom_right)]
    if any(not valid.any() for _, valid in looks):
        return ["A corner had no valid gaze: the orientation could not be checked."]
    first, second = (np.median(xy[valid], axis=0) for xy, valid in looks)
    step = (second - first) / np.asarray(screen.size_px, dtype=np.float64)
    if np.abs(step).min() < 0.2:
        return [
            f"Gaze moved by {step[0]:.0%} of the width and {step[1]:.0%} of the height between the corners."
        ]
    told = []
    if step[0] < 0:
        told.append("Left and right are turned round: x and y are swapped, or x is mirrored.")
    if step[1] < 0:
        told.append("Top and bottom are turned round: the origin is at the bottom, or x and y are swapped.")
    return told


def _guess(index: int, channel: Channel, values: FloatArray) -> ChannelGuess:
    finite = values[np.abs(values) < _HUGE]
    low, high = np.percentile(finite, [1, 99]) if len(finite) else (np.nan, np.nan)
    words = [word.casefold() for word in _WORDS.findall(channel.label)]
    meaning, because = _by_type(channel) or _by_label(words, channel) or (Meaning.OTHER, "nothing says more")
    if len(finite) > 1:
        meaning, because = _against_values(meaning, because, finite, values)
    share = len(finite) / len(values) if len(values) else 0.0
    return ChannelGuess(
        index, channel.label, meaning, _eye(words, channel), because, float(low), float(high), share
    )


def _by_type(channel: Channel) -> tuple[Meaning, str] | None:
    kinds = {
        "screenx": Meaning.GAZE_X,
        "screeny": Meaning.GAZE_Y,
        "diameter": Meaning.PUPIL,
        "radius": Meaning.PUPIL,
        "pupilsize": Meaning.PUPIL,
        "confidence": Meaning.QUALITY,
        "validflag": Meaning.QUALITY,
        "framenumber": Meaning.TIME,
    }
    meaning = kinds.get(channel.type.casefold())
    return None if meaning is None else (meaning, f"its type is {channel.type}")


def _by_label(words: list[str], channel: Channel) -> tuple[Meaning, str] | None:
    said = set(words)
    table: tuple[tuple[set[str], Meaning], ...] = (
        ({"valid", "validity", "confidence", "conf", "quality", "available"}, Meaning.QUALITY),
        ({"time", "timestamp", "ts", "frame", "counter", "number", "index"}, Meaning.TIME),
    )
    because = f"its label is {channel.label!r}"
    for keys, meaning in table:
        if said & keys:
            return meaning, because
    apart = {"z", "origin", "position", "direction", "normal", "head", "velocity"}
    if said & {"pupil", "diameter", "pd"} and not said & {"x", "y", "z"}:
        return Meaning.PUPIL, because
    if said & apart or "pupil" in said:
        return None
    for axis, meaning in (("x", Meaning.GAZE_X), ("y", Meaning.GAZE_Y)):
        if axis in said or any(word.endswith(axis) and _about_gaze(word[:-1]) for word in words):
            return meaning, because
    return None


def _about_gaze(word: str) -> bool:
    return word in ("", "g", "gaze", "por", "pog", "bpog", "fpog", "screen", "eye", "point", "l", "r")


def _eye(words: list[str], channel: Channel) -> Eye:
    if channel.eye in ("left", "right"):
        return "left" if channel.eye == "left" else "right"
    left, right = bool({"left", "l"} & set(words)), bool({"right", "r"} & set(words))
    return "left" if left and not right else "right" if right and not left else "both"


def _against_values(
    meaning: Meaning, because: str, finite: FloatArray, all_: FloatArray
) -> tuple[Meaning, str]:
    """Let the samples have a say: they can contradict a label, and speak where there is none."""
    if np.ptp(finite) == 0:
        if meaning is Meaning.QUALITY:
            return meaning, f"{because}; always {finite[0]:g}"
        return Meaning.CONSTANT, f"always {finite[0]:g}" + (
            f", although {because}" if meaning in _GAZE else ""
        )
    if meaning is not Meaning.OTHER:
        return meaning, because
    if len(finite) == len(all_) > 2 and (np.diff(finite) > 0).all():
        return Meaning.TIME, "it only grows"
    codes = np.unique(finite)
    if len(codes) <= _FEW_CODES and (codes == np.round(codes)).all() and len(finite) > 2 * _FEW_CODES:
        return Meaning.QUALITY, f"it only holds {', '.join(f'{code:g}' for code in codes)}"
    return meaning, because


_GAZE = (Meaning.GAZE_X, Meaning.GAZE_Y)


def _unit_of(guesses: Sequence[ChannelGuess]) -> tuple[Unit | None, str]:
    ends = np.array([(g.low, g.high) for g in guesses])
    if not len(ends) or not np.isfinite(ends).all():
        return None, "no values came to tell the unit from"
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    said = f"values from {low:.3g} to {high:.3g}"
    if low < -0.5 * max(high, 0.0) and low < -_FRACTION_MOST:
        return None, f"{said}: px or mm from the centre of the screen, perhaps"
    if max(abs(low), abs(high)) <= _FRACTION_MOST:
        return Unit.FRACTION, f"{said}: a fraction of the screen"
    if high <= 110:
        return None, f"{said}: percent or mm, or px in a corner of the screen"
    return Unit.PX, f"{said}: px"


def _about_place(xy_px: FloatArray, screen: Screen) -> list[str]:
    size_px = np.asarray(screen.size_px, dtype=np.float64)
    on = ((xy_px >= 0) & (xy_px < size_px)).all(axis=1).mean()
    told = []
    if on < _ON_SCREEN_LEAST:
        x_px, y_px = np.median(xy_px, axis=0)
        told.append(
            f"Only {on:.0%} of the gaze is on the screen, its middle at {x_px:.0f}, {y_px:.0f} px: the unit "
            "or the origin is another, or nobody looks at the screen."
        )
    elif np.ptp(xy_px, axis=0).max() < 0.01 * size_px.min():
        told.append("All gaze is within a hundredth of the screen: values in another unit look like that.")
    for axis, name in enumerate("xy"):
        if len(xy_px) > 2 and np.ptp(xy_px[:, axis]) == 0:
            told.append(f"The {name} of gaze never changes.")
    return told


def _about_percent(xy_px: FloatArray, said: Coordinates, screen: Screen) -> list[str]:
    """Doubt lengths that look like percentages: all within 0 to 100 on a screen of at least twice that."""
    corner = {Origin.TOP_LEFT: "top left", Origin.BOTTOM_LEFT: "bottom left"}.get(said.origin)
    size = np.abs(
        said.from_px(np.asarray([screen.size_px], dtype=np.float64), screen)
        - said.from_px(np.zeros((1, 2)), screen)
    )[0]
    if corner is None or said.unit not in (Unit.PX, Unit.MM) or size.min() < 2 * _PERCENT[1]:
        return []
    low, high = np.percentile(said.from_px(xy_px, screen), [1, 99], axis=0)
    if low.min() < _PERCENT[0] or high.max() > _PERCENT[1] or (high - low).max() < _FRACTION_MOST:
        return []
    return [
        f"All gaze lies in the {corner} 100 {said.unit} of a {size[0]:.0f} x {size[1]:.0f} {said.unit} "
        "display: percent?"
    ]


def _about_lost(wire: WireFormat, stream: StreamDescription, values: FloatArray) -> list[str]:
    lost = repeated_pair(wire, stream, values)
    if lost is None:
        return []
    return [
        f"x and y are both exactly {lost:g} time and again and count as gaze: if that stands for lost gaze, "
        f"say --lost {lost:g}."
    ]


def _about_order(xy_px: FloatArray, screen: Screen) -> list[str]:
    width, height = screen.size_px
    x_high, y_high = np.percentile(xy_px, 99, axis=0)
    y_low = np.percentile(xy_px[:, 1], 1)
    told = []
    if width > height and height * 1.05 < y_high <= width and x_high <= height:
        told.append("y goes beyond the height of the screen while x stays below it: they may be swapped.")
    if np.median(xy_px[:, 1]) < 0 and y_low > -_FRAME_MARGIN * height:
        told.append("y is mostly above the screen: it may grow upwards (origin bottom-left or centre-y-up).")
    return told


def _about_pupils(pupil_mm: FloatArray) -> list[str]:
    found = pupil_mm[np.isfinite(pupil_mm)]
    if not len(found) or _PUPIL_MM[0] <= np.median(found) <= _PUPIL_MM[1]:
        return []
    return [f"Pupils of {np.median(found):.3g} mm are no human pupils: another unit, or an area."]
