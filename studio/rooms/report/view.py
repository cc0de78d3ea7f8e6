"""The room "Report": one click to a report of a session, on the screen and on paper."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.house import House
from studio.rooms.report.controller import ReportController
from studio.rooms.report.preview import Preview
from studio.rooms.report.state import ReportState, Written
from studio.rooms.report.writing import write
from studio.rooms.room import Room
from studio.session_choices import Choices
from studio.widgets.panel import Panel
from studio.widgets.wrapped_lines import wrap_lines

_BEAT_MS = 100
_PATH = Qt.ItemDataRole.UserRole
_EARLIER = "This report was written earlier. Open it with the buttons above."
_EMPTY = "Press “Write report”. It will be shown here, and its files are kept in\n{folder}."


class ReportRoom(Room):
    """Report.

    Attributes:
        controller: chooses and has reports written.
        sessions: the recordings, each with a box to tick.
        add: a recording from anywhere else.
        personas: what each is compared with.
        write: the main button.
        reports: those written, the newest first.
        open_html: shows it in the browser.
        open_pdf: shows it in the viewer for PDF.
        open_folder: shows where the files are.
        preview: its pages.
    """

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.controller = ReportController(
            house.background, house.settings.value.data_folder, house.reports_folder, write
        )
        self._recorded: Path | None = None
        self._timer = QTimer(self, interval=_BEAT_MS)
        self._timer.timeout.connect(self.controller.tick)
        self._furnish()

    def _furnish(self) -> None:
        """Make everything that can be seen, in the house's colours."""
        self._listed: Choices | None = None
        self._shown: tuple[Written, ...] = ()
        self.sessions, self.personas, self.reports = QListWidget(), QComboBox(), QComboBox()
        self.add, self.write = QPushButton("&Add a recording …"), QPushButton("&Write report")
        self.open_html, self.open_pdf = QPushButton("In &browser"), QPushButton("As &PDF")
        self.open_folder = QPushButton("In &folder")
        self.preview = Preview()
        self._why, self._said = QLabel(), QLabel()
        self._progress = QProgressBar()
        self._name()
        self._lay_out()
        self._connect()
        self._unwatch = self.controller.state.watch(self._render)

    def enter(self, about: Path | None) -> None:
        """Offer what there is; choose the session asked for, or the one of this visit."""
        self._timer.start()
        recorded = self.house.visit.value.recorded
        wanted = about or (recorded if recorded != self._recorded else None)
        self._recorded = recorded
        if wanted is not None:
            self.controller.about(wanted)
        self.controller.refresh()
        self.write.setFocus()

    def leave(self) -> None:
        """Nobody looks at the progress any more."""
        self._timer.stop()

    def busy(self) -> str:
        """A report that is being written is finished first."""
        return "A report is being written; it will be done in a moment." * self.controller.state.value.working

    def redress(self) -> bool:
        """Furnish the room anew; what was chosen and written stays."""
        self._unwatch()
        self.clear()
        self._furnish()
        return True

    def close_down(self) -> None:
        """Begin no further report."""
        self._timer.stop()
        self._unwatch()
        self.controller.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        """Enter takes the main button."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.write.isEnabled():
            self.write.click()
        else:
            super().keyPressEvent(event)

    def _render(self, state: ReportState) -> None:
        if state.choices is not self._listed:
            self._listed = state.choices
            self._fill_personas(state)
        self._render_sessions(state)
        self._choose(self.personas, state.which)
        self.write.setEnabled(not state.cannot_write)
        self._why.setText("" if state.working else state.cannot_write)
        self._why.setVisible(bool(self._why.text()))
        self._render_work(state)
        self._render_written(state)

    def _render_sessions(self, state: ReportState) -> None:
        known = {choice.path: choice.words for choice in state.choices.sessions}
        wanted = {**known, **{path: path.stem for path in state.chosen if path not in known}}
        rows = [self.sessions.item(i) for i in range(self.sessions.count())]
        self.sessions.blockSignals(True)
        if [(row.data(_PATH), row.text()) for row in rows] != list(wanted.items()):
            self.sessions.clear()
            for path, words in wanted.items():
                row = QListWidgetItem(words)
                row.setData(_PATH, path)
                row.setToolTip(str(path))
                self.sessions.addItem(row)
        for i in range(self.sessions.count()):
            row = self.sessions.item(i)
            ticked = row.data(_PATH) in state.chosen
            row.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.sessions.blockSignals(False)

    def _render_work(self, state: ReportState) -> None:
        self._progress.setVisible(state.working)
        self._progress.setRange(0, 0 if state.progress is None else 100)
        self._progress.setValue(round(100 * (state.progress or 0.0)))
        mood = "bad" if state.problem else "quiet"
        self._said.setText(state.problem or state.said)
        self._said.setStyleSheet(f"color: {self.house.palette.mood('bad' if mood == 'bad' else 'quiet')};")
        self._said.setVisible(bool(state.problem or state.said))

    def _render_written(self, state: ReportState) -> None:
        if state.reports != self._shown:
            self._shown = state.reports
            self.reports.clear()
            self.reports.addItems([written.words for written in state.reports])
        for part in (self.reports, self.open_html, self.open_pdf, self.open_folder):
            part.setEnabled(bool(state.reports))
        self._preview()

    def _preview(self) -> None:
        written = self._written()
        empty = _EARLIER if written is not None else _EMPTY.format(folder=self.house.reports_folder)
        self.preview.render_pages(() if written is None else written.pages, empty)

    def _written(self) -> Written | None:
        at = self.reports.currentIndex()
        return self._shown[at] if 0 <= at < len(self._shown) else None

    def _fill_personas(self, state: ReportState) -> None:
        self.personas.clear()
        self.personas.addItem("The newest twin fitted on each session", "newest")
        self.personas.addItem("No twin: the session alone", "none")
        for path in state.choices.personas:
            self.personas.addItem(path.stem, path)

    def _choose(self, box: QComboBox, which: object) -> None:
        known = [box.itemData(i) for i in range(box.count())]
        if isinstance(which, Path) and which not in known:
            box.addItem(which.stem, which)
            known.append(which)
        box.setCurrentIndex(known.index(which) if which in known else 0)

    def _connect(self) -> None:
        self.sessions.itemChanged.connect(self._ticked)
        self.sessions.itemActivated.connect(lambda _: self.write.click())
        self.personas.activated.connect(lambda i: self.controller.compare_with(self.personas.itemData(i)))
        self.reports.activated.connect(lambda _: self._preview())
        self.write.clicked.connect(self.controller.write)
        self.add.clicked.connect(self._ask_for_file)
        self.open_html.clicked.connect(lambda: self._open("html"))
        self.open_pdf.clicked.connect(lambda: self._open("pdf"))
        self.open_folder.clicked.connect(lambda: self._open("folder"))

    def _ticked(self, row: QListWidgetItem) -> None:
        self.controller.choose(row.data(_PATH), chosen=row.checkState() == Qt.CheckState.Checked)

    def _open(self, what: str) -> None:
        written = self._written()
        if written is not None:
            path = {"html": written.html, "pdf": written.pdf, "folder": written.html.parent}[what]
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def _ask_for_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Add a recording", str(self.house.sessions_folder), "Recordings (*.h5)"
        )
        if name:
            self.controller.choose(Path(name), chosen=True)

    def _name(self) -> None:
        self.sessions.setAccessibleName("Sessions to report")
        self.personas.setAccessibleName("Compare with")
        self.reports.setAccessibleName("Report shown")
        wrap_lines(self.sessions)
        self._progress.setAccessibleName("Progress")
        for button, meaning in (
            (self.open_html, "Open the report in the browser"),
            (self.open_pdf, "Open the report as PDF"),
            (self.open_folder, "Open the folder of the report"),
        ):
            button.setAccessibleName(meaning)
            button.setToolTip(meaning)
        self.write.setProperty("role", "main")
        self.personas.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.personas.setMinimumContentsLength(20)
        self.reports.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for words in (self._why, self._said):
            words.setWordWrap(True)
        self._why.setProperty("role", "muted")

    def _lay_out(self) -> None:
        across = QHBoxLayout()
        across.addWidget(self._order(), 2)
        shown = QWidget()
        down = QVBoxLayout(shown)
        down.setContentsMargins(0, 0, 0, 0)
        line = QHBoxLayout()
        down.addWidget(self.reports)
        line.addWidget(QLabel("Open"))
        for button in (self.open_html, self.open_pdf, self.open_folder):
            line.addWidget(button)
        line.addStretch(1)
        down.addLayout(line)
        down.addWidget(self.preview, 1)
        across.addWidget(Panel("Report", shown), 3)
        last = QHBoxLayout()
        for words in (self._why, self._said):
            last.addWidget(words, 3)
        last.addWidget(self._progress, 2)
        last.addStretch(1)
        last.addWidget(self.write)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(across, 1)
        whole.addLayout(last)

    def _order(self) -> QWidget:
        order = QWidget()
        down = QVBoxLayout(order)
        down.setContentsMargins(0, 0, 0, 0)
        down.addWidget(self.sessions, 1)
        down.addWidget(self.add)
        label = QLabel("&Compare with")
        label.setBuddy(self.personas)
        down.addWidget(label)
        down.addWidget(self.personas)
        return Panel("Sessions", order)
