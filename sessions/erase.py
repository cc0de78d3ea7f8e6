"""Removes everything about one participant below a data folder, and leaves a receipt.

Found are: recordings, by the pseudonym inside them, with every file beside them that carries their name;
personas; and, in the folders that the Studio fills and beside those files, reports, results and tables, by
their name, or by the pseudonym or a recording's UUID in their text; a PDF by its title, or by the report in
HTML of the same name beside it. What is about several people is not
removed but named, and so is what cannot be read. Lines of logs that name the participant are cut out.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from protocols.errors import SessionError
from protocols.participant import is_pseudonym
from sessions.paper import judged_text
from sessions.persona_files import SUFFIX as PERSONA_SUFFIX
from sessions.schema import SUFFIX
from sessions.store import Listed, SessionStore

log = logging.getLogger(__name__)

RECEIPTS = "erased"
_LOGS = "logs"
_FILLED = ("sessions", "personas", "reports", "exports")
_CLOSED = (".pdf", ".unfinished", ".xdf", ".gz")
_BESIDE_PERSONA = (".fit.jsonl", ".comparison.json")
_TEXTS = (".html", ".json", ".jsonl", ".csv", ".tsv", ".txt", ".md", ".toml", ".svg", ".xml")
_ADVICE = (
    "Copies elsewhere are out of reach: exports, backups, reports that were sent, personas handed over.",
    "Until the disk is overwritten, deleted files may be restored from it; encrypt disks where that matters.",
)


class Removed(BaseModel):
    """One file that is gone.

    Attributes:
        name: below the data folder.
        size_bytes: before.
        sha256: of its content, hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    size_bytes: int
    sha256: str


class Receipt(BaseModel):
    """What an erasure did; holds nothing that was recorded.

    Attributes:
        participant: pseudonym.
        erased_utc: when, ISO 8601.
        folder: below which was searched.
        removed: files.
        cut: logs from which lines were cut, and how many.
        left: what is still there, and why.
        advice: what no program can reach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    participant: str
    erased_utc: str
    folder: Path
    removed: tuple[Removed, ...]
    cut: dict[str, int]
    left: dict[str, str]
    advice: tuple[str, ...] = _ADVICE


@dataclass(frozen=True, slots=True)
class Found:
    """What there is about one participant below a folder.

    Attributes:
        participant: pseudonym.
        folder: below which was searched.
        files: to be removed.
        logs: to be cut.
        left: what must be seen to by hand, and why.
    """

    participant: str
    folder: Path
    files: tuple[Path, ...]
    logs: tuple[Path, ...]
    left: dict[str, str] = field(default_factory=dict)


def find(participant: str, folder: Path) -> Found:
    """Return what there is about a participant; nothing is changed.

    Raises:
        SessionError: it is no pseudonym, or a session is being recorded that may be theirs.
    """
    if not is_pseudonym(participant):
        raise SessionError(
            f"{participant!r} is no pseudonym.",
            "Files are found by the pseudonym.",
            "Name it as it stands in the list of sessions, for example P07.",
        )
    store = SessionStore(folder)
    listed = store.list()
    _refuse_recording(participant, folder, listed)
    return _Search(participant, store, listed).found()


def erase(found: Found) -> Receipt:
    """Remove what was found and write the receipt to the folder ``erased``.

    A file that cannot be removed is named in the receipt, and the others are removed all the same.
    """
    left, removed, cut = dict(found.left), [], {}
    for path in found.files:
        name = str(path.relative_to(found.folder))
        try:
            told = Removed(name=name, size_bytes=path.stat().st_size, sha256=_sha256(path))
            path.unlink()
            removed.append(told)
        except OSError as error:
            left[name] = f"could not be removed: {error.strerror}"
    for path in found.logs:
        cut[str(path.relative_to(found.folder))] = _cut(path, _names(found.participant))
    _remove_empty(found)
    receipt = Receipt(
        participant=found.participant,
        erased_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        folder=found.folder,
        removed=tuple(removed),
        cut=cut,
        left=left,
    )
    _keep(receipt)
    return receipt


class _Search:
    def __init__(self, participant: str, store: SessionStore, listed: Sequence[Listed]) -> None:
        self._store, self._folder, self._participant = store, store.folder, participant
        self._listed = listed
        self._own = [one for one in listed if _is_theirs(one, participant, self._folder)]
        self._ids = tuple(one.session_id for one in self._own if one.session_id)
        self._others = {one.participant for one in listed} - {participant, ""}
        self._left: dict[str, str] = {}

    def found(self) -> Found:
        own = tuple(dict.fromkeys((*self._recordings(), *self._personas())))
        files = dict.fromkeys((*own, *self._by_name_or_text({path.parent for path in own})))
        logs = [p for p in self._all() if self._in(p, _LOGS) and self._names_them(p)]
        self._name_unreadable()
        return Found(self._participant, self._folder, tuple(files), tuple(logs), self._left)

    def _recordings(self) -> Iterator[Path]:
        for one in self._own:
            yield one.path
            yield from (p for p in one.path.parent.glob("*") if p.name.startswith(f"{one.path.name}."))
            yield from (p for p in one.path.parent.glob(".*") if p.name.startswith(f".{one.path.name}."))

    def _personas(self) -> Iterator[Path]:
        for persona in self._store.personas():
            if persona.participants == (self._participant,):
                yield persona.path
                yield from _beside_persona(persona.path)
            elif self._participant in persona.participants:
                self._left[self._name(persona.path)] = (
                    "a cohort that was fitted on several participants; fit it again without this one"
                )

    def _by_name_or_text(self, beside: AbstractSet[Path]) -> Iterator[Path]:
        for path in self._all():
            searched = path.parent in beside or any(self._in(path, name) for name in _FILLED)
            if not searched or path.suffix in (SUFFIX, PERSONA_SUFFIX):
                continue
            if self._is_named_after(self._participant, path) or self._names_them(path):
                others = self._others_in(path)
                if others:
                    self._left[self._name(path)] = f"is also about {', '.join(others)}; make it again"
                else:
                    yield path
            elif path.suffix in _CLOSED and not self._judged(path):
                self._left[self._name(path)] = "does not say whom it is about; look at it yourself"

    def _judged(self, path: Path) -> bool:
        """Tell whether it is known to be about other people."""
        if path.suffix == ".unfinished" and path.with_suffix("").exists():
            return True  # the persona of that name has told
        return any(self._is_named_after(other, path) for other in self._others) or bool(self._others_in(path))

    def _is_named_after(self, participant: str, path: Path) -> bool:
        parts, label = path.relative_to(self._folder).parts, _label(participant)
        alone = not any(_label(p) == label for p in (self._others | {self._participant}) - {participant})
        subject = f"sub-{label}" if alone else participant
        return any(_begins(part, participant) or _begins(part, subject) for part in parts)

    def _name_unreadable(self) -> None:
        for one in self._listed:
            if one.standing == "broken" and one not in self._own:
                self._left[self._name(one.path)] = "cannot be read, so nobody can tell whose it is"

    def _names_them(self, path: Path) -> bool:
        if path.suffix not in (*_TEXTS, ".pdf") and not self._in(path, _LOGS):
            return False
        text = judged_text(path)
        return any(i in text for i in self._ids) or bool(_names(self._participant).search(text))

    def _others_in(self, path: Path) -> list[str]:
        if path.suffix not in (*_TEXTS, ".pdf"):
            return []
        text = judged_text(path)
        return sorted(other for other in self._others if _names(other).search(text))

    def _all(self) -> Iterator[Path]:
        return (p for p in sorted(self._folder.rglob("*")) if p.is_file() and not p.is_symlink())

    def _in(self, path: Path, folder: str) -> bool:
        return path.relative_to(self._folder).parts[0] == folder

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._folder))


def _is_theirs(one: Listed, participant: str, folder: Path) -> bool:
    """Tell by what the file says, and by its name or its folder's when it says nothing."""
    parts = one.path.relative_to(folder).parts
    return one.participant == participant if one.participant else any(_begins(p, participant) for p in parts)


