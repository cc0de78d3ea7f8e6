"""Chooses where gaze comes from, and sets up the participant's display. Qt-free."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from acquisition.clock import Clock
from acquisition.presence import Presence
from acquisition.preview import Preview
from acquisition.source import GazeSource
from protocols.errors import GazeTwinError
from protocols.geometry import Screen
from protocols.placement import DisplayFrame
from studio.background import Later
from studio.monitors import Monitor, Setup, likely
from studio.observed import Observed
from studio.remembered import reading
from studio.rooms.devices.doubts import lines
from studio.rooms.devices.entries import ALWAYS, REPLAY, gone, of_streams, replaying
from studio.rooms.devices.picking import Picker
from studio.rooms.devices.state import DevicesState, Entry, Line, Measured
from studio.settings import Corner, Settings, Sized
from studio.sources import SourceChoice, tracker
from studio.visit import Visit

_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Shared:
    """What the room uses of the house.

    Attributes:
        visit: gets the source and the display.
        settings: remember displays.
        later: runs what takes time.
        clock: session clock.
        recording: tells whether a session is being recorded; nothing is looked at meanwhile.
    """

    visit: Observed[Visit]
    settings: Observed[Settings]
    later: Later
    clock: Clock
    recording: Callable[[], bool] = lambda: False


class DevicesController:
    """Owns the state of the room.

    Args:
        shared: what is used of the house.
        monotonic: tells s, for how often to look.
    """

    def __init__(self, shared: Shared, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.state = Observed(DevicesState(entries=ALWAYS))
        self._shared, self._monotonic = shared, monotonic
        self._presence = Presence()
        self._preview: Preview | None = None
        self._looking = self._closed = False
        self._looked_s = float("-inf")
        self._turn = 0  # a preview that opens after something else was chosen is closed again
        self._replay = REPLAY
        self.picker = Picker(self.state, shared.later, self._picked)

    # ---- coming and going

    def enter(self, monitors: Sequence[Monitor]) -> None:
        """Begin to look for streams, and at the chosen one."""
        self.monitors(monitors)
        if self._preview is None and self.state.value.entry is not None:
            self._look_at(self.state.value.entry)
        self.beat()

    def leave(self, then: Callable[[], None] = lambda: None) -> None:
        """Close what is being looked at; ``then`` is called when it is closed."""
        self._put(measured=None, waiting="", said=None)
        self._turn += 1
        preview, self._preview = self._preview, None
        if preview is None:
            then()
        else:
            self._shared.later(preview.close, lambda _: then(), self._broken)

    def close_down(self) -> None:
        """End everything, at once."""
        self._turn += 1
        self._closed = True
        if self._preview is not None:
            self._preview.close()
            self._preview = None
        self._presence.close()

    def beat(self) -> None:
        """Look for streams when it is time, and take what the chosen source has sent."""
        if not self._looking and self._monotonic() - self._looked_s >= _LOOK_EVERY_S:
            self._looking = True
            self._shared.later(self._look, self._saw, self._blind)
        if self._preview is not None:
            self._measure(self._preview)

    # ---- where gaze comes from

    def choose(self, key: str) -> None:
        """Take an entry: a session will use it, and it is looked at if it can be."""
        entry = next((one for one in self.state.value.entries if one.key == key), None)
        if entry is None or key == self.state.value.chosen:
            return
        self._put(chosen=key, failure="", measured=None, picking=None, said=None)
        self._tell_visit(entry.choice)
        self._look_at(entry)

    def replay(self, path: Path) -> None:
        """Take a session file as the source."""
        self._put(waiting=f"Reading {path.name} …", failure="")
        self._shared.later(partial(replaying, path), self._will_replay, self._no_replay)

    def wear(self, surface: Path) -> None:
        """Take a surface file for the chosen stream of a head-worn tracker."""
        entry = self.state.value.entry
        if entry is None or not entry.wearable or entry.stream is None:
            return
        choice = SourceChoice("lsl", name=entry.stream.source_id or entry.stream.name, surface=surface)
        used = replace(entry, choice=choice, refusal="", caveat=f"Mapped onto the screen by {surface.name}.")
        self._replace(used)
        self._tell_visit(choice)
        self._look_at(used)

    # ---- the participant's display

    def monitors(self, monitors: Sequence[Monitor]) -> None:
        """Take which monitors there are now."""
        study = self._shared.visit.value.study
        page_px = study.screen.size_px if study is not None else Setup().page_px
        before = self.state.value.setup
        setup = replace(before, monitors=tuple(monitors), page_px=page_px)
        if monitors and not before.monitors and not before.name:
            setup = self._at(setup, likely(tuple(monitors)))
        self._set_up(setup)

    def display(self, name: str) -> None:
        """Take another monitor as the participant's."""
        self._set_up(self._at(self.state.value.setup, name))

    def size(self, width_mm: float, height_mm: float) -> None:
        """Take the size of the display's visible area."""
        changed = replace(
            self.state.value.setup,
            size_mm=(width_mm, height_mm),
            size_from="the fields below",
            insisted=False,
        )
        self._set_up(changed, remember=True)

    def distance(self, distance_mm: float) -> None:
        """Take the distance from the eyes to the display."""
        setup = replace(self.state.value.setup, distance_mm=distance_mm, insisted=False)
        self._set_up(setup, remember=True)

    def card(self, card_px: float) -> None:
        """Take how many device px wide a bank card is on the display."""
        self._set_up(self.state.value.setup.by_card(card_px), remember=True)

    def insist(self, insisted: bool) -> None:
        """Take it that numbers are right although they look wrong."""
        self._set_up(replace(self.state.value.setup, insisted=insisted))

    # ---- other instruments

    def photodiode(self, corner: Corner) -> None:
        """Draw a photodiode's patch in a corner of the participant's display, none for an empty name."""
        self._keep(photodiode=corner)

    def publish(self, publish: bool) -> None:
        """Send markers onto LSL while a session runs, or not."""
        self._keep(publish_markers=publish)

    # ---- inside

    def _keep(self, **changes: object) -> None:
        settings = self._shared.settings
        settings.put(settings.value.model_copy(update=changes))

    def _put(self, **changes: object) -> None:
        self.state.put(replace(self.state.value, **changes))  # type: ignore[arg-type] # fields of the state

    def _look(self) -> tuple[Entry, ...]:
        how = reading(None)
        return of_streams(self._presence.look(how.types), how)

    def _saw(self, streams: tuple[Entry, ...]) -> None:
        if self._closed:
            return
        self._looking, self._looked_s = False, self._monotonic()
        state = self.state.value
        now = state.entry
        found = [self._kept(one, now) for one in streams]
        if now is not None and now.kind == "lsl" and all(one.key != now.key for one in found):
            found.append(gone(now))
        entries = (*found, ALWAYS[0], ALWAYS[1], self._replay)
        if entries != state.entries or state.looking or state.problem:
            self._put(entries=entries, looking=False, problem="")
        self._follow(now)
        self._recall()

    def _recall(self) -> None:
        """Choose again what the visit has, when the room was built anew."""
        known, state = self._shared.visit.value.source, self.state.value
        if known is None or state.chosen:
            return
        if known.kind == "replay" and known.file is not None:
            self.replay(known.file)
        for entry in state.entries:
            if entry.choice == known:
                self.choose(entry.key)
            elif entry.wearable and known.surface and entry.key == f"lsl:{known.name}":
                self._put(chosen=entry.key)
                self.wear(known.surface)

    def _kept(self, found: Entry, now: Entry | None) -> Entry:
        """Keep a surface file that was given for a stream."""
        if now is not None and now.key == found.key and now.choice is not None and now.choice.surface:
            return replace(found, choice=now.choice, refusal="", caveat=now.caveat)
        return found

    def _follow(self, before: Entry | None) -> None:
        """Look again at a chosen stream that has come back, or can be read only now."""
        now = self.state.value.entry
        if now is None or before is None or now.key != before.key or now.gone:
            return
        if now.choice != before.choice:
            self._tell_visit(now.choice)
        if now.choice is not None and (before.choice is None or (before.gone and self._preview is None)):
            self._look_at(now)

    def _blind(self, error: GazeTwinError) -> None:
        self._looking, self._looked_s = False, self._monotonic() + 10 * _LOOK_EVERY_S
        self._put(looking=False, problem=str(error))

    def _look_at(self, entry: Entry) -> None:
        """Close what was looked at and open another source, both in the background."""
        self._turn += 1
        before, self._preview = self._preview, None
        choice = entry.choice
        if choice is None or choice.kind not in ("lsl", "replay") or self._shared.recording():
            self._put(waiting="", failure="", measured=None)
            if before is not None:
                self._shared.later(before.close, lambda _: None, self._broken)
            return
        self._put(waiting=f"Connecting to {entry.title} …", failure="", measured=None)
        turn, frame = self._turn, self.state.value.setup.frame
        page, clock = self._page(frame), self._shared.clock

        def exchange() -> Preview:
            if before is not None:
                before.close()
            preview = Preview(_source(choice, page, frame, clock), clock)
            preview.open()
            return preview

        self._shared.later(exchange, partial(self._opened, turn), partial(self._unopened, turn))

    def _page(self, frame: DisplayFrame | None) -> Screen:
        page_px = self.state.value.setup.page_px
        return frame.page(page_px) if frame is not None else Screen(size_px=page_px)

    def _opened(self, turn: int, preview: Preview) -> None:
        if turn != self._turn:
            self._shared.later(preview.close, lambda _: None, self._broken)
            return
        self._preview = preview
        self._put(waiting="")

    def _unopened(self, turn: int, error: GazeTwinError) -> None:
        if turn == self._turn:
            self._put(waiting="", failure=str(error))

    def _measure(self, preview: Preview) -> None:
        glance, entry = preview.glance(), self.state.value.entry
        frame = self.state.value.setup.frame
        whole = frame.whole if frame is not None else self._page(frame)
        stream, profile = (entry.stream, entry.profile) if entry is not None else (None, None)
        self._put(measured=Measured(glance, lines(glance, stream, profile, whole)))

    def _will_replay(self, entry: Entry) -> None:
        if self._closed:
            return
        self._replay = entry
        self._replace(entry)
        self._put(waiting="", chosen="")
        self.choose(entry.key)

    def _no_replay(self, error: GazeTwinError) -> None:
        self._put(waiting="", said=Line(str(error), "bad"))

    def _replace(self, entry: Entry) -> None:
        self._put(entries=tuple(entry if one.key == entry.key else one for one in self.state.value.entries))

    def _tell_visit(self, choice: SourceChoice | None) -> None:
        self._shared.visit.put(replace(self._shared.visit.value, source=choice))

    def _picked(self) -> None:
        """A stream can be read from now on: look again at once."""
        self._looked_s = float("-inf")

    def _broken(self, error: GazeTwinError) -> None:
        self._put(said=Line(str(error), "bad"))

    def _at(self, setup: Setup, name: str) -> Setup:
        monitor = next((one for one in setup.monitors if one.name == name), None)
        known = self._shared.settings.value.displays.get(monitor.key) if monitor is not None else None
        return setup.at(name, None if known is None else (known.width_mm, known.height_mm, known.distance_mm))

    def _set_up(self, setup: Setup, remember: bool = False) -> None:
        before = self.state.value.setup.frame
        self._put(setup=setup)
        self._shared.visit.put(replace(self._shared.visit.value, display=setup.decided))
        if remember and setup.monitor is not None and setup.frame is not None:
            self._remember(setup.monitor.key, setup)
        entry = self.state.value.entry
        if setup.frame != before and entry is not None and entry.kind == "lsl" and self._preview is not None:
            self._look_at(entry)  # what its coordinates mean on the page has changed

    def _remember(self, key: str, setup: Setup) -> None:
        width_mm, height_mm = setup.size_mm
        sized = Sized(width_mm=width_mm, height_mm=height_mm, distance_mm=setup.distance_mm)
        settings = self._shared.settings.value
        if settings.displays.get(key) != sized:
            self._keep(displays={**settings.displays, key: sized})


def _source(choice: SourceChoice, page: Screen, frame: DisplayFrame | None, clock: Clock) -> GazeSource:
    """Return what is looked at, not open; reads files, so not for the main thread."""
    if choice.file is None:
        return tracker(choice, page, clock, frame)
    from sessions.replay import ReplaySource  # HDF5 is not loaded for the first window

    return ReplaySource(choice.file, clock=clock)
