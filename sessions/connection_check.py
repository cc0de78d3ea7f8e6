"""Judges what came over the connections to the tracker: losses, reconnections, clocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from acquisition.connection import CLOCKS, Connection
from acquisition.expected import Expectation
from acquisition.samples import GazeChunk
from protocols.markers import Code, Marker
from protocols.words import counted
from sessions.gaze_check import CheckItem, Verdict, item

_MOST_LOST = 0.02
_MOST_DRIFT_PPM = 1000.0

_TOLD: dict[Code, str] = {
    Code.SOURCE_STALLED: "stopped sending",
    Code.SOURCE_LOST: "left the network",
    Code.SOURCE_DUPLICATED: "a second stream passed for this one",
    Code.SOURCE_LATE: "samples arrived late",
    Code.CLOCK_JUMPED: "the clock jumped",
    Code.WRITING_LATE: "the disk did not keep up",
}


def connection_items(
    connections: Sequence[Connection], markers: Sequence[Marker], chunk: GazeChunk
) -> Iterator[CheckItem]:
    """Yield the verdicts; none when the recording keeps no accounts."""
    if not connections:
        return
    if sum(c.received for c in connections) != len(chunk):
        connections = recounted(connections, chunk)
    yield _delivered(connections, chunk)
    yield _gaps(connections, chunk)
    yield _source_clock(connections)
    yield _incidents(markers)


def recounted(connections: Sequence[Connection], chunk: GazeChunk) -> list[Connection]:
    """Return accounts with what was received and expected counted from the samples themselves.

    In a recording whose program died the accounts are some seconds older than the samples.
    """
    starts = [c.first_sample for c in connections]
    counted = []
    for connection, start, stop in zip(connections, starts, [*starts[1:], len(chunk)], strict=True):
        expectation = Expectation()
        if stop > start:
            expectation.add(chunk.t_source_s[start:stop])
        counted.append(
            replace(
                connection,
                received=expectation.received,
                expected=expectation.expected,
                late=expectation.late,
                period_s=expectation.period_s,
            )
        )
    return counted


def _delivered(connections: Sequence[Connection], chunk: GazeChunk) -> CheckItem:
    received = sum(c.received for c in connections)
    lost = sum(c.lost for c in connections)
    expected = received + lost
    periods = [c.period_s for c in connections if c.period_s > 0]
    rate = f" at {1 / periods[-1]:.1f} Hz as measured" if periods else ""
    found = f"{received} received of {expected} expected{rate}, {lost} lost{_while_away(connections, chunk)}"
    verdict: Verdict = "warning" if lost > _MOST_LOST * expected else "good"
    return item(
        "samples delivered", verdict, found, "Check cable, network and the load of the tracker's computer."
    )


def _away_s(connections: Sequence[Connection], chunk: GazeChunk) -> list[float]:
    """Return for how long no sample came before each connection but the first, in s."""
    starts = [c.first_sample for c in connections[1:] if 0 < c.first_sample < len(chunk)]
    return [float(chunk.t_s[start] - chunk.t_s[start - 1]) for start in starts]


def _while_away(connections: Sequence[Connection], chunk: GazeChunk) -> str:
    """Say what is not among the lost ones, because there was nothing to lose it from."""
    away_s, period_s = _away_s(connections, chunk), connections[0].period_s
    if not away_s:
        return ""
    missed = sum(round(one_s / period_s) - 1 for one_s in away_s) if period_s > 0 else None
    about = "" if missed is None else f", about {counted(max(missed, 0), 'sample')}"
    return f" while connected; {sum(away_s):.2f} s without connection{about}"


def _gaps(connections: Sequence[Connection], chunk: GazeChunk) -> CheckItem:
    if len(connections) < 2:
        return item("connections", "good", "one, never broken", "")
    gaps = [f"{gap_s:.2f} s" for gap_s in _away_s(connections, chunk)]
    found = f"{len(connections)}; no sample for {', '.join(gaps)} in between"
    return item("connections", "warning", found, "Leave out the trials during which the tracker was away.")


def _source_clock(connections: Sequence[Connection]) -> CheckItem:
    last = connections[-1]
    foreign = [c for c in connections if c.foreign]
    said = foreign[-1] if foreign else last
    drift = "" if math.isnan(said.drift_ppm) else f", drifting by {said.drift_ppm:+.1f} ppm"
    offset = f"{said.link.offset_s:+.3f} s" if abs(said.link.offset_s) >= 5e-4 else "below 1 ms"
    found = f"{CLOCKS[said.link.clock]}; offset {offset} by {said.link.method}{drift}"
    drifts = not math.isnan(said.drift_ppm) and abs(said.drift_ppm) > _MOST_DRIFT_PPM
    advice = (
        "Times of gaze are late by some unknown ms; say so, and have the tracker stamp with LSL's clock."
        if foreign
        else "Restart the computer of the tracker, or have its clock checked."
    )
    return item("tracker's clock", "warning" if foreign or drifts else "good", found, advice)


def _incidents(markers: Sequence[Marker]) -> CheckItem:
    counts = {words: sum(m.code is code for m in markers) for code, words in _TOLD.items()}
    quiet, gone = _TOLD[Code.SOURCE_STALLED], _TOLD[Code.SOURCE_LOST]
    counts[quiet] = max(counts[quiet] - counts[gone], 0)  # whoever leaves has gone quiet before
    seen = [f"{words} ({count} x)" if count > 1 else words for words, count in counts.items() if count]
    found = "; ".join(seen) or "none"
    advice = "The markers of the recording say when; leave out the trials concerned."
    return item("incidents", "warning" if seen else "good", found, advice)
