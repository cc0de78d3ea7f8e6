"""Publishing gaze in a known wire format, as the simulated viewer and the stand-in tracker do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from acquisition.liblsl import load_pylsl
from acquisition.wire_format import WireFormat
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
        self._outlet = self._pylsl.StreamOutlet(self._stream_info(wire, nominal_hz), 0, 360)

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

    def _stream_info(self, wire: WireFormat, nominal_hz: float | None) -> Any:
        rate = wire.nominal_hz if nominal_hz is None else nominal_hz
        info = self._pylsl.StreamInfo(
            self.name, wire.type, len(wire.channels), rate, wire.sample_type, self.source_id
        )
        if not wire.metadata:
            return info
        channels = info.desc().append_child("channels")
        for channel in wire.metadata:
            entry = channels.append_child("channel")
            fields = {
                "label": channel.label,
                "eye": channel.eye,
                "type": channel.type,
                "unit": channel.unit,
                "coordinate_system": channel.system,
            }
            for key, value in fields.items():
                if value:
                    entry.append_child_value(key, value)
        return info
