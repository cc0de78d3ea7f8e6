"""The room "Start": studies to run, and the sessions there are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.erasing import Erasure
from studio.house import House
from studio.rooms.room import Room
from studio.rooms.start.controller import Format, StartController
from studio.rooms.start.session_table import SessionTable
from studio.rooms.start.state import StartState
from studio.settings import Settings
from studio.widgets.erase_question import EraseQuestion
from studio.widgets.export_place import ExportPlace
from studio.widgets.panel import Panel
from studio.widgets.wrapped_lines import wrap_lines

_FORMATS: tuple[tuple[Format, str], ...] = (
    ("csv", "&CSV tables"),
    ("bids", "&BIDS eye-tracking data set"),
    ("xdf", "&XDF"),
)
_LOOK_MS = 300


class StartRoom(Room):
    """Sessions and studies.

    Attributes:
        studies: list of studies.
        new_session: the main button.
        search: field above the sessions.
        table: the sessions.
        replay, resume, twin, report, export, check, recover, erase: what can be done with the chosen session.
        export_menu: the formats.
        demo, cancel_demo: begin and end the demonstration.
        question: the question about erasing while it is asked, else None.
        place: the question where an export goes, None before it is asked.
    """

    def __init__(self, house: House, controller: StartController | None = None) -> None:
        super().__init__(house)
        self.controller = controller or StartController(house)
        self.studies = QListWidget()
        self.studies.setAccessibleName("Studies")
        wrap_lines(self.studies)
        self.new_session = _button("&New session", "main")
        self.search = QLineEdit(placeholderText="Search: participant, study, date, state …")
        self.search.setAccessibleName("Search among the sessions")
        self.search.setClearButtonEnabled(True)
        self.table = SessionTable(house.palette)
        self.hint, self.problem = _label("muted"), _label("")
        self.replay = _button("Re&play")
        self.resume = _button("Res&ume")
        self.twin = _button("&Fit twin")
        self.report = _button("&Report")
        self.export = _button("E&xport")
        self.check = _button("&Check quality")
        self.recover = _button("Rec&over")
        self.erase = _button("Er&ase participant…", "grave")
        self.export_menu = QMenu(self)
        self.demo = _button("Try the &demonstration")
        self.cancel_demo = _button("Cance&l the demonstration")
        self.demo_line = _label("muted")
        self.demo_bar = QProgressBar()
        self.demo_bar.setRange(0, 0)
        self.demo_bar.setTextVisible(False)
        self.demo_bar.setAccessibleName("The demonstration is running")
        self.question: EraseQuestion | None = None
        self.place: ExportPlace | None = None
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self.controller.tick)
        self._lay_out()
        self._connect()
        self._folder = house.settings.value.data_folder
        self._unwatch = [
            house.settings.watch(self._look_elsewhere),
            self.controller.state.watch(self._render),
            house.performance.watch(lambda _: self._render(self.controller.state.value)),
        ]

    def enter(self, about: Path | None) -> None:
        """Read the list anew."""
        if about is not None:
            self.controller.select(about)
        self.controller.refresh()
        self.studies.setFocus()

    def event(self, event: QEvent) -> bool:
        """Look for studies that came while another program was at the front."""
        if event.type() == QEvent.Type.WindowActivate:
            self.controller.refresh_studies()
        return bool(super().event(event))

    def busy(self) -> str:
        """Return that the demonstration runs."""
        running = self.controller.state.value.demo is not None
        return "The demonstration is running: wait for it, or cancel it first." if running else ""

    def redress(self) -> bool:
        """Render in the new colours and the new size."""
        self.table.redress()
        self._render(self.controller.state.value)
        return True

    def close_down(self) -> None:
        """End what runs."""
        self._look.stop()
        for unwatch in self._unwatch:
            unwatch()
        self.controller.close()

    def _connect(self) -> None:
        do = self.controller
        self.studies.currentItemChanged.connect(self._study_chosen)
        self.studies.itemActivated.connect(lambda _: do.new_session())
        self.new_session.clicked.connect(do.new_session)
        self.search.textChanged.connect(do.search)
        self.table.chosen.connect(do.select)
        self.table.opened.connect(lambda: do.open("replay"))
        self.replay.clicked.connect(lambda: do.open("replay"))
        self.resume.clicked.connect(do.resume)
        self.twin.clicked.connect(lambda: do.open("twin"))
        self.report.clicked.connect(lambda: do.open("report"))
        self.check.clicked.connect(do.check)
        self.recover.clicked.connect(do.recover)
        self.erase.clicked.connect(self._look_for)
        self.demo.clicked.connect(do.start_demo)
        self.cancel_demo.clicked.connect(do.cancel_demo)
        for form, words in _FORMATS:
            self.export_menu.addAction(words, partial(self._ask_where, form))
        self.export.setMenu(self.export_menu)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.activated.connect(self.search.setFocus)

    def _look_elsewhere(self, settings: Settings) -> None:
        if settings.data_folder != self._folder:
            self._folder = settings.data_folder
            self.controller.refresh()

    def _study_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.controller.choose_study(item.data(Qt.ItemDataRole.UserRole))

    def _ask_where(self, form: Format) -> None:
        doubt = self.controller.export_doubt()
        if doubt and not self._agreed(doubt):
            return
        words = "Export the chosen session"
        self.place = asked = ExportPlace(words, self.controller.export_folder(form), self)
        asked.accepted.connect(lambda: self.controller.export(form, asked.folder))
        asked.open()

    def _agreed(self, doubt: str) -> bool:
        yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
        words = f"{doubt} Export it all the same, for yourself?"
        return QMessageBox.question(self, "Export", words, yes | no, no) == yes

    def _look_for(self) -> None:
        if (line := self.controller.state.value.line) is not None and line.participant:
            self.controller.look_for(line.participant, self._ask_to_erase)

    def _ask_to_erase(self, found: Erasure) -> None:
        self.question = EraseQuestion(found, self)
        self.question.accepted.connect(lambda: self.controller.erase(found.participant))
        self.question.open()

    def _render(self, state: StartState) -> None:
        self._render_studies(state)
        self.table.render_lines(state.found, state.selected, self.house.palette)
        self.hint.setText(f"{state.doing} …" if state.doing else state.hint())
        self.hint.setVisible(bool(state.found or state.doing))
        self.table.render_empty("" if state.found else state.hint())
        self.problem.setText(state.problem)
        self.problem.setVisible(bool(state.problem))
        self.problem.setStyleSheet(f"color: {self.house.palette.bad};")
        held = self.focusWidget()
        self._render_buttons(state)
        self._render_demo(state)
        if isinstance(held, QPushButton) and not held.isEnabled():
            self.table.setFocus()  # else Qt hands it to whatever button comes next

    def _render_studies(self, state: StartState) -> None:
        keys = [self.studies.item(i).data(Qt.ItemDataRole.UserRole) for i in range(self.studies.count())]
        self.studies.blockSignals(True)
        if keys != [study.key for study in state.studies]:
            self.studies.clear()
            for study in state.studies:
                item = QListWidgetItem(f"{study.name}\n{study.title or study.problem}")
                item.setData(Qt.ItemDataRole.UserRole, study.key)
                item.setToolTip(study.problem or study.key)
                self.studies.addItem(item)
        for i in range(self.studies.count()):
            if self.studies.item(i).data(Qt.ItemDataRole.UserRole) == state.study:
                self.studies.setCurrentRow(i)
        self.studies.blockSignals(False)

    def _render_buttons(self, state: StartState) -> None:
        line, free = state.line, not state.doing
        readable = line is not None and line.readable
        for button in (self.replay, self.report):
            button.setEnabled(readable)
        early = line is not None and line.standing in ("aborted", "recovered")
        self.resume.setEnabled(early and free)
        self.resume.setToolTip("Show the trials that are left to the same participant, in a new recording")
        no_twin = self.controller.no_twin()
        self.twin.setEnabled(readable and not no_twin)
        self.twin.setToolTip(no_twin)
        for button in (self.export, self.check):
            button.setEnabled(readable and free)
        self.recover.setEnabled(line is not None and line.standing == "unsealed" and free)
        self.erase.setEnabled(line is not None and bool(line.participant) and free)
        why = self.controller.cannot_begin()
        self.new_session.setEnabled(not why and free)
        self.new_session.setToolTip(why or "Begin with the next participant (Enter)")

    def _render_demo(self, state: StartState) -> None:
        running, why = state.demo is not None, self.controller.cannot_try()
        self.demo.setVisible(not running)
        self.demo.setEnabled(not why)
        self.demo.setToolTip(why)
        for widget in (self.demo_bar, self.cancel_demo):
            widget.setVisible(running)
        self.demo_line.setText(
            state.demo
            or self.controller.cannot_begin()
            or "Three minutes without any device: a simulated participant looks at pages, a twin is fitted."
        )
        if running and not self._look.isActive():
            self._look.start()
        if not running:
            self._look.stop()

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.studies, 1)
        right = QWidget()
        sessions = QVBoxLayout(right)
        sessions.setContentsMargins(0, 0, 0, 0)
        sessions.addWidget(self.search)
        sessions.addWidget(self.table, 1)
        sessions.addWidget(self.hint)
        sessions.addWidget(self.problem)
        sessions.addLayout(_row(self.replay, self.resume, self.twin, self.report, self.export))
        sessions.addLayout(_row(self.check, self.recover, self.erase))
        last = QHBoxLayout()
        for button in (self.demo, self.cancel_demo):
            last.addWidget(button)
        last.addWidget(self.demo_bar)
        last.addWidget(self.demo_line, 1)
        last.addWidget(self.new_session)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(Panel("Studies", left))
        split.addWidget(Panel("Sessions", right))
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 5)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split, 1)
        layout.addLayout(last)


def _button(words: str, role: str = "") -> QPushButton:
    button = QPushButton(words)
    button.setProperty("role", role)
    button.setAutoDefault(True)
    return button


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    return label


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row
