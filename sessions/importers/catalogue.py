"""Every format that can be imported, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from protocols.errors import ForeignFileError
from sessions.importers.contract import Reader

FORMATS: Mapping[str, str] = {
    "adserp": "AdSERP: its data folder",
    "eyelink-asc": "EyeLink: an .asc file made by edf2asc",
    "pupil-cloud": "Pupil Cloud: the folder with gaze.csv, or that file",
    "recgaze": "RecGaze: the folder with summary_feedback.csv",
    "tobii-pro-lab": "Tobii Pro Lab: its data export, .tsv or .tsv.gz",
    "tobii-tsv": "Tobii: tab-separated samples of both eyes, .tsv or .tsv.gz",
    "xdf": "XDF: any file with a gaze stream",
}


def reader_of(name: str) -> Reader:
    """Return the importer of a format.

    Raises:
        ForeignFileError: there is no such format.
    """
    if name not in FORMATS:
        raise ForeignFileError(
            f"There is no format {name!r}.",
            "A file read as something else would give plausible nonsense.",
            f"Choose one of: {', '.join(FORMATS)}.",
        )
    module = import_module(f"sessions.importers.{name.replace('-', '_')}")
    return cast(Reader, cast(Callable[..., object], module.read))
