"""What the report room shows. Frozen values, made by the controller. Qt-free."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from studio.session_choices import Choices

Which = Literal["newest", "none"] | Path
"""With which persona a session is compared: the newest one fitted on it, none, or this one."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written.

    Attributes:
        words: what it is about.
        html: the file for the screen.
        pdf: the file for paper.
        pages: what the PDF's pages look like, JPEG each; none for one that was written before this run.
    """

    words: str
    html: Path
    pdf: Path
    pages: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ReportState:
    """Everything the room shows.

    Attributes:
        listing: the files are being looked for.
        choices: what there is.
        chosen: sessions to report.
        which: persona to compare with.
        working: reports are being written.
        said: what is being done.
        progress: of that, 0 to 1; None when it is not known.
        problem: what went wrong, empty when all is well.
        written: reports of this run, the newest first.
        earlier: reports that were there before, the newest first.
    """

    listing: bool = True
    choices: Choices = field(default_factory=Choices)
    chosen: tuple[Path, ...] = ()
    which: Which = "newest"
    working: bool = False
    said: str = ""
    progress: float | None = None
    problem: str = ""
    written: tuple[Written, ...] = ()
    earlier: tuple[Written, ...] = ()

    @property
    def reports(self) -> tuple[Written, ...]:
        """All reports, the newest first."""
        now = {report.html for report in self.written}
        return (*self.written, *(report for report in self.earlier if report.html not in now))

    @property
    def cannot_write(self) -> str:
        """Why no report can be written now, in words; empty when one can."""
        if self.working:
            return "A report is being written."
        if self.listing:  # which twins were fitted on a session is not known before
            return "Looking for sessions …"
        if not self.choices.sessions and not self.chosen:
            return "There is no session yet: record one, or import it."
        return "" if self.chosen else "Choose at least one session."
