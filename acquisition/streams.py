"""What a stream says about itself, before anyone decides what it means."""

from __future__ import annotations

from dataclasses import dataclass, replace

_SHOWN = 120  # characters of a name in a message


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel entry of a stream's metadata; every field may be empty, real tools leave out most.

    Attributes:
        label: free text.
        eye: ``left``, ``right``, ``both`` or empty.
        type: ``ScreenX``, ``Diameter`` ..., or a word of the tool's own.
        unit: as written.
        system: coordinate system, as written.
    """

    label: str
    eye: str = ""
    type: str = ""
    unit: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """A stream as its metadata describe it.

    Attributes:
        name: stream name.
        type: content type; ``Gaze`` or ``gaze`` for gaze.
        source_id: stable id of the device, empty when it gives none (then it cannot be found again by id).
        uid: id of this one outlet; changes whenever the device's program restarts.
        host: computer it runs on.
        nominal_hz: claimed rate in Hz, 0 for irregular.
        channel_count: how many values a sample holds.
        channels: described channels, in order; may be fewer than ``channel_count``, or none.
        manufacturer: as written, often empty.
        sends_text: its samples are text, not numbers.
    """

    name: str
    type: str
    source_id: str
    uid: str
    host: str
    nominal_hz: float
    channel_count: int
    channels: tuple[Channel, ...] = ()
    manufacturer: str = ""
    sends_text: bool = False

    @property
    def channels_in_full(self) -> tuple[Channel, ...]:
        """One entry per value of a sample, labelled as in ``labels``; empty where none is described."""
        silent = [Channel("")] * (self.channel_count - len(self.channels))
        pairs = zip(self.labels, (*self.channels, *silent), strict=False)
        return tuple(replace(channel, label=label) for label, channel in pairs)

    @property
    def labels(self) -> tuple[str, ...]:
        """A label per value of a sample, none twice; ``channel N`` where the metadata has none."""
        described = [channel.label for channel in self.channels[: self.channel_count]]
        labels: dict[str, None] = {}
        for i in range(self.channel_count):
            label = (described[i] if i < len(described) else "") or f"channel {i}"
            while label in labels:
                label += f" ({i})"
            labels[label] = None
        return tuple(labels)

    @property
    def units(self) -> tuple[str, ...]:
        """A unit per value of a sample, empty where the metadata has none."""
        described = [channel.unit for channel in self.channels[: self.channel_count]]
        return (*described, *[""] * (self.channel_count - len(described)))

    def __str__(self) -> str:
        rate = f"{self.nominal_hz:g} Hz" if self.nominal_hz else "irregular rate"
        where = f" on {self.host}" if self.host else ""
        name, source_id = _short(self.name), _short(self.source_id)
        return f"{name!r} (source id {source_id!r}, {self.channel_count} channels, {rate}{where})"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