def _beside_persona(path: Path) -> Iterator[Path]:
    yield from path.parent.glob(f"{path.name}.*")
    beside = (path.with_suffix(suffix) for suffix in _BESIDE_PERSONA)
    yield from (other for other in beside if other.is_file())


def _label(participant: str) -> str:
    """Return the pseudonym as BIDS data sets write it after ``sub-``."""
    return re.sub(r"[^A-Za-z0-9]", "", participant)


def _begins(name: str, stem: str) -> bool:
    return re.match(rf"{re.escape(stem)}(?![A-Za-z0-9])", name) is not None


def _names(participant: str) -> re.Pattern[str]:
    """Return a pattern of the pseudonym as a word of its own; P07 is not in P070 nor in XP07."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(participant)}(?![A-Za-z0-9])")


def _refuse_recording(participant: str, folder: Path, listed: Sequence[Listed]) -> None:
    for one in listed:
        if one.standing == "recording" and _is_theirs(one, participant, folder):
            raise SessionError(
                f"A session of {participant} is being recorded now: {one.path}.",
                "It would be written again at once.",
                "End the session, then erase.",
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cut(path: Path, names: re.Pattern[str]) -> int:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = [line for line in lines if not names.search(line)]
    path.write_text("".join(kept), encoding="utf-8")
    return len(lines) - len(kept)


def _remove_empty(found: Found) -> None:
    for folder in {path.parent for path in found.files} - {found.folder}:
        if folder.parent != found.folder and not any(folder.iterdir()):
            folder.rmdir()


def _keep(receipt: Receipt) -> None:
    folder = receipt.folder / RECEIPTS
    folder.mkdir(parents=True, exist_ok=True)
    when = re.sub(r"[^0-9T]", "", receipt.erased_utc[:19])
    text = json.dumps(receipt.model_dump(mode="json"), indent=1, ensure_ascii=False)
    free = (f"{receipt.participant}_{when}{f'-{n}' if n else ''}.json" for n in range(1000))
    path = next(folder / name for name in free if not (folder / name).exists())
    path.write_text(text + "\n", encoding="utf-8")
    log.info("erased a participant: %d files, receipt %s", len(receipt.removed), path.name)
