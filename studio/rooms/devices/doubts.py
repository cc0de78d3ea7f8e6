"""What to say about a source that is being looked at: numbers in words, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acquisition.picker import concerns
from acquisition.preview import Glance
from acquisition.profiles import Profile
from acquisition.stall import STALLED_S, late_s
from acquisition.streams import StreamDescription
from protocols.geometry import Screen
from studio.rooms.devices.state import Line
from studio.theme import Mood

_OTHER_RATE = 0.1
_LOST_WARN, _LOST_BAD = 0.02, 0.2
_VALID_WARN = 0.7
_FEW = 20  # samples, before anything is said about gaze
_GRAVE: dict[Mood, int] = {"bad": 0, "warn": 1, "quiet": 2, "good": 3}


def lines(
    glance: Glance, stream: StreamDescription | None, profile: Profile | None, whole: Screen
) -> tuple[Line, ...]:
    """Return what to say about a source.

    Args:
        glance: how it does.
        stream: as it describes itself, None for what is no stream.
        profile: how its samples are read.
        whole: the participant's display.
    """
    said = [*_flow(glance), *_rate(glance), *_clock(glance), *_gaze(glance)]
    if stream is not None and profile is not None and len(glance.recent) >= _FEW and glance.valid_share > 0:
        told = concerns(profile.format, stream, glance.recent.raw, whole)
        said += [Line(words, "warn") for words in told if "Not one sample" not in words]
    said += [Line(words) for words in glance.news]
    if not any(line.mood in ("bad", "warn") for line in said) and glance.account is not None:
        said.append(Line("Nothing looks wrong.", "good"))
    return tuple(sorted(said, key=lambda line: _GRAVE[line.mood]))


def _flow(glance: Glance) -> Iterator[Line]:
    if glance.ended:
        yield Line(glance.ended, "bad")
    elif glance.silent_s > STALLED_S:
        yield Line(
            f"Nothing has come for {glance.silent_s:.0f} s: is the tracker on, and its program sending?",
            "bad",
        )
    elif glance.account is not None and glance.silent_s > late_s(glance.info.nominal_hz):
        yield Line(f"Nothing has come for {glance.silent_s:.1f} s.", "warn")
    lost = glance.lost_share
    if lost > _LOST_WARN:
        mood: Mood = "bad" if lost > _LOST_BAD else "warn"
        yield Line(
            f"{lost:.1%} of the samples did not arrive: use a cable instead of wireless, and close what else "
            "keeps this computer or the network busy.",
            mood,
        )


def _rate(glance: Glance) -> Iterator[Line]:
    claimed, measured = glance.info.nominal_hz, glance.measured_hz
    if claimed > 0 and np.isfinite(measured) and abs(measured / claimed - 1) > _OTHER_RATE:
        yield Line(
            f"It claims {claimed:g} Hz and sends {measured:.0f} Hz. The measured rate is what counts; check "
            "the tracker's settings if the claimed one was meant.",
            "warn",
        )


def _clock(glance: Glance) -> Iterator[Line]:
    if glance.account is not None and glance.account.foreign:
        yield Line(
            f"Its samples are stamped with {glance.clock.split(',')[0]}: times follow from when samples "
            "arrive, which is less exact (some ms). Let its program stamp with the LSL clock if it can.",
            "warn",
        )


def _gaze(glance: Glance) -> Iterator[Line]:
    if len(glance.recent) < _FEW:
        return
    valid = glance.valid_share
    if valid == 0:
        yield Line(
            "No gaze is found in any sample: nobody sits in front of the tracker, or it has not been "
            "calibrated in its own program yet.",
            "bad",
        )
    elif valid < _VALID_WARN:
        yield Line(
            f"Gaze is found in {valid:.0%} of the samples only: check seat, glasses and light.", "warn"
        )
