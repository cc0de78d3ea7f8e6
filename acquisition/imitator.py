"""All that a tool puts on the network when it is fed with gaze: its stream, and those beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from acquisition.binocular import BinocularGaze
from acquisition.homography import apply
from acquisition.imitation import BOTH_TRACKED, imitate
from acquisition.outlet import GazeOutlet, PlainOutlet
from acquisition.streams import Channel
from acquisition.surface import Surface
from acquisition.viewer.head import Head
from acquisition.wire_format import Companion, Space, WireFormat
from protocols.errors import ChannelsUnknown
from protocols.geometry import Screen

_PICTURE_S = 1 / 30
_BESIDE_S = 1.0


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


@dataclass(frozen=True, slots=True)
class Setting:
    """Around the stand-in tracker.

    Attributes:
        screen: the display.
        surface: for a head-worn tracker, where the screen is told; a stand-in tells it too.
        clock_shift_s: how far the device's clock is from LSL's.
        seed: draws the movement of a simulated head.
    """

    screen: Screen
    surface: Surface | None = None
    clock_shift_s: float = 0.0
    seed: int = 0


class Imitator:
    """A tool, as others see it on the network.

    Args:
        wire: the tool's conventions.
        device: what makes its source ids unique.
        rate_hz: the true rate, which some tools claim.
        setting: what it measures in.
        tracked: whether the left and the right eye are tracked at all.

    Raises:
        ChannelsUnknown: it is worn on the head, and nothing says what its camera sees.
    """

    def __init__(
        self,
        wire: WireFormat,
        device: str,
        rate_hz: float,
        setting: Setting,
        tracked: tuple[bool, bool] = BOTH_TRACKED,
    ) -> None:
        self._frame = _frame(wire, setting)
        self._head = (
            Head(setting.screen, self._frame, setting.seed) if wire.space is not Space.DISPLAY else None
        )
        self._wire, self._setting, self._tracked = wire, setting, tracked
        self._outlet = GazeOutlet(wire, device, rate_hz if wire.claims_true_rate else None)
        self._beside = [(one, PlainOutlet(one, device)) for one in wire.companions]
        self._places = PlainOutlet(_place_stream(setting.surface), device) if setting.surface else None
        self._next_beside_s = self._next_picture_s = -np.inf
        self._sent, self._first_s, self._last_s = 0, 0.0, 0.0

    def now_s(self) -> float:
        """Return LSL time in s."""
        return self._outlet.now_s()

    def wait_for_consumer(self, stopped: Callable[[], bool]) -> bool:
        """Wait until someone listens to the gaze; return False if ``stopped`` first."""
        return self._outlet.wait_for_consumer(stopped)

    def push(self, gaze: BinocularGaze) -> None:
        """Send gaze, which is in fractions of the display and LSL time, as the tool would."""
        if self._head is not None:
            gaze = self._head.in_scene(gaze)
        values, t_s = imitate(gaze, self._wire, self._frame, self._tracked)
        stamps_s = t_s + self._setting.clock_shift_s
        self._outlet.push(values, stamps_s)
        if len(stamps_s):
            self._first_s = self._first_s if self._sent else float(stamps_s[0])
            self._last_s = float(stamps_s[-1])
            self._sent += len(stamps_s)

    def look_around(self) -> None:
        """Send what is due beside the gaze; call often."""
        now_s = self.now_s()
        if now_s >= self._next_beside_s:
            self._next_beside_s = now_s + _BESIDE_S
            for companion, outlet in self._beside:
                if companion.sample:
                    outlet.push(companion.sample, now_s + self._setting.clock_shift_s)
        if self._places is not None and now_s >= self._next_picture_s:
            self._next_picture_s = now_s + _PICTURE_S
            for row in self._picture(now_s):
                self._places.push(row, now_s)

    def done(self, linger_s: float) -> Published:
        """Wait until everything has been taken, at most ``linger_s``, and tell what was sent."""
        if self._sent:
            self._outlet.linger(linger_s)
        wire = self._wire
        return Published(
            self._outlet.name, self._outlet.source_id, wire.profile, self._sent, self._first_s, self._last_s
        )

    def close(self) -> None:
        """Leave the network. Idempotent."""
        for outlet in (self._outlet, self._places, *(outlet for _, outlet in self._beside)):
            if outlet is not None:
                outlet.close()

    def _picture(self, t_s: float) -> list[list[float]]:
        """Return the rows of nine that a program would find in the scene camera's picture."""
        if self._head is None or self._setting.surface is None:
            return []
        seen = self._head.scene_of_screen(t_s)
        tags = self._setting.surface.tags
        if tags is None:
            return [np.linalg.inv(seen).ravel().tolist()]
        corners = ((tag.id, tags.screen_px(tag.id)) for tag in tags.tag)
        return [[float(id_), *apply(seen, px).ravel().tolist()] for id_, px in corners if px is not None]


def _frame(wire: WireFormat, setting: Setting) -> Screen:
    if wire.space is Space.DISPLAY:
        return setting.screen
    if setting.surface is None or not wire.points:
        raise ChannelsUnknown(
            f"Profile {wire.profile} cannot be imitated from gaze on a screen alone.",
            wire.refused,
            "Give a surface file with --surface, or choose the profile of a screen-based tracker."
            if wire.points
            else "It goes out beside the gaze of --as pupil-core.",
        )
    return setting.surface.scene


def _place_stream(surface: Surface) -> Companion:
    labels = (
        ("tag", "x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3")
        if surface.tags is not None
        else tuple(f"h{row}{column}" for row in range(3) for column in range(3))
    )
    kind = "Tags" if surface.tags is not None else "Homography"
    return Companion(surface.stream, kind, "surface-{}", "double64", tuple(Channel(one) for one in labels))
