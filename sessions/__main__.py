"""Jobs on recordings as programs of their own: ``python -P -m sessions derive|check|recover|rest FILE``,
``python -P -m sessions export FILE --to csv|bids|xdf --out FOLDER``,
``python -P -m sessions list FOLDER``, ``python -P -m sessions erase FOLDER PARTICIPANT``.

Each prints one message of ``protocols.wire`` a line: progress, then done or failed.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from acquisition.fixations import IvtParameters
from protocols.errors import GazeTwinError
from protocols.wire import Done, Failed, Message, Progress, encode
from sessions.check import check
from sessions.derive import derive
from sessions.erase import erase, find
from sessions.quality_store import store_quality
from sessions.recover import recover
from sessions.slots import SlotParameters
from sessions.store import SessionStore
from sessions.unfinished import unfinished

Send = Callable[[Message], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one job; return the exit status: 0 when it ended well, 2 when it failed."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    wanted = _parser().parse_args(arguments)
    try:
        result = wanted.job(wanted, _send)
    except GazeTwinError as error:
        _send(Failed.of(error))
        return 2
    _send(result)
    return 0


def _send(message: Message) -> None:
    sys.stdout.write(encode(message) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -P -m sessions", description=__doc__)
    jobs = parser.add_subparsers(required=True)
    for name, job in (("derive", _derive), ("check", _check), ("recover", _recover), ("rest", _rest)):
        sub = jobs.add_parser(name)
        sub.add_argument("path", type=Path)
        sub.set_defaults(job=job)
        if name == "derive":
            sub.add_argument("--within-px", type=float, default=0.0)
        if name == "check":
            sub.add_argument("--keep", action="store_true", help="keep the judgement in the recording")
    exporting = jobs.add_parser("export")
    exporting.add_argument("path", type=Path)
    exporting.add_argument("--to", choices=("csv", "bids", "xdf"), required=True)
    exporting.add_argument("--out", type=Path, required=True)
    exporting.set_defaults(job=_export)
    listing = jobs.add_parser("list")
    listing.add_argument("path", type=Path)
    listing.set_defaults(job=_list)
    erasing = jobs.add_parser("erase")
    erasing.add_argument("path", type=Path)
    erasing.add_argument("participant")
    erasing.add_argument("--only-find", action="store_true", help="tell what would be removed")
    erasing.set_defaults(job=_erase)
    return parser


def _derive(wanted: argparse.Namespace, send: Send) -> Done:
    send(Progress(done=0, message="finding fixations"))
    slots = derive(wanted.path, SlotParameters(IvtParameters(), wanted.within_px))
    return Done(
        result={"digest": slots.digest, "fixations": len(slots.fixations), "views": len(slots.views)},
    )


def _check(wanted: argparse.Namespace, send: Send) -> Done:
    def on_page(done: int, total: int) -> None:
        send(Progress(done=done, total=total, unit="pages", message="comparing pages with their digests"))

    report = check(wanted.path, on_page)
    if wanted.keep:
        store_quality(wanted.path, report)
    return Done(result=report.model_dump(mode="json"))


def _recover(wanted: argparse.Namespace, send: Send) -> Done:
    send(Progress(done=0, message="copying and repairing"))
    return Done(result=recover(wanted.path).model_dump(mode="json"))


def _rest(wanted: argparse.Namespace, send: Send) -> Done:
    send(Progress(done=0, message="looking for what is left"))
    return Done(result=unfinished(wanted.path).model_dump(mode="json"))


def _export(wanted: argparse.Namespace, send: Send) -> Done:
    from sessions.exporters.bids import export_bids
    from sessions.exporters.csv_folder import export_csv
    from sessions.exporters.xdf import export_xdf

    send(Progress(done=0, message=f"exporting to {wanted.to.upper()}"))
    if wanted.to == "bids":
        (exported,) = export_bids([wanted.path], wanted.out)
    else:
        exported = (export_csv if wanted.to == "csv" else export_xdf)(wanted.path, wanted.out)
    return Done(result={"target": str(exported.target), "notes": list(exported.notes)})


def _list(wanted: argparse.Namespace, send: Send) -> Done:
    send(Progress(done=0, message="looking for sessions"))
    return Done(
        result={"sessions": [one.model_dump(mode="json") for one in SessionStore(wanted.path).list()]}
    )


def _erase(wanted: argparse.Namespace, send: Send) -> Done:
    send(Progress(done=0, message="looking for everything about the participant"))
    found = find(wanted.participant, wanted.path)
    if wanted.only_find:
        return Done(result={"files": [str(path) for path in found.files], "left": {**found.left}})
    return Done(result=erase(found).model_dump(mode="json"))


if __name__ == "__main__":
    sys.exit(main())
