from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from acquisition.fixations import Fixations, IvtParameters
from sessions.cache import store, stored
from sessions.slots import SlotParameters, Slots


def kept(path: Path, slots: Slots) -> Slots:
    with h5py.File(path, "w") as h5:
        store(h5, "derived/slots@0", slots)
    with h5py.File(path) as h5:
        again = stored(h5, "derived/slots@0")
    assert again is not None
    return again


def some(parameters: IvtParameters) -> Slots:
    one = np.array([1.0])
    fixations = Fixations(one, one + 0.3, one, one, np.array([9]), parameters, np.array([9.5]))
    return Slots(SlotParameters(parameters), "0", fixations, ())


def test_threshold_and_noise_are_stored_with_the_fixations(tmp_path: Path) -> None:
    again = kept(tmp_path / "a.h5", some(IvtParameters(noise_factor=4.0)))
    assert again.fixations.noise_deg_s.tolist() == [9.5]
    assert again.fixations.threshold_deg_s.tolist() == [38.0]
    assert again.parameters.ivt == IvtParameters(noise_factor=4.0)


def test_what_the_first_detector_stored_is_read_as_its_fixed_threshold(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    kept(path, some(IvtParameters()))
    old = {"velocity_deg_s": 30.0, "window_s": 0.04, "gap_s": 0.075, "gap_deg": 1.0}
    old |= {"merge_s": 0.075, "merge_deg": 0.5, "min_s": 0.06}
    with h5py.File(path, "r+") as h5:
        group = h5["derived/slots@0"]
        group.attrs["parameters"] = json.dumps({"ivt": old, "within_px": 0.0})
        del group["fixations"]["noise_deg_s"]
    with h5py.File(path) as h5:
        again = stored(h5, "derived/slots@0")
    assert again is not None
    assert (again.parameters.ivt.velocity_deg_s, again.parameters.ivt.noise_factor) == (30.0, 0.0)
    assert np.isnan(again.fixations.noise_deg_s).all()
