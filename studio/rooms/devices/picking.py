"""Somebody says what the channels of an unknown stream are: the questions of ``gazetwin pick`` in a room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from acquisition.picker import concerns
from acquisition.profile_file import PickedProfile
from protocols.errors import GazeTwinError, ProfileInvalid
from protocols.geometry import Screen
from studio.background import Later
from studio.observed import Observed
from studio.picking import Candidate, Choice, candidate, picked
from studio.remembered import remember
from studio.rooms.devices.state import DevicesState, Line, Picking

_WAIT_S, _LISTEN_S = 2.0, 2.0


class Picker:
    """Asks about one stream, checks the answer on live samples, remembers it.

    Args:
        state: of the room.
        later: runs what takes time.
        kept: called when an answer has been remembered.
    """

    def __init__(self, state: Observed[DevicesState], later: Later, kept: Callable[[], None]) -> None:
        self._state, self._later, self._kept = state, later, kept

    def begin(self) -> None:
        """Listen to the chosen stream and show what its channels seem to be."""
        entry = self._state.value.entry
        if entry is None or not entry.pickable or entry.stream is None:
            return
        self._put(waiting=f"Listening to {entry.title} for {_LISTEN_S:.0f} s …")
        uid = entry.stream.uid
        self._later(partial(candidate, uid, _WAIT_S, _LISTEN_S), self._heard, self._failed)

    def answer(self, choice: Choice, despite: bool = False) -> None:
        """Take an answer: keep it when nothing speaks against it, or ``despite`` what does."""
        picking = self._state.value.picking
        if picking is None:
            return
        try:
            profile = picked(picking.one.stream, choice)
        except ProfileInvalid as refusal:
            words = f"{refusal.what} {refusal.fix}"
            self._put(picking=replace(picking, concerns=(), refusal=words))
            return
        told = self._doubts(picking.one, profile)
        if told and not despite:
            self._put(picking=replace(picking, concerns=tuple(told), refusal=""))
            return
        self._later(partial(remember, profile), self._remembered, self._failed)

    def stop(self) -> None:
        """Leave it as it is."""
        self._put(picking=None)

    def _doubts(self, one: Candidate, profile: PickedProfile) -> list[str]:
        setup = self._state.value.setup
        whole = setup.frame.whole if setup.frame is not None else Screen(size_px=setup.page_px)
        return concerns(profile.wire_format(), one.stream, one.heard.values, whole)

    def _heard(self, one: Candidate) -> None:
        self._put(picking=Picking(one), waiting="")

    def _remembered(self, kept: tuple[Path, Path | None]) -> None:
        self._put(picking=None, said=Line(f"Remembered in {kept[0]}; the stream is read like this.", "good"))
        self._kept()

    def _failed(self, error: GazeTwinError) -> None:
        self._put(waiting="", said=Line(str(error), "bad"))

    def _put(self, **changes: object) -> None:
        self._state.put(replace(self._state.value, **changes))  # type: ignore[arg-type] # fields of the state
