"""Publishing gaze in a known wire format, as the simulated viewer and the stand-in tracker do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from acquisition.liblsl import load_pylsl
from acquisition.streams import Channel
from acquisition.wire_format import Companion, WireFormat
from protocols.geometry import FloatArray

_POLL_S = 0.2


class GazeOutlet:
    """An LSL outlet that looks exactly like the one of a given tool.

    Args:
        wire: the tool's conventions.
        device: what makes the source id unique; the same device may come back under the same id.
        nominal_hz: claimed rate in Hz; the tool's own claim when omitted.
    """

    def __init__(self, wire: WireFormat, device: str, nominal_hz: float | None = None) -> None:
        self._pylsl = load_pylsl()
        self.name = wire.names[0].replace("*", device)
        self.source_id = wire.source_id.format(device)
        rate = wire.nominal_hz if nominal_hz is None else nominal_hz
        info = self._pylsl.StreamInfo(
            self.name, wire.type, len(wire.channels), rate, wire.sample_type, self.source_id
        )
        _describe(info, wire.metadata, wire.type_key)
        # Last, because a name that is no XML name hides all that follows it.
        _tell(info, [(path, value.format(device)) for path, value in wire.about])
        self._outlet = self._pylsl.StreamOutlet(info, 0, 360)

    def now_s(self) -> float:
        """Return the clock that stamps samples, in s."""
        return float(self._pylsl.local_clock())

    def has_consumer(self) -> bool:
        """Tell whether anyone is connected."""
        return bool(self._outlet.have_consumers())

    def wait_for_consumer(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Wait until someone is connected; return False if ``stopped`` first."""
        while not stopped():
            if self._outlet.wait_for_consumers(_POLL_S):
                return True
        return False

    def push(self, values: FloatArray, t_s: FloatArray) -> None:
        """Send samples.

        Args:
            values: shape (n, channels), NaN and flags as the tool would write them.
            t_s: stamps in s of this outlet's clock, shape (n,).
        """
        if len(t_s):
            self._outlet.push_chunk(values, t_s.tolist())

    def linger(self, seconds: float) -> None:
        """Stay open after the last sample until nobody listens any more, at most ``seconds``."""
        deadline = time.monotonic() + seconds
        while self.has_consumer() and time.monotonic() < deadline:
            time.sleep(0.02)

    def close(self) -> None:
        """Leave the network. Idempotent."""
        self._outlet = None


class PlainOutlet:
    """Any other LSL outlet: what a tool publishes beside its gaze.

    Args:
        companion: the stream.
        device: what makes the source id unique.
    """

    def __init__(self, companion: Companion, device: str) -> None:
        pylsl = load_pylsl()
        info = pylsl.StreamInfo(
            companion.name,
            companion.type,
            len(companion.channels),
            0.0,
            companion.sample_type,
            companion.source_id.format(device),
        )
        if any(channel.label for channel in companion.channels):
            _describe(info, companion.channels, "type")
        self._outlet = pylsl.StreamOutlet(info, 0, 60)

    def push(self, sample: Sequence[float] | Sequence[str], t_s: float) -> None:
        """Send one sample, stamped with ``t_s``."""
        self._outlet.push_sample(list(sample), t_s)

    def close(self) -> None:
        """Leave the network. Idempotent."""
        self._outlet = None


def _describe(info: Any, channels: Sequence[Channel], type_key: str) -> None:
    if not channels:
        return
    listed = info.desc().append_child("channels")
    for channel in channels:
        entry = listed.append_child("channel")
        fields = {
            "label": channel.label,
            "eye": channel.eye,
            type_key: channel.type,
            "unit": channel.unit,
            "coordinate_system": channel.system,
        }
        for key, value in fields.items():
            if value:
                entry.append_child_value(key, value)


def _tell(info: Any, about: Sequence[tuple[str, str]]) -> None:
    parents: dict[str, Any] = {"": info.desc()}
    for path, value in about:
        parent, _, key = path.rpartition("/")
        if parent not in parents:
            parents[parent] = info.desc().append_child(parent)
        parents[parent].append_child_value(key, value)
