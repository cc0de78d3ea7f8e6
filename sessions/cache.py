"""Derived data inside a recording: may be deleted and rebuilt at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import h5py
import numpy as np

from acquisition.fixations import Fixations, IvtParameters
from protocols.slots import IntArray
from sessions.schema import Column, derived_path
from sessions.slots import SlotParameters, Slots, ViewSlots
from sessions.timeline import Shown, ViewportChange

FIXATIONS = (
    Column("onset_s", "float", "s"),
    Column("offset_s", "float", "s"),
    Column("x_px", "float", "px"),
    Column("y_px", "float", "px"),
    Column("n", "int", "samples"),
)
VIEWS = (
    Column("trial", "int"),
    Column("t_on_s", "float", "s"),
    Column("t_off_s", "float", "s"),
    Column("change", "int"),
    Column("page", "text"),
    Column("click", "int"),
    Column("ended", "bool"),
)
SLOTS = (
    Column("view", "int"),
    Column("slot", "int"),
    Column("fixation_ms", "float", "ms"),
    Column("cursor_ms", "float", "ms"),
)


def stored(h5: h5py.File, digest: str, changes: Sequence[ViewportChange]) -> Slots | None:
    """Return slots derived earlier, None when there are none with this digest.

    Args:
        h5: a recording.
        digest: of settings and calibrations.
        changes: the recording's viewport changes, in the order they were written.
    """
    path = derived_path("slots", digest)
    if path not in h5:
        return None
    group = h5[path]
    settings = json.loads(group.attrs["parameters"])
    parameters = SlotParameters(IvtParameters(**settings["ivt"]), settings["within_px"])
    fixations = Fixations(
        **{c.name: group["fixations"][c.name][:] for c in FIXATIONS}, parameters=parameters.ivt
    )
    return Slots(parameters, digest, fixations, _views(group, changes))


def store(h5: h5py.File, slots: Slots, changes: Sequence[ViewportChange], software: str) -> None:
    """Write derived slots, replacing those with the same digest."""
    path = derived_path("slots", slots.digest)
    if path in h5:
        del h5[path]
    group = h5.create_group(path)
    group.attrs.update(parameters=json.dumps(asdict(slots.parameters)), software=software)
    fixations = {c.name: getattr(slots.fixations, c.name) for c in FIXATIONS}
    _write(group.create_group("fixations"), FIXATIONS, fixations)
    _write(group.create_group("views"), VIEWS, _view_columns(slots.views, changes))
    _write(group.create_group("slots"), SLOTS, _slot_columns(slots.views))


def _write(group: h5py.Group, columns: Sequence[Column], values: Mapping[str, object]) -> None:
    for column in columns:
        dataset = group.create_dataset(column.name, data=values[column.name], dtype=column.dtype)
        dataset.attrs["unit"] = column.unit


def _view_columns(views: Sequence[ViewSlots], changes: Sequence[ViewportChange]) -> dict[str, object]:
    number = {change: i for i, change in enumerate(changes)}
    shown = [v.view for v in views]
    return {
        "trial": [s.trial for s in shown],
        "t_on_s": [s.t_on_s for s in shown],
        "t_off_s": [s.t_off_s for s in shown],
        "change": [number[s.change] for s in shown],
        "page": [s.change.page for s in shown],
        "click": [-1 if s.click is None else s.click for s in shown],
        "ended": [s.ended for s in shown],
    }


def _slot_columns(views: Sequence[ViewSlots]) -> dict[str, object]:
    sizes = [len(v.fixation_ms) for v in views]
    none = np.empty(0)
    return {
        "view": np.repeat(np.arange(len(views)), sizes),
        "slot": np.concatenate([none, *(np.arange(size) for size in sizes)]),
        "fixation_ms": np.concatenate([none, *(v.fixation_ms for v in views)]),
        "cursor_ms": np.concatenate([none, *(v.cursor_ms for v in views)]),
    }


def _views(group: h5py.Group, changes: Sequence[ViewportChange]) -> tuple[ViewSlots, ...]:
    slots = {c.name: group["slots"][c.name][:] for c in SLOTS}
    columns = group["views"]
    rows = zip(
        *(columns[n][:] for n in ("trial", "change", "t_on_s", "t_off_s", "click", "ended")), strict=True
    )
    views = []
    for number, (trial, change, t_on_s, t_off_s, click, ended) in enumerate(rows):
        clicked = None if click < 0 else int(click)
        view = Shown(int(trial), changes[change], float(t_on_s), float(t_off_s), clicked, bool(ended))
        views.append(_of_view(view, slots["view"] == number, slots))
    return tuple(views)


def _of_view(view: Shown, rows: IntArray, slots: Mapping[str, np.ndarray]) -> ViewSlots:
    return ViewSlots(view, slots["fixation_ms"][rows], slots["cursor_ms"][rows])
