"""Fixations and slots of a running session, the same to the last bit as those derived from its file later."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import numpy as np

from acquisition.fixations import Fixations, IncrementalIvt
from acquisition.samples import CursorChunk, GazeChunk
from protocols.errors import GazeTwinError
from protocols.geometry import BoolArray, FloatArray, Screen
from protocols.markers import Code, Marker
from protocols.slots import SlotLayout
from protocols.stimulus import Page
from sessions.calibrations import CalibrationAttempt, calibrated_xy
from sessions.foreign import GIVEN
from sessions.slots import METHOD, SlotParameters, Slots, ViewSlots, measured, slots_digest
from sessions.timeline import Event, Shown, ViewportChange, cuts_s, ends_trial, matters, ordered, shown

HELD_S = 0.5
"""Gaze waits this long before it is judged, so that news of a page may come later than gaze on it."""

Samples = tuple[FloatArray, FloatArray, BoolArray]


@dataclass(frozen=True, slots=True, eq=False)
class LiveView:
    """Attention on one view so far.

    Attributes:
        slots: what was shown and the time per slot; as derived from the file later once ``final``.
        final: no later sample can change it.
    """

    slots: ViewSlots
    final: bool


@dataclass(eq=False)
class LiveSlots:
    """Takes what a session produces, in any chunks, and tells attention per view. Not thread-safe, no Qt.

    Args:
        screen: the participant's display.
        parameters: settings.
    """

    screen: Screen
    parameters: SlotParameters = field(default_factory=SlotParameters)
    _given: Fixations | None = field(default=None, init=False)
    _layouts: dict[str, SlotLayout] = field(default_factory=dict, init=False)
    _calibrations: list[CalibrationAttempt] = field(default_factory=list, init=False)
    _events: list[Event] = field(default_factory=list, init=False)
    _cuts_s: set[float] = field(default_factory=set, init=False)
    _cursor: CursorChunk = field(default_factory=lambda: _joined(), init=False)
    _held: list[Samples] = field(default_factory=list, init=False)
    _newest_s: float = field(default=float("-inf"), init=False)
    _done: list[LiveView] = field(default_factory=list, init=False)
    _done_s: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self._ivt = IncrementalIvt(self.screen, self.parameters.ivt)
        self._found = Fixations.empty(self.parameters.ivt)

    def given(self, fixations: Fixations) -> None:
        """Take fixations that another program found; gaze is not judged any more."""
        self._given = fixations

    def page(self, page: Page) -> None:
        """Announce a page before a viewport change names it."""
        self.layout(page.digest, page.layout)

    def layout(self, digest: str, layout: SlotLayout) -> None:
        """Announce the layout of a page before a viewport change names it."""
        self._layouts[digest] = layout

    def calibration(self, attempt: CalibrationAttempt) -> None:
        """Map gaze that arrives from now on by this attempt, if it is a used one."""
        self._calibrations.append(attempt)

    def take(self, step: GazeChunk | CursorChunk | Marker | ViewportChange) -> None:
        """Take anything that a session produces."""
        match step:
            case GazeChunk():
                self.gaze(step)
            case CursorChunk():
                self.cursor(step)
            case Marker():
                self.marker(step)
            case _:
                self.viewport(step)

    def viewport(self, change: ViewportChange) -> None:
        """Take a change of what is visible.

        Raises:
            GazeTwinError: it comes so late that what it changes is final already.
        """
        self._take(change)

    def marker(self, marker: Marker) -> None:
        """Take a marker; most do not matter here.

        Raises:
            GazeTwinError: it comes so late that what it changes is final already.
        """
        if matters(marker):
            self._take(marker)
        if marker.code is Code.REPEAT:
            self._done = [view for view in self._done if view.slots.view.trial != marker.trial]

    def gaze(self, chunk: GazeChunk) -> None:
        """Take gaze as the source delivered it."""
        if len(chunk):
            xy_px = calibrated_xy(chunk, self._calibrations)
            self._held.append((chunk.t_s, xy_px, chunk.valid))
            self._newest_s = max(self._newest_s, float(np.max(chunk.t_s)))
            self._release()

    def cursor(self, chunk: CursorChunk) -> None:
        """Take cursor samples, at the latest ``HELD_S`` after gaze of the same time."""
        if len(chunk):
            self._cursor = _joined(self._cursor, chunk)

    def views(self) -> list[LiveView]:
        """Return every view so far in order of time, the current one last."""
        fixations = self._fixations_now()
        current = [self._measured(v, fixations) for v in shown(self._events, self._known_s())]
        views = [*self._done, *current]
        self._settle(current)
        return views

    def slots(self) -> Slots:
        """Return all fixations and views so far; after the last sample, as derived from the file later."""
        views = tuple(view.slots for view in self.views())
        method = METHOD if self._given is None else GIVEN
        digest = slots_digest(self.parameters, self._calibrations, method)
        return Slots(self.parameters, digest, self._fixations_now(), views)

    def _measured(self, view: Shown, fixations: Fixations) -> LiveView:
        layout = self._layouts[view.change.page]
        slots = measured(view, fixations, self._cursor, layout, self.parameters.within_px)
        return LiveView(slots, view.ended and self._newest_s >= view.t_off_s)

    def _settle(self, current: list[LiveView]) -> None:
        """Put trials away that nothing can change any more, and forget what only they needed."""
        old_s = self._newest_s - HELD_S
        ends = [i for i, event in enumerate(self._events) if ends_trial(event) and event.t_s <= old_s]
        if not ends:
            return
        self._done_s = self._events[ends[-1]].t_s
        self._done += [view for view in current if view.slots.view.t_off_s <= self._done_s]
        self._events = self._events[ends[-1] + 1 :]
        self._cursor = _since(self._cursor, self._done_s)

    def _take(self, event: Event) -> None:
        if event.t_s <= self._done_s:
            raise GazeTwinError(
                f"News of {event.t_s:.3f} s came after everything up to {self._done_s:.3f} s was final.",
                "A view that was reported as final would change.",
                f"Tell of pages and markers within {HELD_S:g} s; the recording itself is not affected.",
            )
        changes = [e for e in (*self._events, event) if isinstance(e, ViewportChange)]
        markers = [e for e in (*self._events, event) if isinstance(e, Marker)]
        self._events = ordered(changes, markers)
        for cut_s in cuts_s(self._events):
            if cut_s not in self._cuts_s:
                self._cuts_s.add(float(cut_s))
                self._ivt.cut(float(cut_s))

    def _release(self) -> None:
        t_s, xy_px, valid = _stacked(self._held)
        young = np.flatnonzero(t_s > self._newest_s - HELD_S)
        old = int(young[0]) if len(young) else len(t_s)
        found = self._ivt.push(t_s[:old], xy_px[:old], valid[:old])
        if len(found):
            self._found = Fixations.joined([self._found, found], self.parameters.ivt)
        self._held = [(t_s[old:], xy_px[old:], valid[old:])]

    def _fixations_now(self) -> Fixations:
        if self._given is not None:
            return self._given
        ahead = copy.deepcopy(self._ivt)
        rest = ahead.push(*_stacked(self._held)) if self._held else Fixations.empty(self.parameters.ivt)
        return Fixations.joined([self._found, rest, ahead.finish()], self.parameters.ivt)

    def _known_s(self) -> float:
        return max([self._newest_s, *(event.t_s for event in self._events)])


def _stacked(samples: list[Samples]) -> Samples:
    t_s, xy_px, valid = zip(*samples, strict=True)
    return np.concatenate(t_s), np.concatenate(xy_px), np.concatenate(valid)


def _since(cursor: CursorChunk, t_s: float) -> CursorChunk:
    """Leave out what came before, except for the last sample: the cursor is still there."""
    first = max(int(np.searchsorted(cursor.t_s, t_s)) - 1, 0)
    return CursorChunk(cursor.t_s[first:], cursor.xy_px[first:], cursor.buttons[first:])


def _joined(*chunks: CursorChunk) -> CursorChunk:
    none = np.empty(0)
    return CursorChunk(
        np.concatenate([none, *(c.t_s for c in chunks)]),
        np.concatenate([none.reshape(0, 2), *(c.xy_px for c in chunks)]),
        np.concatenate([none, *(c.buttons for c in chunks)]),
    )
