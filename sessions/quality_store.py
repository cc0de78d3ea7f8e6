"""Keeps a judgement inside the recording that it is about, under ``/derived``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import h5py

from protocols.errors import SessionError
from sessions.atomic_file import AtomicFile
from sessions.calibrations import in_force
from sessions.check import CheckReport
from sessions.opening import busy, opened
from sessions.reader import Recording
from sessions.schema import derived_path

METHOD = "quality-1"
"""Named in every digest; another one as soon as the same recording is judged by other rules."""
_INTEGRITY = ("study", "pages", "page digests")


def store_quality(path: Path, report: CheckReport) -> None:
    """Store a judgement, in place of an earlier one of the same calibrations by the same rules.

    Args:
        path: the recording that was judged.
        report: what was found.

    Raises:
        SessionError: the recording was changed since it was made, is being written, or cannot be written.
    """
    changed = [i.name for i in report.items if i.name in _INTEGRITY and i.verdict == "bad"]
    if changed:
        raise SessionError(
            f"The judgement was not stored in {path}: something is wrong with its {' and '.join(changed)}.",
            "A file that was changed is evidence and is better left alone.",
            "Find the unchanged file; keep this judgement with `gazetwin check --json`.",
        )
    with Recording.open(path) as recording:
        where = quality_path(recording)
    file = _opened(path)
    with h5py.File(file, "r+") as h5:
        if where in h5:
            del h5[where]
        h5[where] = report.model_dump_json(exclude={"path"})
        h5[where].attrs["method"] = METHOD
    file.close()


def stored_quality(path: Path) -> CheckReport | None:
    """Return the judgement stored in a recording, None when there is none for its calibrations and rules.

    Raises:
        SessionError: the recording cannot be opened, see ``Recording.open``.
    """
    with Recording.open(path) as recording:
        where = quality_path(recording)
    with opened(path) as h5:
        if where not in h5:
            return None
        fields = json.loads(h5[where].asstr()[()])
    return CheckReport.model_validate({**fields, "path": path})


def quality_path(recording: Recording) -> str:
    """Return where a judgement of a recording's calibrations by these rules is kept."""
    used = [(repr(a.from_s), a.calibration.to_json()) for a in in_force(recording.calibrations())]
    digest = hashlib.sha256(json.dumps([METHOD, used]).encode("utf-8")).hexdigest()[:16]
    return derived_path("quality", digest)


def _opened(path: Path) -> AtomicFile:
    try:
        return AtomicFile(path, "r+b")
    except BlockingIOError as error:
        raise busy(path) from error
    except OSError as error:
        raise SessionError(
            f"The judgement was not stored in {path}: {error.strerror}.",
            "Other programs would have to judge the recording again.",
            "Make the file writable, or keep the judgement with `gazetwin check --json`.",
        ) from error
