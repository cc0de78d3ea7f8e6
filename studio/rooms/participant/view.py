"""The room "Participant and consent": who takes part, what they answer, what they agree to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from protocols.study import StudyProtocol
from studio.erasing import Erasure
from studio.house import House
from studio.rooms.participant.consent_panel import ConsentPanel
from studio.rooms.participant.controller import ParticipantController
from studio.rooms.participant.questions import Questions
from studio.rooms.participant.state import Form
from studio.rooms.room import Room
from studio.widgets.column import Column
from studio.widgets.erase_question import EraseQuestion
from studio.widgets.panel import Panel

if TYPE_CHECKING:
    from studio.performance import Performance
    from studio.recording import Recorded


_RECORDING = (
    "A session is being recorded: nothing here can be changed until it is over. Go to it: room 5 (Alt+5)."
)


class ParticipantRoom(Room):
    """Participant and consent.

    Attributes:
        study: which study is run.
        pseudonym: of the participant.
        questions: the questionnaire, None before there is a study.
        consent: the consent form, None before there is a study.
        checked: somebody looked at texts that may tell who the participant is.
        erase: removes everything about a participant who withdraws.
        go_on: the main button.
        question: the question about erasing while it is asked, else None.
    """

    def __init__(self, house: House, controller: ParticipantController | None = None) -> None:
        super().__init__(house)
        self.controller = controller or ParticipantController(house)
        self.study = QComboBox()
        self.study.setAccessibleName("Study")
        self.pseudonym = QLineEdit()
        self.pseudonym.setAccessibleName("Pseudonym")
        self.pseudonym.setMaxLength(64)
        self.note = _wrapped("")
        self.questions: Questions | None = None
        self.consent: ConsentPanel | None = None
        self.checked = QCheckBox("I have looked: these texts do not tell &who the participant is")
        self.erase = QPushButton("&Erase this participant…")
        self.erase.setProperty("role", "grave")
        self.go_on = QPushButton("Go on to the &devices")
        self.go_on.setProperty("role", "main")
        self.go_on.setDefault(True)
        self.problem = _wrapped("")
        self.question: EraseQuestion | None = None
        self._asked = _page()
        asked = QWidget()
        asked.setLayout(self._asked)
        self._column = Column(asked)
        self._agreed = _page()
        self._shown: StudyProtocol | None = None
        self._round = -1
        self._session: Performance[Recorded] | None = None
        self._lay_out()
        self._connect()
        self._unwatch = self.controller.state.watch(self._render)
        self._unfollow = house.performance.watch(self._follow)

    def enter(self, about: Path | None) -> None:
        """Go on with the form, or begin a new one."""
        del about
        if self._recording:
            self._render(self.controller.state.value)
            return
        self.controller.enter()
        self.pseudonym.setFocus()
        self.pseudonym.selectAll()

    def redress(self) -> bool:
        """Render in the new colours; what was typed stays."""
        self._render(self.controller.state.value)
        return True

    def close_down(self) -> None:
        """Stop rendering."""
        self._unwatch()
        self._unfollow()
        if self._session is not None:
            self._session.over.disconnect(self._again)

    @property
    def _recording(self) -> bool:
        return self._session is not None and self._session.running

    def _follow(self, session: Performance[Recorded] | None) -> None:
        if self._session is not None:
            self._session.over.disconnect(self._again)
        self._session = session
        if session is not None:
            session.over.connect(self._again)
        self._again()

    def _again(self) -> None:
        self._render(self.controller.state.value)

    def _connect(self) -> None:
        do = self.controller
        self.study.activated.connect(lambda i: do.choose_study(self.study.itemData(i) or ""))
        self.pseudonym.textEdited.connect(do.type_pseudonym)
        self.pseudonym.returnPressed.connect(do.go_on)
        self.checked.toggled.connect(do.check)
        self.go_on.clicked.connect(do.go_on)
        self.erase.clicked.connect(lambda: do.look_for(self._ask_to_erase))

    def _ask_to_erase(self, found: Erasure) -> None:
        self.question = EraseQuestion(found, self)
        self.question.accepted.connect(lambda: self.controller.erase(found.participant))
        self.question.open()

    def _render(self, form: Form) -> None:
        palette = self.house.palette
        self._render_study(form)
        if form.begun != self._round:
            self._round = form.begun
            self._build(form.study)
        if self.pseudonym.text().strip() != form.pseudonym:
            self.pseudonym.setText(form.pseudonym)
        note = form.pseudonym_note()
        self.note.setText(f"{form.doing} …" if form.doing else note.words)
        self.note.setStyleSheet(f"color: {palette.mood('quiet' if form.doing else note.mood)};")
        if self.questions is not None:
            self.questions.render_notes(form.warnings(), form.mistakes(), (palette.warn, palette.bad))
        self.checked.setVisible(bool(form.warnings()))
        with QSignalBlocker(self.checked):
            self.checked.setChecked(form.checked)
        self._render_way_on(form)

    def _render_study(self, form: Form) -> None:
        keys = [self.study.itemData(i) for i in range(self.study.count())]
        if keys != ["", *(study.key for study in form.studies)]:
            self.study.clear()
            self.study.addItem("Choose a study", "")
            for study in form.studies:
                self.study.addItem(f"{study.name}: {study.title}" if study.title else study.name, study.key)
        self.study.setCurrentIndex(max(self.study.findData(form.key), 0))

    def _render_way_on(self, form: Form) -> None:
        why = form.cannot_go_on()
        self.go_on.setEnabled(not why and not form.doing)
        self.go_on.setToolTip(why or "Enter")
        self.problem.setText(form.problem or why)
        self.problem.setStyleSheet(
            f"color: {self.house.palette.bad if form.problem else self.house.palette.muted};"
        )
        self.erase.setEnabled(form.pseudonym in form.taken and not form.doing)
        self._lock(self._recording)

    def _lock(self, recording: bool) -> None:
        """Let nothing be changed while a session is recorded, and say so."""
        for part in (self.study, self.pseudonym, self.checked, self.questions, self.consent):
            if part is not None:
                part.setEnabled(not recording)
        if recording:
            self.erase.setEnabled(False)
            self.go_on.setEnabled(False)
            self.note.setText("")
            self.problem.setText(_RECORDING)
            self.problem.setStyleSheet(f"color: {self.house.palette.warn};")

    def _build(self, study: StudyProtocol | None) -> None:
        """Build the parts that differ from study to study, empty."""
        for page in (self._asked, self._agreed):
            while (item := page.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.deleteLater()
        self.questions = self.consent = None
        if study is None:
            self._say_nothing_to_ask()
            return
        self.questions, self.consent = Questions(study.questionnaire), ConsentPanel(study.consent)
        do = self.controller
        self.questions.rated.connect(do.rate)
        self.questions.preferred.connect(do.prefer)
        self.questions.answered.connect(do.answer)
        self.consent.agreed.connect(do.agree)
        self.consent.scope_agreed.connect(do.agree_to)
        self._asked.addWidget(self.questions)
        self._asked.addStretch(1)
        self._agreed.addWidget(self.consent)
        self._column.updateGeometry()

    def _say_nothing_to_ask(self) -> None:
        for page, words in (
            (self._asked, "Choose a study above, or in room 1, Start."),
            (self._agreed, "What the participant agrees to is shown here once a study is chosen."),
        ):
            told = _wrapped(words)
            told.setProperty("role", "muted")
            told.setAlignment(Qt.AlignmentFlag.AlignTop)
            page.addWidget(told)

    def _lay_out(self) -> None:
        who = QWidget()
        form = QFormLayout(who)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Stud&y", self.study)
        form.addRow("&Pseudonym", self.pseudonym)
        form.addRow("", self.note)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Panel("Participant", who))
        column.addWidget(Panel("Questionnaire", self._column), 1)
        right = QWidget()
        right.setLayout(self._agreed)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(Panel("Consent", right))
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 1)
        split.setSizes([10_000, 8_000])
        split.setChildrenCollapsible(False)
        bottom = QHBoxLayout()
        bottom.addWidget(self.erase)
        bottom.addWidget(self.problem, 1)
        bottom.addWidget(self.go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split, 1)
        layout.addWidget(self.checked)
        layout.addLayout(bottom)


def _page() -> QVBoxLayout:
    page = QVBoxLayout()
    page.setContentsMargins(0, 0, 0, 0)
    return page


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
